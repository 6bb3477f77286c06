//! SUBSCRIBE, UNSUBSCRIBE, and the same of patterns and shard channels.
//!
//! Each name is answered by a message of its own: a push, which comes even when CLIENT REPLY asked for no replies.

use super::{ALWAYS, BASE, SHARD_CHANNELS};
use crate::command::table::{Command, Flags};
use crate::command::{Call, CommandError};
use crate::node::Space;

const OF_N: &str = "O(N) where N is the number of channels to subscribe to.";
const FLAGS: Flags = ALWAYS.or(Flags::NOSCRIPT).or(Flags::PUSHES);

pub const SUBSCRIBE: Command = Command {
    name: "subscribe",
    arity: -2,
    flags: FLAGS,
    summary: "Listens for messages published to channels.",
    complexity: OF_N,
    syntax: "channel [channel ...]",
    run: |call| subscribe(call, Space::Channels),
    ..BASE
};

pub const PSUBSCRIBE: Command = Command {
    name: "psubscribe",
    summary: "Listens for messages published to channels that match one or more patterns.",
    complexity: "O(N) where N is the number of patterns to subscribe to.",
    syntax: "pattern [pattern ...]",
    run: |call| subscribe(call, Space::Patterns),
    ..SUBSCRIBE
};

pub const SSUBSCRIBE: Command = Command {
    name: "ssubscribe",
    keys: &[SHARD_CHANNELS],
    since: "7.0.0",
    summary: "Listens for messages published to shard channels.",
    complexity: "O(N) where N is the number of shard channels to subscribe to.",
    syntax: "shardchannel [shardchannel ...]",
    run: |call| subscribe(call, Space::ShardChannels),
    ..SUBSCRIBE
};

pub const UNSUBSCRIBE: Command = Command {
    name: "unsubscribe",
    arity: -1,
    flags: FLAGS,
    summary: "Stops listening to messages posted to channels.",
    complexity: "O(N) where N is the number of channels to unsubscribe.",
    syntax: "[channel [channel ...]]",
    run: |call| unsubscribe(call, Space::Channels),
    ..BASE
};

pub const PUNSUBSCRIBE: Command = Command {
    name: "punsubscribe",
    summary: "Stops listening to messages published to channels that match one or more patterns.",
    complexity: "O(N) where N is the number of patterns to unsubscribe.",
    syntax: "[pattern [pattern ...]]",
    run: |call| unsubscribe(call, Space::Patterns),
    ..UNSUBSCRIBE
};

pub const SUNSUBSCRIBE: Command = Command {
    name: "sunsubscribe",
    keys: &[SHARD_CHANNELS],
    since: "7.0.0",
    summary: "Stops listening to messages posted to shard channels.",
    complexity: "O(N) where N is the number of shard channels to unsubscribe.",
    syntax: "[shardchannel [shardchannel ...]]",
    run: |call| unsubscribe(call, Space::ShardChannels),
    ..UNSUBSCRIBE
};

fn subscribe(call: &mut Call<'_, '_>, space: Space) -> Result<(), CommandError> {
    for name in call.args.from(1).iter() {
        call.node.pubsub.subscribe(space, name, &call.session.client);
        confirm(call, verb(space, true), Some(name), space);
    }
    Ok(())
}

/// Without names: all of them.
fn unsubscribe(call: &mut Call<'_, '_>, space: Space) -> Result<(), CommandError> {
    let named: Vec<_> = match call.args.len() {
        1 => call.session.client.subscriptions().names(space),
        _ => call.args.from(1).iter().map(Into::into).collect(),
    };
    if named.is_empty() {
        confirm(call, verb(space, false), None, space);
    }
    for name in named {
        call.node.pubsub.unsubscribe(space, &name, &call.session.client);
        call.catch_up();
        confirm(call, verb(space, false), Some(&name), space);
    }
    Ok(())
}

fn verb(space: Space, begins: bool) -> &'static str {
    match (space, begins) {
        (Space::Channels, true) => "subscribe",
        (Space::Channels, false) => "unsubscribe",
        (Space::Patterns, true) => "psubscribe",
        (Space::Patterns, false) => "punsubscribe",
        (Space::ShardChannels, true) => "ssubscribe",
        (Space::ShardChannels, false) => "sunsubscribe",
    }
}

/// The number at the end counts channels and patterns together, and shard channels by themselves.
fn confirm(call: &mut Call<'_, '_>, verb: &str, name: Option<&[u8]>, space: Space) {
    let subscriptions = call.session.client.subscriptions();
    let count = match space {
        Space::ShardChannels => subscriptions.count(space),
        _ => subscriptions.count(Space::Channels) + subscriptions.count(Space::Patterns),
    };
    call.session.subscribed = !subscriptions.is_empty();
    let reply = &mut call.reply;
    reply.push(3);
    reply.bulk(verb.as_bytes());
    match name {
        Some(name) => reply.bulk(name),
        None => reply.null(),
    }
    reply.integer(count as i64);
}
