//! SCARD, SISMEMBER, SMISMEMBER, SMEMBERS.

use super::reply_count;
use crate::command::{Call, CommandError};

pub(super) fn scard(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let len = call.keys.set(call.key(1))?.map_or(0, |set| set.len());
    reply_count(call, len);
    Ok(())
}

pub(super) fn sismember(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let found = call.keys.set(call.key(1))?.is_some_and(|set| set.contains(&call.args[2]));
    reply_count(call, usize::from(found));
    Ok(())
}

pub(super) fn smismember(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let set = call.keys.set(call.key(1))?;
    let members = call.args.from(2);
    call.reply.array(members.len());
    for member in members.iter() {
        let found = set.as_ref().is_some_and(|set| set.contains(member));
        call.reply.integer(i64::from(found));
    }
    Ok(())
}

pub(super) fn smembers(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let Some(set) = call.keys.set(call.key(1))? else {
        call.reply.set(0);
        return Ok(());
    };
    call.reply.set(set.len());
    for member in set.iter() {
        call.reply.bulk(member);
    }
    Ok(())
}
