//! Counting: INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT.

use crate::base::long_double::LongDouble;
use crate::command::{Call, CommandError};
use crate::store::EventClasses;

const DECREMENT_OVERFLOW: CommandError = CommandError::fixed("ERR decrement would overflow");
const NOT_FINITE: CommandError = CommandError::fixed("ERR increment would produce NaN or Infinity");

pub(super) fn incr(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    add(call, 1)
}

pub(super) fn decr(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    add(call, -1)
}

pub(super) fn incrby(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let by = call.integer(2)?;
    add(call, by)
}

pub(super) fn decrby(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let by = call.integer(2)?.checked_neg().ok_or(DECREMENT_OVERFLOW)?;
    add(call, by)
}

fn add(call: &mut Call<'_, '_>, by: i64) -> Result<(), CommandError> {
    let key = call.key(1);
    let value = call.keys.add(key, by)?;
    call.keys.notify(EventClasses::STRING, "incrby", key);
    call.reply.integer(value);
    Ok(())
}

/// As in Redis, the key is looked at before the increment.
pub(super) fn incrbyfloat(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let key = call.key(1);
    let value = match call.keys.text(key)? {
        Some(text) => LongDouble::parse(&text).ok_or(CommandError::NOT_FLOAT)?,
        None => LongDouble::from_i64(0),
    };
    let by = LongDouble::parse(&call.args[2]).ok_or(CommandError::NOT_FLOAT)?;
    let sum = value + by;
    if !sum.is_finite() {
        return Err(NOT_FINITE);
    }
    let sum = sum.to_redis_string();
    call.keys.move_number_to(key, &sum)?;
    call.keys.notify(EventClasses::STRING, "incrbyfloat", key);
    call.reply.bulk(sum.as_bytes());
    Ok(())
}
