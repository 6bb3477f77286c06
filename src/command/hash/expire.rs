//! HEXPIRE, HPEXPIRE, HEXPIREAT, HPEXPIREAT: setting fields' deadlines.

use super::{READ, UPDATES, fields, notify, notify_removed};
use crate::command::table::{Command, Flags};
use crate::command::time_unit::{TimeUnit, invalid_expire_time};
use crate::command::{Call, CommandError};
use crate::store::{HashEdit, Missing};

const NEGATIVE: CommandError = CommandError::fixed("ERR invalid expire time, must be >= 0");

pub const HEXPIRE: Command = Command {
    name: "hexpire",
    summary: "Set expiry for hash field using relative time to expire (seconds)",
    syntax: "key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
    run: hexpire,
    ..SETS_DEADLINE
};

pub const HPEXPIRE: Command = Command {
    name: "hpexpire",
    summary: "Set expiry for hash field using relative time to expire (milliseconds)",
    syntax: "key milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
    run: hpexpire,
    ..SETS_DEADLINE
};

pub const HEXPIREAT: Command = Command {
    name: "hexpireat",
    summary: "Set expiry for hash field using an absolute Unix timestamp (seconds)",
    syntax: "key unix-time-seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
    run: hexpireat,
    ..SETS_DEADLINE
};

pub const HPEXPIREAT: Command = Command {
    name: "hpexpireat",
    summary: "Set expiry for hash field using an absolute Unix timestamp (milliseconds)",
    syntax: "key unix-time-milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
    run: hpexpireat,
    ..SETS_DEADLINE
};

/// What the four have in common.
const SETS_DEADLINE: Command = Command {
    arity: -6,
    flags: Flags::WRITE.or(Flags::DENYOOM).or(Flags::FAST),
    keys: UPDATES,
    since: "7.4.0",
    complexity: "O(N) where N is the number of specified fields",
    ..READ
};

// What is said of a field.
const NOT_IN: i64 = -2;
const NOT_ALLOWED: i64 = 0;
const SET: i64 = 1;
const DELETED: i64 = 2;

/// Under which deadline a field gets a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Always,
    /// NX: it has none.
    None,
    /// XX: it has one.
    Some,
    /// GT: the new one is later; none is infinitely late.
    Later,
    /// LT: the new one is earlier.
    Earlier,
}

impl Condition {
    fn parse(word: &[u8]) -> Condition {
        match word.to_ascii_lowercase().as_slice() {
            b"nx" => Condition::None,
            b"xx" => Condition::Some,
            b"gt" => Condition::Later,
            b"lt" => Condition::Earlier,
            _ => Condition::Always,
        }
    }

    fn allows(self, current_ms: Option<u64>, at_ms: u64) -> bool {
        match self {
            Condition::Always => true,
            Condition::None => current_ms.is_none(),
            Condition::Some => current_ms.is_some(),
            Condition::Later => current_ms.is_some_and(|current_ms| at_ms > current_ms),
            Condition::Earlier => current_ms.is_none_or(|current_ms| at_ms < current_ms),
        }
    }
}

fn hexpire(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let now_ms = call.now_ms();
    set_deadlines(call, HEXPIRE.name, TimeUnit::Seconds, now_ms)
}

fn hpexpire(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let now_ms = call.now_ms();
    set_deadlines(call, HPEXPIRE.name, TimeUnit::Milliseconds, now_ms)
}

fn hexpireat(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    set_deadlines(call, HEXPIREAT.name, TimeUnit::Seconds, 0)
}

fn hpexpireat(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    set_deadlines(call, HPEXPIREAT.name, TimeUnit::Milliseconds, 0)
}

fn set_deadlines(
    call: &mut Call<'_, '_>,
    command: &str,
    unit: TimeUnit,
    base_ms: u64,
) -> Result<(), CommandError> {
    let key = call.key(1);
    // The type comes before all else.
    call.keys.hash(key)?;
    let at_ms = deadline_of(call.integer(2)?, command, unit, base_ms)?;
    let condition = call.args.get(3).map_or(Condition::Always, Condition::parse);
    let at = if condition == Condition::Always { 3 } else { 4 };
    let names = fields::named(call.args, at, fields::NOT_ABOVE_0)?;
    let now_ms = call.now_ms();
    let said = call.keys.edit_hash(key, Missing::Skip, |hash| {
        let said = names.iter().map(|name| set_deadline(hash, name, at_ms, condition, now_ms));
        said.collect::<Vec<_>>()
    })?;
    let said = said.unwrap_or_else(|| vec![NOT_IN; names.len()]);
    if said.contains(&DELETED) {
        notify_removed(call, key)?;
    } else if said.contains(&SET) {
        notify(call, "hexpire", key);
    }
    call.reply.array(said.len());
    said.into_iter().for_each(|said| call.reply.integer(said));
    Ok(())
}

/// The Unix time in milliseconds that a number stands for.
///
/// # Errors
/// It is negative, or too late.
pub(super) fn deadline_of(
    amount: i64,
    command: &str,
    unit: TimeUnit,
    base_ms: u64,
) -> Result<u64, CommandError> {
    if amount < 0 {
        return Err(NEGATIVE);
    }
    let amount_ms = unit.deadline_ms(amount, 0);
    fields::deadline_ms(amount_ms, base_ms).ok_or_else(|| invalid_expire_time(command))
}

fn set_deadline(
    hash: &mut HashEdit<'_>,
    name: &[u8],
    at_ms: u64,
    condition: Condition,
    now_ms: u64,
) -> i64 {
    let Some(current_ms) = hash.view().deadline(name) else { return NOT_IN };
    if !condition.allows(current_ms, at_ms) {
        return NOT_ALLOWED;
    }
    hash.set_deadline(name, Some(at_ms));
    if at_ms <= now_ms { DELETED } else { SET }
}
