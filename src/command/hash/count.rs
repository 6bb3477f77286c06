//! HINCRBY, HINCRBYFLOAT.

use super::notify;
use crate::base::long_double::LongDouble;
use crate::command::{Call, CommandError};
use crate::store::{AccessError, Missing};

const NOT_INTEGER: CommandError = CommandError::fixed("ERR hash value is not an integer");
const NOT_FLOAT: CommandError = CommandError::fixed("ERR hash value is not a float");
const NOT_A_NUMBER: CommandError = CommandError::fixed("ERR value is NaN or Infinity");
const NOT_FINITE: CommandError = CommandError::fixed("ERR increment would produce NaN or Infinity");

pub(super) fn hincrby(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let by = call.integer(3)?;
    let (key, args) = (call.key(1), call.args);
    let sum = call.keys.edit_hash(key, Missing::Create, |hash| hash.add(&args[2], by))?;
    match sum {
        Some(Ok(sum)) => {
            notify(call, "hincrby", key);
            call.reply.integer(sum);
        }
        Some(Err(AccessError::NotInteger)) => return Err(NOT_INTEGER),
        Some(Err(error)) => return Err(error.into()),
        None => call.reply.integer(by),
    }
    Ok(())
}

/// As in Redis, the increment is looked at before the field.
pub(super) fn hincrbyfloat(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (key, args) = (call.key(1), call.args);
    let by = LongDouble::parse(&args[3]).ok_or(CommandError::NOT_FLOAT)?;
    if !by.is_finite() {
        return Err(NOT_A_NUMBER);
    }
    let sum = call.keys.edit_hash(key, Missing::Create, |hash| {
        let value = match hash.view().get(&args[2]) {
            Some(text) => LongDouble::parse(&text).ok_or(NOT_FLOAT)?,
            None => LongDouble::from_i64(0),
        };
        let sum = value + by;
        if !sum.is_finite() {
            return Err(NOT_FINITE);
        }
        let sum = sum.to_redis_string();
        hash.move_to(&args[2], &sum).map_err(|_| NOT_FLOAT)?;
        Ok(sum)
    })?;
    let sum = sum.unwrap_or(Err(NOT_FLOAT))?;
    notify(call, "hincrbyfloat", key);
    call.reply.bulk(sum.as_bytes());
    Ok(())
}
