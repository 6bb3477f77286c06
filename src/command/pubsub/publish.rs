//! PUBLISH and SPUBLISH.

use super::{ALWAYS, BASE, SHARD_CHANNEL};
use crate::command::table::{Command, Flags};
use crate::command::{Call, CommandError};
use crate::node::Space;

pub const PUBLISH: Command = Command {
    name: "publish",
    arity: 3,
    flags: ALWAYS.or(Flags::FAST),
    summary: "Posts a message to a channel.",
    complexity: "O(N+M) where N is the number of clients subscribed to the receiving channel and M \
                 is the total number of subscribed patterns (by any client).",
    syntax: "channel message",
    run: |call| publish(call, Space::Channels),
    ..BASE
};

pub const SPUBLISH: Command = Command {
    name: "spublish",
    arity: 3,
    flags: ALWAYS.or(Flags::FAST),
    keys: &[SHARD_CHANNEL],
    since: "7.0.0",
    summary: "Post a message to a shard channel",
    complexity: "O(N) where N is the number of clients subscribed to the receiving shard channel.",
    syntax: "shardchannel message",
    run: |call| publish(call, Space::ShardChannels),
    ..BASE
};

/// Answers how many hear it on this node, as in a cluster of Redis.
fn publish(call: &mut Call<'_, '_>, space: Space) -> Result<(), CommandError> {
    let heard = call.node.publish(space, &call.args[1], &call.args[2]);
    call.reply.integer(heard as i64);
    Ok(())
}
