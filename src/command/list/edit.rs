//! LSET, LINSERT, LREM, LTRIM.

use super::{place, places, reply_count};
use crate::command::popping::tell_removed;
use crate::command::{Call, CommandError};
use crate::store::{EventClasses, ListView, Missing, Side};

const NO_SUCH_INDEX: CommandError = CommandError::fixed("ERR index out of range");

pub(super) fn lset(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (key, index) = (call.key(1), call.integer(2));
    let len = call.keys.list(key)?.map(|list| list.len()).ok_or(CommandError::NO_SUCH_KEY)?;
    let place = place(index?, len).ok_or(NO_SUCH_INDEX)?;
    let text = &call.args[3];
    call.keys.edit_list(key, Missing::Skip, |list| list.set(place, text))?;
    call.keys.notify(EventClasses::LIST, "lset", key);
    call.reply.ok();
    Ok(())
}

pub(super) fn linsert(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let args = call.args;
    let side = if args[2].eq_ignore_ascii_case(b"after") {
        Side::After
    } else if args[2].eq_ignore_ascii_case(b"before") {
        Side::Before
    } else {
        return Err(CommandError::SYNTAX);
    };
    let key = call.key(1);
    let Some(list) = call.keys.list(key)? else {
        call.reply.integer(0);
        return Ok(());
    };
    let Some(pivot) = list.iter().position(|text| *text == args[3]) else {
        call.reply.integer(-1);
        return Ok(());
    };
    let len = list.len() + 1;
    call.keys.edit_list(key, Missing::Skip, |list| list.insert(pivot, side, &args[4]))?;
    call.keys.notify(EventClasses::LIST, "linsert", key);
    reply_count(call, len);
    Ok(())
}

/// Above 0 the first ones are removed, below 0 the last ones, with 0 all.
pub(super) fn lrem(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let count = call.integer(2)?;
    let (key, args) = (call.key(1), call.args);
    let Some(list) = call.keys.list(key)? else {
        call.reply.integer(0);
        return Ok(());
    };
    let found = matches(&list, &args[3], count);
    let removed = found.len();
    if removed > 0 {
        call.keys.edit_list(key, Missing::Skip, |list| list.remove(&found))?;
        tell_removed(call.keys, "lrem", key)?;
    }
    reply_count(call, removed);
    Ok(())
}

/// Where the elements stand that LREM means, in rising order.
fn matches(list: &ListView<'_>, text: &[u8], count: i64) -> Vec<usize> {
    let is_it = |(_, known): &(usize, &[u8])| *known == text;
    let most = match count {
        0 => usize::MAX,
        count => usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX),
    };
    if count >= 0 {
        return list.iter().enumerate().filter(is_it).map(|(at, _)| at).take(most).collect();
    }
    let backwards = list.iter().enumerate().rev().filter(is_it).map(|(at, _)| at).take(most);
    let mut found: Vec<usize> = backwards.collect();
    found.reverse();
    found
}

pub(super) fn ltrim(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (start, stop) = (call.integer(2)?, call.integer(3)?);
    let key = call.key(1);
    if let Some(len) = call.keys.list(key)?.map(|list| list.len()) {
        let kept = places(start, stop, len);
        if kept.len() < len {
            call.keys.edit_list(key, Missing::Skip, |list| list.keep(kept))?;
        }
        tell_removed(call.keys, "ltrim", key)?;
    }
    call.reply.ok();
    Ok(())
}
