//! REPLICAOF and SLAVEOF, for nodes that are all masters.

use super::BASE;
use crate::base::number::parse_i64;
use crate::command::table::{Command, Flags};
use crate::command::{Call, CommandError};

pub const REPLICAOF: Command = Command {
    name: "replicaof",
    arity: 3,
    flags: Flags::ADMIN.or(Flags::NOSCRIPT).or(Flags::STALE).or(Flags::NO_ASYNC_LOADING),
    since: "5.0.0",
    summary: "Configures a server as replica of another, or promotes it to a master.",
    syntax: "<host port | NO ONE>",
    run: replicaof,
    ..BASE
};

pub const SLAVEOF: Command = Command {
    name: "slaveof",
    since: "1.0.0",
    summary: "Sets a Redis server as a replica of another, or promotes it to being a master.",
    ..REPLICAOF
};

const NO_REPLICAS: CommandError = CommandError::fixed(
    "ERR there are no replicas: every node takes writes. Give the nodes a cluster-port and say \
     CLUSTER MEET (or cluster-peer in the configuration), and they count together",
);

/// NO ONE asks a node to be what it is.
fn replicaof(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (host, port) = (&call.args[1], &call.args[2]);
    if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") {
        call.reply.ok();
        return Ok(());
    }
    match parse_i64(port) {
        Some(0..=65535) => Err(NO_REPLICAS),
        _ => Err(CommandError::fixed("ERR Invalid master port")),
    }
}
