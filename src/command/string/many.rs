//! Several keys at once: MGET, MSET, MSETNX.

use crate::command::{Call, CommandError};
use crate::store::{AccessError, Deadline, EventClasses};

/// A key of another type is as good as missing to MGET.
pub(super) fn mget(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.reply.array(call.args.len() - 1);
    for index in 1..call.args.len() {
        match call.keys.text(call.key(index)) {
            Ok(Some(text)) => call.reply.bulk(&text),
            Ok(None) | Err(AccessError::WrongType) => call.reply.null(),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

pub(super) fn mset(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    check_pairs(call, "mset")?;
    set_all(call);
    call.reply.ok();
    Ok(())
}

pub(super) fn msetnx(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    check_pairs(call, "msetnx")?;
    for index in key_indices(call) {
        if call.keys.exists(call.key(index))? {
            call.reply.integer(0);
            return Ok(());
        }
    }
    set_all(call);
    call.reply.integer(1);
    Ok(())
}

/// Every key has its value.
fn check_pairs(call: &Call<'_, '_>, name: &str) -> Result<(), CommandError> {
    if call.args.len() % 2 == 1 { Ok(()) } else { Err(CommandError::arity(name)) }
}

fn key_indices(call: &Call<'_, '_>) -> impl Iterator<Item = usize> + use<> {
    (1..call.args.len()).step_by(2)
}

/// In the order of the request, so that the last value of a key that is named twice holds.
fn set_all(call: &mut Call<'_, '_>) {
    for index in key_indices(call) {
        let key = call.key(index);
        call.keys.set_text(key, &call.args[index + 1], Deadline::Clear);
        call.keys.notify(EventClasses::STRING, "set", key);
    }
}
