//! LMOVE, RPOPLPUSH.

use super::end;
use crate::command::popping::move_element;
use crate::command::{Call, CommandError};
use crate::store::End;

pub(super) fn lmove(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (from, to) = (end(&call.args[3])?, end(&call.args[4])?);
    transfer(call, from, to)
}

pub(super) fn rpoplpush(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    transfer(call, End::Right, End::Left)
}

fn transfer(call: &mut Call<'_, '_>, from: End, to: End) -> Result<(), CommandError> {
    let (source, destination) = (call.key(1), call.key(2));
    match move_element(call.keys, (source, from), (destination, to))? {
        Some(text) => call.reply.bulk(&text),
        None => call.reply.null(),
    }
    Ok(())
}
