//! HSET, HMSET, HSETNX, HDEL.

use super::{notify, notify_removed, reply_count};
use crate::command::{Call, CommandError};
use crate::store::{MemberDeadline, Missing};

/// A field that is written has no deadline any more, as a key that SET writes.
const CLEAR: MemberDeadline = MemberDeadline::Set(None);

pub(super) fn hset(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let added = set_fields(call, "hset")?;
    reply_count(call, added);
    Ok(())
}

pub(super) fn hmset(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    set_fields(call, "hmset")?;
    call.reply.ok();
    Ok(())
}

/// How many of the fields are new.
fn set_fields(call: &mut Call<'_, '_>, command: &str) -> Result<usize, CommandError> {
    let (key, pairs) = (call.key(1), call.args.from(2));
    if pairs.len() % 2 != 0 {
        return Err(CommandError::arity(command));
    }
    let added = call.keys.edit_hash(key, Missing::Create, |hash| {
        let mut words = pairs.iter();
        let mut added = 0;
        while let (Some(name), Some(text)) = (words.next(), words.next()) {
            added += usize::from(hash.set(name, text, CLEAR));
        }
        added
    })?;
    notify(call, "hset", key);
    Ok(added.unwrap_or(0))
}

pub(super) fn hsetnx(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (key, args) = (call.key(1), call.args);
    let added = call.keys.edit_hash(key, Missing::Create, |hash| {
        !hash.view().contains(&args[2]) && hash.set(&args[2], &args[3], CLEAR)
    })?;
    if added == Some(true) {
        notify(call, "hset", key);
    }
    reply_count(call, usize::from(added == Some(true)));
    Ok(())
}

pub(super) fn hdel(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (key, names) = (call.key(1), call.args.from(2));
    let removed = call.keys.edit_hash(key, Missing::Skip, |hash| {
        names.iter().filter(|name| hash.remove(name)).count()
    })?;
    if removed.is_some_and(|removed| removed > 0) {
        notify_removed(call, key)?;
    }
    reply_count(call, removed.unwrap_or(0));
    Ok(())
}
