//! HTTL, HPTTL, HEXPIRETIME, HPEXPIRETIME, HPERSIST: fields' deadlines, and taking them away.

use super::{READ_FAST, UPDATES, fields, notify};
use crate::command::table::{Command, Flags};
use crate::command::time_unit::TimeUnit;
use crate::command::{Call, CommandError};
use crate::store::Missing;

pub const HTTL: Command = Command {
    name: "httl",
    summary: "Returns the TTL in seconds of a hash field.",
    run: httl,
    ..ASKS
};

pub const HPTTL: Command = Command {
    name: "hpttl",
    summary: "Returns the TTL in milliseconds of a hash field.",
    run: hpttl,
    ..ASKS
};

pub const HEXPIRETIME: Command = Command {
    name: "hexpiretime",
    summary: "Returns the expiration time of a hash field as a Unix timestamp, in seconds.",
    run: hexpiretime,
    ..ASKS
};

pub const HPEXPIRETIME: Command = Command {
    name: "hpexpiretime",
    summary: "Returns the expiration time of a hash field as a Unix timestamp, in msec.",
    run: hpexpiretime,
    ..ASKS
};

pub const HPERSIST: Command = Command {
    name: "hpersist",
    flags: Flags::WRITE.or(Flags::FAST),
    keys: UPDATES,
    summary: "Removes the expiration time for each specified field",
    run: hpersist,
    ..ASKS
};

/// What they have in common.
const ASKS: Command = Command {
    arity: -5,
    since: "7.4.0",
    complexity: "O(N) where N is the number of specified fields",
    syntax: "key FIELDS numfields field [field ...]",
    ..READ_FAST
};

// What is said of a field.
const NOT_IN: i64 = -2;
const NO_DEADLINE: i64 = -1;
const PERSISTED: i64 = 1;

fn httl(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let now_ms = call.now_ms();
    reply_times(call, TimeUnit::Seconds, now_ms)
}

fn hpttl(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let now_ms = call.now_ms();
    reply_times(call, TimeUnit::Milliseconds, now_ms)
}

fn hexpiretime(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    reply_times(call, TimeUnit::Seconds, 0)
}

fn hpexpiretime(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    reply_times(call, TimeUnit::Milliseconds, 0)
}

/// Each field's deadline, counted from `base_ms`; seconds are rounded up, unlike those of TTL.
fn reply_times(call: &mut Call<'_, '_>, unit: TimeUnit, base_ms: u64) -> Result<(), CommandError> {
    let hash = call.keys.hash(call.key(1))?;
    let names = fields::named(call.args, 2, fields::NOT_POSITIVE)?;
    call.reply.array(names.len());
    for name in names.iter() {
        let said = match hash.as_ref().and_then(|hash| hash.deadline(name)) {
            None => NOT_IN,
            Some(None) => NO_DEADLINE,
            Some(Some(at_ms)) => {
                let left_ms = at_ms.saturating_sub(base_ms);
                let left = match unit {
                    TimeUnit::Seconds => left_ms.div_ceil(1_000),
                    TimeUnit::Milliseconds => left_ms,
                };
                i64::try_from(left).unwrap_or(i64::MAX)
            }
        };
        call.reply.integer(said);
    }
    Ok(())
}

fn hpersist(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let key = call.key(1);
    // The type comes before all else.
    call.keys.hash(key)?;
    let names = fields::named(call.args, 2, fields::NOT_POSITIVE)?;
    let said = call.keys.edit_hash(key, Missing::Skip, |hash| {
        let persist = |name: &[u8]| match hash.view().deadline(name) {
            None => NOT_IN,
            Some(None) => NO_DEADLINE,
            Some(Some(_)) => {
                hash.set_deadline(name, None);
                PERSISTED
            }
        };
        names.iter().map(persist).collect::<Vec<_>>()
    })?;
    let said = said.unwrap_or_else(|| vec![NOT_IN; names.len()]);
    if said.contains(&PERSISTED) {
        notify(call, "hpersist", key);
    }
    call.reply.array(said.len());
    said.into_iter().for_each(|said| call.reply.integer(said));
    Ok(())
}
