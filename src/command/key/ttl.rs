//! TTL, PTTL, EXPIRETIME, PEXPIRETIME, PERSIST: reading and removing a key's deadline.

use super::FIRST;
use crate::command::key_deadline::end_at;
use crate::command::table::{Command, Flags, Group, KeySpec, Reach};
use crate::command::time_unit::TimeUnit;
use crate::command::{Call, CommandError, member_deadline};

/// What TTL and its siblings reply instead of a time.
const NO_KEY: i64 = -2;
const NO_DEADLINE: i64 = -1;

pub const TTL: Command = Command {
    name: "ttl",
    arity: -2,
    since: "1.0.0",
    summary: "Returns the expiration time in seconds of a key, or of a set's member.",
    syntax: "key [member]",
    run: ttl,
    ..READS_DEADLINE
};

pub const PTTL: Command = Command {
    name: "pttl",
    arity: -2,
    since: "2.6.0",
    summary: "Returns the expiration time in milliseconds of a key, or of a set's member.",
    syntax: "key [member]",
    run: pttl,
    ..READS_DEADLINE
};

pub const EXPIRETIME: Command = Command {
    name: "expiretime",
    since: "7.0.0",
    summary: "Returns the expiration time of a key as a Unix timestamp.",
    run: expiretime,
    ..READS_DEADLINE
};

pub const PEXPIRETIME: Command = Command {
    name: "pexpiretime",
    since: "7.0.0",
    summary: "Returns the expiration time of a key as a Unix milliseconds timestamp.",
    run: pexpiretime,
    ..READS_DEADLINE
};

pub const PERSIST: Command = Command {
    name: "persist",
    arity: -2,
    flags: Flags::WRITE.or(Flags::FAST),
    keys: &[KeySpec { place: FIRST, access: &["RW", "update"] }],
    since: "2.2.0",
    summary: "Removes the expiration time of a key, or of a set's member.",
    syntax: "key [member]",
    run: persist,
    ..READS_DEADLINE
};

/// What they have in common.
const READS_DEADLINE: Command = Command {
    name: "",
    arity: 2,
    flags: Flags::READONLY.or(Flags::FAST),
    keys: &[KeySpec { place: FIRST, access: &["RO", "access"] }],
    reach: Reach::Keys,
    group: Group::Generic,
    since: "",
    summary: "",
    complexity: "O(1)",
    syntax: "key",
    subcommands: &[],
    run: ttl,
};

fn ttl(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    time_left(call, TTL.name, TimeUnit::Seconds)
}

fn pttl(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    time_left(call, PTTL.name, TimeUnit::Milliseconds)
}

fn time_left(call: &mut Call<'_, '_>, name: &str, unit: TimeUnit) -> Result<(), CommandError> {
    if names_member(call, name)? {
        return member_deadline::ttl(call, unit);
    }
    let now_ms = call.now_ms();
    reply_deadline(call, |at_ms| unit.of_ms(at_ms.saturating_sub(now_ms)))
}

fn expiretime(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    reply_deadline(call, |at_ms| TimeUnit::Seconds.of_ms(at_ms))
}

fn pexpiretime(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    reply_deadline(call, |at_ms| TimeUnit::Milliseconds.of_ms(at_ms))
}

fn reply_deadline(
    call: &mut Call<'_, '_>,
    shown: impl FnOnce(u64) -> i64,
) -> Result<(), CommandError> {
    let answer = match call.keys.deadline(call.key(1))? {
        None => NO_KEY,
        Some(None) => NO_DEADLINE,
        Some(Some(at_ms)) => shown(at_ms),
    };
    call.reply.integer(answer);
    Ok(())
}

/// Replies 1 when a deadline was removed, 0 when there was none.
fn persist(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    if names_member(call, PERSIST.name)? {
        return member_deadline::persist(call);
    }
    let key = call.key(1);
    let removed = match call.keys.deadline(key)? {
        Some(Some(_)) => end_at(call.keys, key, None),
        Some(None) | None => false,
    };
    call.reply.integer(i64::from(removed));
    Ok(())
}

/// Whether the request is about a member of the key. The table's arity does not bound it above.
fn names_member(call: &Call<'_, '_>, name: &str) -> Result<bool, CommandError> {
    match call.args.len() {
        ..=2 => Ok(false),
        3 => Ok(true),
        _ => Err(CommandError::arity(name)),
    }
}
