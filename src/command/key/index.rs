//! Database numbers in requests.

use crate::base::number::parse_i64;
use crate::command::{Call, CommandError};

pub const OUT_OF_RANGE: CommandError = CommandError::fixed("ERR DB index is out of range");
const NOT_32_BITS: CommandError =
    CommandError::fixed("ERR value is out of range, value must between -2147483648 and 2147483647");

/// How many databases there are.
pub fn databases(call: &Call<'_, '_>) -> u32 {
    call.node.config().databases
}

/// All of them.
pub fn every_database(call: &Call<'_, '_>) -> impl Iterator<Item = u16> + use<> {
    (0..=u16::MAX).take(databases(call) as usize)
}

/// The database that `text` names.
///
/// # Errors
/// No number, or not one of the `databases`.
pub fn database(text: &[u8], databases: u32) -> Result<u16, CommandError> {
    existing(number(text)?, databases)
}

/// A number as C's `int` holds it.
pub fn number(text: &[u8]) -> Result<i32, CommandError> {
    let number = parse_i64(text).ok_or(CommandError::NOT_INTEGER)?;
    i32::try_from(number).map_err(|_| NOT_32_BITS)
}

/// `number` if it is one of the `databases`.
pub fn existing(number: i32, databases: u32) -> Result<u16, CommandError> {
    u16::try_from(number).ok().filter(|&index| u32::from(index) < databases).ok_or(OUT_OF_RANGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against Redis 7.0.15: `SELECT …`.
    #[test]
    fn indexes_are_refused_as_in_redis() {
        assert_eq!(database(b"0", 16), Ok(0));
        assert_eq!(database(b"15", 16), Ok(15));
        for text in ["16", "-1", "65536", "2147483647", "-2147483648"] {
            assert_eq!(database(text.as_bytes(), 16), Err(OUT_OF_RANGE), "{text}");
        }
        for text in ["2147483648", "-2147483649", "99999999999"] {
            assert_eq!(database(text.as_bytes(), 16), Err(NOT_32_BITS), "{text}");
        }
        for text in ["", "x", "1.5", "+1", "01", "9999999999999999999999"] {
            assert_eq!(database(text.as_bytes(), 16), Err(CommandError::NOT_INTEGER), "{text}");
        }
    }
}
