//! Transactions: MULTI, EXEC, DISCARD, WATCH, UNWATCH.
//!
//! What is said between MULTI and EXEC is collected by the dispatcher (`dispatch/exec.rs`), which also runs
//! it: the rows here say what these commands answer by themselves.

use super::table::{Command, Flags, Group, KeySpec, Place, Reach};
use super::{Call, CommandError};

pub const ROWS: &[Command] = &[DISCARD, EXEC, MULTI, UNWATCH, WATCH];

/// What the rows of this family have in common.
const BASE: Command = Command {
    name: "",
    arity: 1,
    flags: FAST,
    keys: &[],
    reach: Reach::Keys,
    group: Group::Transactions,
    since: "",
    summary: "",
    complexity: "O(1)",
    syntax: "",
    subcommands: &[],
    run: multi,
};

const BARE: Flags = Flags::NOSCRIPT.or(Flags::LOADING).or(Flags::STALE);
const FAST: Flags = BARE.or(Flags::FAST).or(Flags::ALLOW_BUSY);

const MULTI: Command = Command {
    name: "multi",
    flags: FAST.or(Flags::UNQUEUED),
    since: "1.2.0",
    summary: "Starts a transaction.",
    run: multi,
    ..BASE
};

const EXEC: Command = Command {
    name: "exec",
    flags: BARE.or(Flags::SKIP_SLOWLOG).or(Flags::UNQUEUED),
    since: "1.2.0",
    summary: "Executes all commands in a transaction.",
    complexity: "Depends on commands in the transaction",
    run: exec,
    ..BASE
};

const DISCARD: Command = Command {
    name: "discard",
    flags: FAST.or(Flags::UNQUEUED),
    since: "2.0.0",
    summary: "Discards a transaction.",
    complexity: "O(N), when N is the number of queued commands",
    run: discard,
    ..BASE
};

const WATCH: Command = Command {
    name: "watch",
    arity: -2,
    flags: FAST.or(Flags::UNQUEUED),
    keys: &[KeySpec { place: Place::Range { first: 1, last: -1, step: 1 }, access: &["RO"] }],
    since: "2.2.0",
    summary: "Monitors changes to keys to determine the execution of a transaction.",
    complexity: "O(1) for every key.",
    syntax: "key [key ...]",
    run: watch,
    ..BASE
};

const UNWATCH: Command = Command {
    name: "unwatch",
    since: "2.2.0",
    summary: "Forgets about watched keys of a transaction.",
    run: unwatch,
    ..BASE
};

fn multi(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    if !call.session.begin_transaction() {
        return Err(CommandError::fixed("ERR MULTI calls can not be nested"));
    }
    call.reply.ok();
    Ok(())
}

/// After MULTI the dispatcher does it.
fn exec(_call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    Err(CommandError::fixed("ERR EXEC without MULTI"))
}

fn discard(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    if !call.session.discard_transaction(&call.node.keyspace) {
        return Err(CommandError::fixed("ERR DISCARD without MULTI"));
    }
    call.reply.ok();
    Ok(())
}

/// What has expired by now is not there; that it is reclaimed later is no change.
fn watch(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    if call.session.is_in_transaction() {
        return Err(CommandError::fixed("ERR WATCH inside MULTI is not allowed"));
    }
    for at in 1..call.args.len() {
        let watched = call.keys.watch(call.key(at), call.session.client.watch())?;
        watched.into_iter().for_each(|key| call.session.note_watched(key));
    }
    call.reply.ok();
    Ok(())
}

/// Inside a transaction there is nothing left to forget.
fn unwatch(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.session.unwatch(&call.node.keyspace);
    call.reply.ok();
    Ok(())
}
