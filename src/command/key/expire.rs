//! EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT: setting a key's deadline.

use super::{FIRST, expire_condition::Condition};
use crate::command::key_deadline::end_at;
use crate::command::table::{Command, Flags, Group, KeySpec, Reach};
use crate::command::time_unit::{TimeUnit, invalid_expire_time};
use crate::command::{Call, CommandError};

pub const EXPIRE: Command = Command {
    name: "expire",
    since: "1.0.0",
    summary: "Sets the expiration time of a key in seconds.",
    syntax: "key seconds [NX | XX | GT | LT]",
    run: expire,
    ..SETS_DEADLINE
};

pub const PEXPIRE: Command = Command {
    name: "pexpire",
    since: "2.6.0",
    summary: "Sets the expiration time of a key in milliseconds.",
    syntax: "key milliseconds [NX | XX | GT | LT]",
    run: pexpire,
    ..SETS_DEADLINE
};

pub const EXPIREAT: Command = Command {
    name: "expireat",
    since: "1.2.0",
    summary: "Sets the expiration time of a key to a Unix timestamp.",
    syntax: "key unix-time-seconds [NX | XX | GT | LT]",
    run: expireat,
    ..SETS_DEADLINE
};

pub const PEXPIREAT: Command = Command {
    name: "pexpireat",
    since: "2.6.0",
    summary: "Sets the expiration time of a key to a Unix milliseconds timestamp.",
    syntax: "key unix-time-milliseconds [NX | XX | GT | LT]",
    run: pexpireat,
    ..SETS_DEADLINE
};

/// What the four have in common.
const SETS_DEADLINE: Command = Command {
    name: "",
    arity: -3,
    flags: Flags::WRITE.or(Flags::FAST),
    keys: &[KeySpec { place: FIRST, access: &["RW", "update"] }],
    reach: Reach::Keys,
    group: Group::Generic,
    since: "",
    summary: "",
    complexity: "O(1)",
    syntax: "",
    subcommands: &[],
    run: expire,
};

fn expire(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let now_ms = call.now_ms();
    set_deadline(call, EXPIRE.name, TimeUnit::Seconds, now_ms)
}

fn pexpire(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let now_ms = call.now_ms();
    set_deadline(call, PEXPIRE.name, TimeUnit::Milliseconds, now_ms)
}

fn expireat(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    set_deadline(call, EXPIREAT.name, TimeUnit::Seconds, 0)
}

fn pexpireat(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    set_deadline(call, PEXPIREAT.name, TimeUnit::Milliseconds, 0)
}

/// Replies 1 when the key has the deadline now (or is gone, the deadline being past), 0 when there
/// is no such key or the condition forbids it.
fn set_deadline(
    call: &mut Call<'_, '_>,
    command: &str,
    unit: TimeUnit,
    base_ms: u64,
) -> Result<(), CommandError> {
    let condition = Condition::parse(call.args.from(3))?;
    let amount = call.integer(2)?;
    let at_ms = unit.deadline_ms(amount, base_ms).ok_or_else(|| invalid_expire_time(command))?;
    let key = call.key(1);
    let done = match call.keys.deadline(key)? {
        // A deadline before 1970 is as past as one at its beginning.
        Some(current_ms) if condition.allows(current_ms, at_ms) => {
            end_at(call.keys, key, Some(u64::try_from(at_ms).unwrap_or(0)))
        }
        _ => false,
    };
    call.reply.integer(i64::from(done));
    Ok(())
}
