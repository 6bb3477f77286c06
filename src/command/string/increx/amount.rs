//! The two kinds of numbers that INCREX counts in.

use crate::base::long_double::LongDouble;
use crate::base::number::parse_i64;
use crate::command::CommandError;
use crate::resp::ReplyWriter;
use crate::store::{AccessError, KeyRef, Keys};

/// A number that INCREX adds.
pub(super) trait Amount: Copy + PartialOrd {
    /// What Redis says a text that does not parse is not.
    const EXPECTED: &'static str;
    /// The error when the applied increment is no such number.
    const APPLIED_OVERFLOW: CommandError;
    /// What the event of an increment is called.
    const EVENT: &'static str;

    fn from_integer(value: i64) -> Self;

    /// The least and the greatest number that a key can hold.
    fn limits() -> (Self, Self);

    /// May be infinite.
    fn parse(text: &[u8]) -> Option<Self>;

    fn is_finite(self) -> bool;

    /// The sum, unless it overflows.
    fn checked_add(self, other: Self) -> Option<Self>;

    /// The difference, unless it overflows.
    fn checked_sub(self, other: Self) -> Option<Self>;

    /// Makes `value` the key's value, by adding `applied` to it.
    fn store(keys: &mut Keys, key: KeyRef, value: Self, applied: Self) -> Result<(), AccessError>;

    fn reply(self, reply: &mut ReplyWriter<'_>);
}

/// Reads a number of the request; `what` names it in the error.
pub(super) fn parse_named<A: Amount>(what: &str, text: &[u8]) -> Result<A, CommandError> {
    A::parse(text).ok_or_else(|| CommandError::text(format!("ERR {what} is not {}", A::EXPECTED)))
}

/// Reads the value of the key.
pub(super) fn parse_stored<A: Amount>(text: &[u8]) -> Result<A, CommandError> {
    let value: A = parse_named("value", text)?;
    if value.is_finite() {
        Ok(value)
    } else {
        Err(CommandError::fixed("ERR value cannot be Infinity"))
    }
}

impl Amount for i64 {
    const EVENT: &'static str = "incrby";
    const EXPECTED: &'static str = "an integer or out of range";
    const APPLIED_OVERFLOW: CommandError =
        CommandError::fixed("ERR applied increment would overflow");

    fn from_integer(value: i64) -> i64 {
        value
    }

    fn limits() -> (i64, i64) {
        (i64::MIN, i64::MAX)
    }

    fn parse(text: &[u8]) -> Option<i64> {
        parse_i64(text)
    }

    fn is_finite(self) -> bool {
        true
    }

    fn checked_add(self, other: i64) -> Option<i64> {
        i64::checked_add(self, other)
    }

    fn checked_sub(self, other: i64) -> Option<i64> {
        i64::checked_sub(self, other)
    }

    fn store(keys: &mut Keys, key: KeyRef, _: i64, applied: i64) -> Result<(), AccessError> {
        keys.add(key, applied).map(|_| ())
    }

    fn reply(self, reply: &mut ReplyWriter<'_>) {
        reply.integer(self);
    }
}

impl Amount for LongDouble {
    const EVENT: &'static str = "incrbyfloat";
    const EXPECTED: &'static str = "a valid float";
    const APPLIED_OVERFLOW: CommandError =
        CommandError::fixed("ERR applied increment would be Infinity");

    fn from_integer(value: i64) -> LongDouble {
        LongDouble::from_i64(value)
    }

    fn limits() -> (LongDouble, LongDouble) {
        (-LongDouble::largest(), LongDouble::largest())
    }

    fn parse(text: &[u8]) -> Option<LongDouble> {
        LongDouble::parse(text)
    }

    fn is_finite(self) -> bool {
        LongDouble::is_finite(self)
    }

    fn checked_add(self, other: LongDouble) -> Option<LongDouble> {
        Some(self + other).filter(|sum| sum.is_finite())
    }

    fn checked_sub(self, other: LongDouble) -> Option<LongDouble> {
        Some(self - other).filter(|difference| difference.is_finite())
    }

    fn store(
        keys: &mut Keys,
        key: KeyRef,
        value: LongDouble,
        _: LongDouble,
    ) -> Result<(), AccessError> {
        keys.move_number_to(key, &value.to_redis_string())
    }

    fn reply(self, reply: &mut ReplyWriter<'_>) {
        reply.long_double(&self.to_redis_string());
    }
}
