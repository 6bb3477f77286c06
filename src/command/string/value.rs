//! Commands that read a whole value, some of which do something to the key as well.

use super::expiry_options::ExpiryOptions;
use crate::command::key_deadline::end_at;
use crate::command::{Call, CommandError};
use crate::store::{Deadline, EventClasses, KeyRef};

/// Replies the key's text or null, and says whether there was one.
///
/// # Errors
/// When the key holds another type, before anything is replied.
pub(super) fn reply_text(call: &mut Call<'_, '_>, key: KeyRef) -> Result<bool, CommandError> {
    let text = call.keys.text(key)?;
    match &text {
        Some(text) => call.reply.bulk(text),
        None => call.reply.null(),
    }
    Ok(text.is_some())
}

pub(super) fn get(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    reply_text(call, call.key(1))?;
    Ok(())
}

pub(super) fn strlen(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let len = call.keys.text_len(call.key(1))?.unwrap_or(0);
    call.reply.integer(len as i64);
    Ok(())
}

pub(super) fn getdel(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let key = call.key(1);
    if reply_text(call, key)? {
        let was_there = call.keys.delete(key);
        call.keys.notify_deleted(was_there, key);
    }
    call.keys.notify_missed(true);
    Ok(())
}

pub(super) fn getset(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let key = call.key(1);
    reply_text(call, key)?;
    call.keys.notify_missed(true);
    call.keys.set_text(key, &call.args[2], Deadline::Clear);
    call.keys.notify(EventClasses::STRING, "set", key);
    Ok(())
}

/// As in Redis, a missing key is answered before the number of the option is looked at.
pub(super) fn getex(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let key = call.key(1);
    let mut expiry = ExpiryOptions::of_update();
    let mut words = call.args.from(2).iter();
    while let Some(word) = words.next() {
        expiry.take(word, &mut words)?;
    }
    if !reply_text(call, key)? {
        call.keys.notify_missed(true);
        return Ok(());
    }
    match expiry.deadline("getex", call.now_ms())? {
        Deadline::Keep => {}
        // As PERSIST does, it leaves a key alone that has no deadline.
        Deadline::Clear => {
            if call.keys.deadline(key)?.flatten().is_some() {
                end_at(call.keys, key, None);
            }
        }
        Deadline::At(at_ms) => {
            end_at(call.keys, key, Some(at_ms));
        }
    }
    Ok(())
}
