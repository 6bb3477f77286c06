//! SADD, SREM, SMOVE.

use super::reply_count;
use crate::command::{Call, CommandError, set_events};
use crate::store::{EventClasses, MemberDeadline, Missing, SetEdit};

pub(super) fn sadd(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (key, members) = (call.key(1), call.args.from(2));
    let added = call.keys.edit_set(key, Missing::Create, |set| {
        members.iter().filter(|member| set.insert(member, MemberDeadline::Keep)).count()
    })?;
    if added.is_some_and(|added| added > 0) {
        call.keys.notify(EventClasses::SET, "sadd", key);
    }
    reply_count(call, added.unwrap_or(0));
    Ok(())
}

pub(super) fn srem(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (key, members) = (call.key(1), call.args.from(2));
    let removed = call.keys.edit_set(key, Missing::Skip, |set| {
        members.iter().filter(|member| set.remove(member)).count()
    })?;
    if removed.is_some_and(|removed| removed > 0) {
        set_events::removed(call.keys, "srem", key)?;
    }
    reply_count(call, removed.unwrap_or(0));
    Ok(())
}

/// Moving is SREM and SADD: a deadline of the member stays behind, and one that it already has in
/// the destination stays too.
pub(super) fn smove(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let moved = move_member(call)?;
    reply_count(call, usize::from(moved));
    Ok(())
}

fn move_member(call: &mut Call<'_, '_>) -> Result<bool, CommandError> {
    let (from, to) = (call.key(1), call.key(2));
    let args = call.args;
    let member = &args[3];
    // A missing source ends it before the destination's type matters; after that, both types are
    // known before anything changes.
    let Some(source) = call.keys.set(from)? else { return Ok(false) };
    let is_there = source.contains(member);
    call.keys.set(to)?;
    if !is_there || from.name == to.name {
        return Ok(is_there);
    }
    call.keys.edit_set(from, Missing::Skip, |set| set.remove(member))?;
    set_events::removed(call.keys, "srem", from)?;
    let add = |set: &mut SetEdit<'_>| set.insert(member, MemberDeadline::Keep);
    if call.keys.edit_set(to, Missing::Create, add)? == Some(true) {
        call.keys.notify(EventClasses::SET, "sadd", to);
    }
    Ok(true)
}
