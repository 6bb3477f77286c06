//! Members that expire by themselves, with the commands that users of Dragonfly (SADDEX, FIELDTTL,
//! FIELDEXPIRE) and of KeyDB (EXPIREMEMBER and its kin) know.

use super::reply_count;
use crate::command::time_unit::{TimeUnit, invalid_expire_time};
use crate::command::{Call, CommandError, member_deadline, set_events};
use crate::store::{EventClasses, MemberDeadline, Missing};

const TOO_MANY_ARGUMENTS: CommandError = CommandError::fixed("ERR Invalid number of arguments");
const INVALID_UNIT: CommandError = CommandError::fixed("ERR Invalid unit arg");

/// What FIELDTTL says of a member that is not in.
const NO_FIELD: i64 = -3;

// What FIELDEXPIRE says of a member.
const FIELD_SET: i64 = 1;
const FIELD_MISSING: i64 = -2;

/// SADDEX key [KEEPTTL] seconds member…: the heartbeat. Without KEEPTTL members that are there already
/// get the new deadline too.
pub(super) fn saddex(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let keep = call.args[2].eq_ignore_ascii_case(b"keepttl");
    let seconds_at = if keep { 3 } else { 2 };
    let (key, members) = (call.key(1), call.args.from(seconds_at + 1));
    if members.is_empty() {
        return Err(CommandError::arity("saddex"));
    }
    let at_ms = seconds_from_now(call, seconds_at)?;
    let deadline =
        if keep { MemberDeadline::IfNew(at_ms) } else { MemberDeadline::Set(Some(at_ms)) };
    let added = call.keys.edit_set(key, Missing::Create, |set| {
        members.iter().filter(|member| set.insert(member, deadline)).count()
    })?;
    if added.is_some_and(|added| added > 0) {
        call.keys.notify(EventClasses::SET, "sadd", key);
    }
    if !keep || added.is_some_and(|added| added > 0) {
        call.keys.notify(EventClasses::SET, "sexpire", key);
    }
    reply_count(call, added.unwrap_or(0));
    Ok(())
}

/// FIELDEXPIRE key seconds member…
pub(super) fn fieldexpire(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let at_ms = seconds_from_now(call, 2)?;
    let (key, members) = (call.key(1), call.args.from(3));
    let found = call.keys.edit_set(key, Missing::Skip, |set| {
        members.iter().map(|member| set.set_member_deadline(member, Some(at_ms))).collect()
    })?;
    let found: Vec<bool> = found.unwrap_or_else(|| vec![false; members.len()]);
    if found.contains(&true) {
        call.keys.notify(EventClasses::SET, "sexpire", key);
    }
    call.reply.array(found.len());
    for is_there in found {
        call.reply.integer(if is_there { FIELD_SET } else { FIELD_MISSING });
    }
    Ok(())
}

/// FIELDTTL key member
pub(super) fn fieldttl(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    member_deadline::reply_ttl(call, TimeUnit::Seconds, NO_FIELD)
}

/// EXPIREMEMBER key member n [s | ms]
pub(super) fn expiremember(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let span = call.integer(3)?;
    if call.args.len() > 5 {
        return Err(TOO_MANY_ARGUMENTS);
    }
    let unit = call.args.get(4).map_or(Ok(TimeUnit::Seconds), parse_unit)?;
    expire_member(call, "expiremember", unit.deadline_ms(span, call.now_ms()))
}

/// EXPIREMEMBERAT key member unix-time-seconds
pub(super) fn expirememberat(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let at = call.integer(3)?;
    expire_member(call, "expirememberat", TimeUnit::Seconds.deadline_ms(at, 0))
}

/// PEXPIREMEMBERAT key member unix-time-milliseconds
pub(super) fn pexpirememberat(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let at = call.integer(3)?;
    expire_member(call, "pexpirememberat", TimeUnit::Milliseconds.deadline_ms(at, 0))
}

fn expire_member(
    call: &mut Call<'_, '_>,
    command: &str,
    at_ms: Option<i64>,
) -> Result<(), CommandError> {
    let at_ms = at_ms.ok_or_else(|| invalid_expire_time(command))?;
    // Before 1970 is past like 1970.
    let at_ms = u64::try_from(at_ms).unwrap_or(0);
    let (key, args) = (call.key(1), call.args);
    let found = call
        .keys
        .edit_set(key, Missing::Skip, |set| set.set_member_deadline(&args[2], Some(at_ms)))?;
    if found == Some(true) {
        match at_ms <= call.now_ms() {
            true => set_events::removed(call.keys, "srem", key)?,
            false => call.keys.notify(EventClasses::SET, "sexpire", key),
        }
    }
    reply_count(call, usize::from(found == Some(true)));
    Ok(())
}

fn parse_unit(unit: &[u8]) -> Result<TimeUnit, CommandError> {
    if unit.eq_ignore_ascii_case(b"s") {
        Ok(TimeUnit::Seconds)
    } else if unit.eq_ignore_ascii_case(b"ms") {
        Ok(TimeUnit::Milliseconds)
    } else {
        Err(INVALID_UNIT)
    }
}

/// The deadline that argument `index` sets, a number of seconds of at least 1 (Unix ms).
fn seconds_from_now(call: &Call<'_, '_>, index: usize) -> Result<u64, CommandError> {
    let seconds = call.integer(index)?;
    let at_ms = TimeUnit::Seconds.deadline_ms(seconds, call.now_ms());
    at_ms
        .filter(|_| seconds >= 1)
        .and_then(|at_ms| u64::try_from(at_ms).ok())
        .ok_or(CommandError::NOT_INTEGER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_s_and_ms_in_any_case() {
        for unit in ["s", "S"] {
            assert_eq!(parse_unit(unit.as_bytes()), Ok(TimeUnit::Seconds), "{unit}");
        }
        for unit in ["ms", "Ms", "MS"] {
            assert_eq!(parse_unit(unit.as_bytes()), Ok(TimeUnit::Milliseconds), "{unit}");
        }
        for unit in ["", "m", "sec", "us"] {
            assert_eq!(parse_unit(unit.as_bytes()), Err(INVALID_UNIT), "{unit}");
        }
    }
}
