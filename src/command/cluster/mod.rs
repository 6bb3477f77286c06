//! Nodes that count together: CLUSTER, and COUNTER.INFO.

mod counter_info;
mod identity;
mod info;
mod links;
mod map;
mod members;
mod membership;
mod nodes;
mod redirection;
mod slots;

use super::table::{Command, Flags, Group, Reach};
use super::{Call, CommandError, reply_help};
use crate::node::Cluster;
use crate::replication::Status;

pub const ROWS: &[Command] = &[
    redirection::ASKING,
    CLUSTER,
    counter_info::COUNTER_INFO,
    redirection::READONLY,
    redirection::READWRITE,
];

const CLUSTER: Command = Command {
    name: "cluster",
    since: "3.0.0",
    summary: "A container for Redis Cluster commands.",
    complexity: "Depends on subcommand.",
    subcommands: &[
        links::COUNT_FAILURE_REPORTS,
        slots::COUNTKEYSINSLOT,
        membership::FORGET,
        slots::GETKEYSINSLOT,
        HELP,
        info::INFO,
        slots::KEYSLOT,
        links::LINKS,
        membership::MEET,
        identity::MYID,
        identity::MYSHARDID,
        nodes::NODES,
        links::REPLICAS,
        membership::RESET,
        map::SHARDS,
        links::SLAVES,
        map::SLOTS,
    ],
    run: help,
    ..BASE
};

/// What the rows of this family have in common. They ask the engine, whose lock comes before those of
/// keys: so none of them holds a key.
const BASE: Command = Command {
    name: "",
    arity: -2,
    flags: Flags::NONE,
    keys: &[],
    reach: Reach::Engine,
    group: Group::Cluster,
    since: "3.0.0",
    summary: "",
    complexity: "O(1)",
    syntax: "",
    subcommands: &[],
    run: help,
};

/// The flags of what changes who is a member.
const ADMINISTRATION: Flags = Flags::ADMIN.or(Flags::STALE);

const HELP: Command = Command {
    name: "help",
    arity: 2,
    flags: Flags::LOADING.or(Flags::STALE),
    since: "5.0.0",
    summary: "Returns helpful text about the different subcommands.",
    run: help,
    ..BASE
};

fn help(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    cluster(call)?;
    reply_help(call, "CLUSTER", HELP_LINES);
    Ok(())
}

const HELP_LINES: &[&str] = &[
    "COUNTKEYSINSLOT <slot>",
    "    Return the number of keys in <slot>.",
    "FORGET <node-id>",
    "    Remove a node from the cluster.",
    "GETKEYSINSLOT <slot> <count>",
    "    Return key names stored by current node in a slot.",
    "INFO",
    "    Return information about the cluster.",
    "KEYSLOT <key>",
    "    Return the hash slot for <key>.",
    "LINKS",
    "    Return information about all network links between this node and its peers.",
    "    Output format is an array where each array element is a map containing attributes of a link",
    "MEET <ip> <port> [<bus-port>]",
    "    Connect nodes into a working cluster. <port> is the cluster-port of the other node,",
    "    unless <bus-port> says it.",
    "MYID",
    "    Return the node id.",
    "MYSHARDID",
    "    Return the node's shard id.",
    "NODES",
    "    Return cluster configuration seen by node. Output format:",
    "    <id> <ip:port> <flags> <master> <pings> <pongs> <epoch> <link> <slot> ...",
    "RESET [HARD|SOFT]",
    "    Reset current node (default: soft). It must have no keys.",
    "REPLICAS <node-id>",
    "    Return <node-id> replicas: none, for every node takes writes.",
    "SHARDS",
    "    Return information about slot range mappings and the nodes associated with them.",
    "SLOTS",
    "    Return information about slots range mappings. Each range is made of:",
    "    start, end, the node's IP address, port and ID. Every node serves every slot; they are",
    "    divided so that clients spread their keys.",
];

/// The node's part in a cluster, without which none of this means anything.
fn cluster<'c>(call: &Call<'c, '_>) -> Result<&'c Cluster, CommandError> {
    let disabled = CommandError::fixed("ERR This instance has cluster support disabled");
    call.node.cluster.as_deref().ok_or(disabled)
}

/// What the engine says of itself and of its peers.
fn status(call: &Call<'_, '_>) -> Result<Status, CommandError> {
    Ok(cluster(call)?.status(&call.node.keyspace))
}

/// A node's id as CLUSTER writes it: of Redis's 40 hexadecimal digits the last 8 say it.
fn long_id(node: u32) -> String {
    format!("{node:040x}")
}
