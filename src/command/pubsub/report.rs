//! PUBSUB: who hears what.

use super::{ALWAYS, BASE};
use crate::base::glob;
use crate::command::table::{Command, Flags};
use crate::command::{Call, CommandError, reply_help, subcommand_refused};
use crate::node::Space;

pub const PUBSUB: Command = Command {
    name: "pubsub",
    arity: -2,
    flags: Flags::NONE,
    since: "2.8.0",
    summary: "A container for Pub/Sub commands.",
    complexity: "Depends on subcommand.",
    subcommands: &[CHANNELS, HELP, NUMPAT, NUMSUB, SHARDCHANNELS, SHARDNUMSUB],
    run: help,
    ..BASE
};

const CHANNELS: Command = Command {
    name: "channels",
    arity: -2,
    flags: ALWAYS,
    since: "2.8.0",
    summary: "Returns the active channels.",
    complexity: "O(N) where N is the number of active channels, and assuming constant time pattern \
                 matching (relatively short channels and patterns)",
    syntax: "[pattern]",
    run: |call| channels(call, Space::Channels),
    ..BASE
};

const SHARDCHANNELS: Command = Command {
    name: "shardchannels",
    since: "7.0.0",
    summary: "Returns the active shard channels.",
    complexity: "O(N) where N is the number of active shard channels, and assuming constant time \
                 pattern matching (relatively short shard channels).",
    run: |call| channels(call, Space::ShardChannels),
    ..CHANNELS
};

const NUMSUB: Command = Command {
    name: "numsub",
    arity: -2,
    flags: ALWAYS,
    since: "2.8.0",
    summary: "Returns a count of subscribers to channels.",
    complexity: "O(N) for the NUMSUB subcommand, where N is the number of requested channels",
    syntax: "[channel [channel ...]]",
    run: |call| numsub(call, Space::Channels),
    ..BASE
};

const SHARDNUMSUB: Command = Command {
    name: "shardnumsub",
    since: "7.0.0",
    summary: "Returns the count of subscribers of shard channels.",
    complexity: "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard \
                 channels",
    syntax: "[shardchannel [shardchannel ...]]",
    run: |call| numsub(call, Space::ShardChannels),
    ..NUMSUB
};

const NUMPAT: Command = Command {
    name: "numpat",
    since: "2.8.0",
    summary: "Returns a count of unique pattern subscriptions.",
    run: numpat,
    ..BASE
};

const HELP: Command = Command {
    name: "help",
    flags: Flags::LOADING.or(Flags::STALE),
    since: "6.2.0",
    summary: "Returns helpful text about the different subcommands.",
    run: help,
    ..BASE
};

fn channels(call: &mut Call<'_, '_>, space: Space) -> Result<(), CommandError> {
    if call.args.len() > 3 {
        return Err(subcommand_refused("PUBSUB", &call.args[1]));
    }
    let pattern = call.args.get(2);
    let mut names = call.node.pubsub.names(space);
    names.retain(|name| pattern.is_none_or(|pattern| glob::matches(pattern, name, false)));
    call.reply.array(names.len());
    names.iter().for_each(|name| call.reply.bulk(name));
    Ok(())
}

fn numsub(call: &mut Call<'_, '_>, space: Space) -> Result<(), CommandError> {
    let names = call.args.from(2);
    call.reply.array(2 * names.len());
    for name in names.iter() {
        call.reply.bulk(name);
        call.reply.integer(call.node.pubsub.subscribers(space, name) as i64);
    }
    Ok(())
}

fn numpat(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.reply.integer(call.node.pubsub.count(Space::Patterns) as i64);
    Ok(())
}

fn help(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    reply_help(call, "PUBSUB", LINES);
    Ok(())
}

const LINES: &[&str] = &[
    "CHANNELS [<pattern>]",
    "    Return the currently active channels matching a <pattern> (default: '*').",
    "NUMPAT",
    "    Return number of subscriptions to patterns.",
    "NUMSUB [<channel> ...]",
    "    Return the number of subscribers for the specified channels, excluding",
    "    pattern subscriptions(default: no channels).",
    "SHARDCHANNELS [<pattern>]",
    "    Return the currently active shard level channels matching a <pattern> (default: '*').",
    "SHARDNUMSUB [<shardchannel> ...]",
    "    Return the number of subscribers for the specified shard level channel(s)",
];
