//! Hashes, and fields that expire by themselves.

mod count;
mod edit;
mod expire;
mod expiring;
mod fields;
mod random;
mod read;
mod scan;
mod ttl;

use super::table::{Command, Flags, Group, KeySpec, Reach};
use super::{Call, CommandError};
use crate::store::{EventClasses, KeyRef};

/// Says something of the hash, but hands out nothing of it.
const LOOKS: &[KeySpec] = &[KeySpec::first(&["RO"])];
const READS: &[KeySpec] = &[KeySpec::first(&["RO", "access"])];
const INSERTS: &[KeySpec] = &[KeySpec::first(&["RW", "insert"])];
const UPDATES: &[KeySpec] = &[KeySpec::first(&["RW", "update"])];
const COUNTS: &[KeySpec] = &[KeySpec::first(&["RW", "access", "update"])];
const REMOVES: &[KeySpec] = &[KeySpec::first(&["RW", "delete"])];

/// What reads have in common.
const READ: Command = Command {
    name: "",
    arity: 2,
    flags: Flags::READONLY,
    keys: READS,
    reach: Reach::Keys,
    group: Group::Hash,
    since: "2.0.0",
    summary: "",
    complexity: "O(1)",
    syntax: "key",
    subcommands: &[],
    run: read::hget,
};

const READ_FAST: Command = Command { flags: Flags::READONLY.or(Flags::FAST), ..READ };

const GROW: Command =
    Command { flags: Flags::WRITE.or(Flags::DENYOOM).or(Flags::FAST), keys: UPDATES, ..READ };

const SHRINK: Command = Command { flags: Flags::WRITE.or(Flags::FAST), keys: REMOVES, ..READ };

pub const ROWS: &[Command] = &[
    Command {
        name: "hset",
        arity: -4,
        summary: "Creates or modifies the value of a field in a hash.",
        complexity: "O(1) for each field/value pair added, so O(N) to add N field/value pairs when the \
            command is called with multiple field/value pairs.",
        syntax: "key field value [field value ...]",
        run: edit::hset,
        ..GROW
    },
    Command {
        name: "hmset",
        arity: -4,
        summary: "Sets the values of multiple fields.",
        complexity: "O(N) where N is the number of fields being set.",
        syntax: "key field value [field value ...]",
        run: edit::hmset,
        ..GROW
    },
    Command {
        name: "hsetnx",
        arity: 4,
        keys: INSERTS,
        summary: "Sets the value of a field in a hash only when the field doesn't exist.",
        syntax: "key field value",
        run: edit::hsetnx,
        ..GROW
    },
    Command {
        name: "hdel",
        arity: -3,
        summary: "Deletes one or more fields and their values from a hash. Deletes the hash if no \
            fields remain.",
        complexity: "O(N) where N is the number of fields to be removed.",
        syntax: "key field [field ...]",
        run: edit::hdel,
        ..SHRINK
    },
    Command {
        name: "hget",
        arity: 3,
        summary: "Returns the value of a field in a hash.",
        syntax: "key field",
        run: read::hget,
        ..READ_FAST
    },
    Command {
        name: "hmget",
        arity: -3,
        summary: "Returns the values of all fields in a hash.",
        complexity: "O(N) where N is the number of fields being requested.",
        syntax: "key field [field ...]",
        run: read::hmget,
        ..READ_FAST
    },
    Command {
        name: "hgetall",
        summary: "Returns all fields and values in a hash.",
        complexity: "O(N) where N is the size of the hash.",
        run: read::hgetall,
        ..READ
    },
    Command {
        name: "hkeys",
        summary: "Returns all fields in a hash.",
        complexity: "O(N) where N is the size of the hash.",
        run: read::hkeys,
        ..READ
    },
    Command {
        name: "hvals",
        summary: "Returns all values in a hash.",
        complexity: "O(N) where N is the size of the hash.",
        run: read::hvals,
        ..READ
    },
    Command {
        name: "hlen",
        keys: LOOKS,
        summary: "Returns the number of fields in a hash.",
        run: read::hlen,
        ..READ_FAST
    },
    Command {
        name: "hexists",
        arity: 3,
        keys: LOOKS,
        summary: "Determines whether a field exists in a hash.",
        syntax: "key field",
        run: read::hexists,
        ..READ_FAST
    },
    Command {
        name: "hstrlen",
        arity: 3,
        keys: LOOKS,
        since: "3.2.0",
        summary: "Returns the length of the value of a field.",
        syntax: "key field",
        run: read::hstrlen,
        ..READ_FAST
    },
    Command {
        name: "hincrby",
        arity: 4,
        keys: COUNTS,
        summary: "Increments the integer value of a field in a hash by a number. Uses 0 as initial \
            value if the field doesn't exist.",
        syntax: "key field increment",
        run: count::hincrby,
        ..GROW
    },
    Command {
        name: "hincrbyfloat",
        arity: 4,
        keys: COUNTS,
        since: "2.6.0",
        summary: "Increments the floating point value of a field by a number. Uses 0 as initial value \
            if the field doesn't exist.",
        syntax: "key field increment",
        run: count::hincrbyfloat,
        ..GROW
    },
    Command {
        name: "hrandfield",
        arity: -2,
        since: "6.2.0",
        summary: "Returns one or more random fields from a hash.",
        complexity: "O(N) where N is the number of fields returned",
        syntax: "key [count [WITHVALUES]]",
        run: random::hrandfield,
        ..READ
    },
    Command {
        name: "hscan",
        arity: -3,
        since: "2.8.0",
        summary: "Iterates over fields and values of a hash.",
        complexity: "O(1) for every call. O(N) for a complete iteration, including enough command \
            calls for the cursor to return back to 0. N is the number of elements inside the \
            collection.",
        syntax: "key cursor [MATCH pattern] [COUNT count] [NOVALUES]",
        run: scan::hscan,
        ..READ
    },
    expire::HEXPIRE,
    expire::HPEXPIRE,
    expire::HEXPIREAT,
    expire::HPEXPIREAT,
    ttl::HTTL,
    ttl::HPTTL,
    ttl::HEXPIRETIME,
    ttl::HPEXPIRETIME,
    ttl::HPERSIST,
    expiring::HSETEX,
    expiring::HGETEX,
    expiring::HGETDEL,
];

/// Tells who listens what became of fields.
fn notify(call: &Call<'_, '_>, event: &'static str, key: KeyRef<'_>) {
    call.keys.notify(EventClasses::HASH, event, key);
}

/// The same of fields that are gone, with which the hash may be.
fn notify_removed(call: &Call<'_, '_>, key: KeyRef<'_>) -> Result<(), CommandError> {
    if call.keys.tells_events() {
        notify(call, "hdel", key);
        let is_gone = !call.keys.exists(key)?;
        call.keys.notify_deleted(is_gone, key);
    }
    Ok(())
}

fn reply_count(call: &mut Call<'_, '_>, count: usize) {
    call.reply.integer(i64::try_from(count).unwrap_or(i64::MAX));
}
