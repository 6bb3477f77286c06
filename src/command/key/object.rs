//! OBJECT: what Redis would say of the object that holds a value.

use super::SECOND;
use crate::base::number::parse_i64;
use crate::command::encoding;
use crate::command::help::reply_help;
use crate::command::table::{Command, Flags, Group, KeySpec, Reach};
use crate::command::{Call, CommandError};
use crate::config::{Config, MaxmemoryPolicy};
use crate::store::{AccessError, KeyRef, Keys, Kind};

pub const OBJECT: Command = Command {
    name: "object",
    arity: -2,
    flags: Flags::NONE,
    keys: &[],
    reach: Reach::Keys,
    group: Group::Generic,
    since: "2.2.3",
    summary: "A container for object introspection commands.",
    complexity: "Depends on subcommand.",
    syntax: "",
    subcommands: &[ENCODING, FREQ, HELP, IDLETIME, REFCOUNT],
    run: help,
};

const ENCODING: Command = Command {
    name: "encoding",
    summary: "Returns the internal encoding of a Redis object.",
    run: encoding_of_key,
    ..LOOKS_AT_KEY
};

const FREQ: Command = Command {
    name: "freq",
    since: "4.0.0",
    summary: "Returns the logarithmic access frequency counter of a Redis object.",
    run: freq,
    ..LOOKS_AT_KEY
};

const IDLETIME: Command = Command {
    name: "idletime",
    summary: "Returns the time since the last access to a Redis object.",
    run: idletime,
    ..LOOKS_AT_KEY
};

const REFCOUNT: Command = Command {
    name: "refcount",
    summary: "Returns the reference count of a value of a key.",
    run: refcount,
    ..LOOKS_AT_KEY
};

const HELP: Command = Command {
    name: "help",
    arity: 2,
    flags: Flags::LOADING.or(Flags::STALE),
    keys: &[],
    since: "6.2.0",
    summary: "Returns helpful text about the different subcommands.",
    syntax: "",
    run: help,
    ..LOOKS_AT_KEY
};

/// What the subcommands have in common.
const LOOKS_AT_KEY: Command = Command {
    name: "",
    arity: 3,
    flags: Flags::READONLY,
    keys: &[KeySpec { place: SECOND, access: &["RO"] }],
    reach: Reach::Keys,
    group: Group::Generic,
    since: "2.2.3",
    summary: "",
    complexity: "O(1)",
    syntax: "key",
    subcommands: &[],
    run: help,
};

fn encoding_of_key(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let config = call.node.config();
    let key = call.key(2);
    match call.keys.without_touching(|keys| encoding::encoding(keys, key, &config))? {
        Some(name) => call.reply.bulk(name.as_bytes()),
        None => call.reply.null(),
    }
    Ok(())
}

/// Accesses are not counted: there is no LFU policy.
fn freq(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    const NO_LFU: CommandError = CommandError::fixed(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note \
         that when switching between policies at runtime LRU and LFU data will take some time to \
         adjust.",
    );
    let key = call.key(2);
    if call.keys.without_touching(|keys| keys.exists(key))? {
        return Err(NO_LFU);
    }
    call.reply.null();
    Ok(())
}

fn idletime(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    match call.keys.idle_ms(call.key(2))? {
        Some(idle_ms) => call.reply.integer((idle_ms / 1000) as i64),
        None => call.reply.null(),
    }
    Ok(())
}

fn refcount(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    /// What Redis says of the small integers that all keys share.
    const SHARED: i64 = i32::MAX as i64;
    let sharing = shares_small_integers(&call.node.config());
    let key = call.key(2);
    match call.keys.without_touching(|keys| holds_small_integer(keys, key))? {
        Some(small) => call.reply.integer(if small && sharing { SHARED } else { 1 }),
        None => call.reply.null(),
    }
    Ok(())
}

/// Whether the value is one of the integers that Redis makes only once; None when there is no key.
fn holds_small_integer(keys: &Keys<'_>, key: KeyRef<'_>) -> Result<Option<bool>, AccessError> {
    const SMALL: std::ops::Range<i64> = 0..10_000;
    Ok(match keys.kind(key)? {
        None => None,
        Some(Kind::String) => keys
            .text(key)?
            .map(|text| parse_i64(&text).is_some_and(|integer| SMALL.contains(&integer))),
        Some(Kind::Set | Kind::Hash | Kind::SortedSet | Kind::List) => Some(false),
    })
}

/// A shared object cannot have an idle time of its own, which the LRU policies need.
fn shares_small_integers(config: &Config) -> bool {
    let lru = matches!(
        config.maxmemory_policy,
        MaxmemoryPolicy::VolatileLru | MaxmemoryPolicy::AllkeysLru
    );
    config.maxmemory_bytes == 0 || !lru
}

fn help(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let lines = [
        "ENCODING <key>",
        "    Return the kind of internal representation used in order to store the value",
        "    associated with a <key>.",
        "FREQ <key>",
        "    Return the access frequency index of the <key>. The returned integer is",
        "    proportional to the logarithm of the recent access frequency of the key.",
        "IDLETIME <key>",
        "    Return the idle time of the <key>, that is the approximated number of",
        "    seconds elapsed since the last access to the key.",
        "REFCOUNT <key>",
        "    Return the number of references of the value associated with the specified",
        "    <key>.",
    ];
    reply_help(call, "OBJECT", &lines);
    Ok(())
}
