//! Channels: SUBSCRIBE and its like, PUBLISH, PUBSUB.

mod publish;
mod report;
mod subscribe;

use super::CommandError;
use super::table::{Command, Flags, Group, KeySpec, Place, Reach};

pub const ROWS: &[Command] = &[
    subscribe::PSUBSCRIBE,
    publish::PUBLISH,
    report::PUBSUB,
    subscribe::PUNSUBSCRIBE,
    publish::SPUBLISH,
    subscribe::SSUBSCRIBE,
    subscribe::SUBSCRIBE,
    subscribe::SUNSUBSCRIBE,
    subscribe::UNSUBSCRIBE,
];

/// What the rows of this family have in common.
const BASE: Command = Command {
    name: "",
    arity: 2,
    flags: ALWAYS,
    keys: &[],
    reach: Reach::Keys,
    group: Group::PubSub,
    since: "2.0.0",
    summary: "",
    complexity: "O(1)",
    syntax: "",
    subcommands: &[],
    run: |_| Err(CommandError::SYNTAX),
};

const ALWAYS: Flags = Flags::PUBSUB.or(Flags::LOADING).or(Flags::STALE);

/// Shard channels stand where a cluster looks for keys, and are none.
const SHARD_CHANNEL: KeySpec = KeySpec::first(&["not_key"]);
const SHARD_CHANNELS: KeySpec =
    KeySpec { place: Place::Range { first: 1, last: -1, step: 1 }, access: &["not_key"] };
