//! HGET, HMGET, HGETALL, HKEYS, HVALS, HLEN, HEXISTS, HSTRLEN.

use super::reply_count;
use crate::command::{Call, CommandError};

pub(super) fn hget(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let hash = call.keys.hash(call.key(1))?;
    match hash.as_ref().and_then(|hash| hash.get(&call.args[2])) {
        Some(text) => call.reply.bulk(&text),
        None => call.reply.null(),
    }
    Ok(())
}

pub(super) fn hmget(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let hash = call.keys.hash(call.key(1))?;
    let names = call.args.from(2);
    call.reply.array(names.len());
    for name in names.iter() {
        match hash.as_ref().and_then(|hash| hash.get(name)) {
            Some(text) => call.reply.bulk(&text),
            None => call.reply.null(),
        }
    }
    Ok(())
}

pub(super) fn hgetall(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let Some(hash) = call.keys.hash(call.key(1))? else {
        call.reply.map(0);
        return Ok(());
    };
    call.reply.map(hash.len());
    for (name, text) in hash.fields() {
        call.reply.bulk(name);
        call.reply.bulk(&text);
    }
    Ok(())
}

pub(super) fn hkeys(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let hash = call.keys.hash(call.key(1))?;
    call.reply.array(hash.as_ref().map_or(0, |hash| hash.len()));
    hash.iter().flat_map(|hash| hash.iter()).for_each(|name| call.reply.bulk(name));
    Ok(())
}

pub(super) fn hvals(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let hash = call.keys.hash(call.key(1))?;
    call.reply.array(hash.as_ref().map_or(0, |hash| hash.len()));
    hash.iter().flat_map(|hash| hash.fields()).for_each(|(_, text)| call.reply.bulk(&text));
    Ok(())
}

pub(super) fn hlen(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let len = call.keys.hash(call.key(1))?.map_or(0, |hash| hash.len());
    reply_count(call, len);
    Ok(())
}

pub(super) fn hexists(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let found = call.keys.hash(call.key(1))?.is_some_and(|hash| hash.contains(&call.args[2]));
    reply_count(call, usize::from(found));
    Ok(())
}

pub(super) fn hstrlen(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let hash = call.keys.hash(call.key(1))?;
    let len = hash.and_then(|hash| hash.get(&call.args[2]).map(|text| text.len()));
    reply_count(call, len.unwrap_or(0));
    Ok(())
}
