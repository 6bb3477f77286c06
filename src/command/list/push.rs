//! LPUSH, RPUSH, and the same of a list that is there.

use super::reply_count;
use crate::command::popping::pushed;
use crate::command::{Call, CommandError};
use crate::store::{End, EventClasses, Missing};

pub(super) fn lpush(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    push(call, End::Left, Missing::Create)
}

pub(super) fn rpush(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    push(call, End::Right, Missing::Create)
}

pub(super) fn lpushx(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    push(call, End::Left, Missing::Skip)
}

pub(super) fn rpushx(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    push(call, End::Right, Missing::Skip)
}

fn push(call: &mut Call<'_, '_>, end: End, missing: Missing) -> Result<(), CommandError> {
    let (key, texts) = (call.key(1), call.args.from(2));
    let len = call.keys.edit_list(key, missing, |list| {
        texts.iter().for_each(|text| list.push(end, text));
        list.len()
    })?;
    if len.is_some() {
        call.keys.notify(EventClasses::LIST, pushed(end), key);
    }
    reply_count(call, len.unwrap_or(0));
    Ok(())
}
