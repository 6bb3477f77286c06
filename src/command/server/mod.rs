//! The server: what it is, how it does, and its administration.

pub mod acl;
pub mod command;
mod config;
mod debug;
mod info;
mod latency;
mod lolwut;
mod monitor;
mod replicaof;
mod save;
mod shutdown;
mod slowlog;

use super::table::{Command, Flags, Group, Reach};
use super::{Call, CommandError};
use crate::node::clock;

pub const ROWS: &[Command] = &[
    acl::ACL,
    save::BGREWRITEAOF,
    save::BGSAVE,
    command::COMMAND,
    config::CONFIG,
    debug::DEBUG,
    info::INFO,
    save::LASTSAVE,
    latency::LATENCY,
    lolwut::LOLWUT,
    monitor::MONITOR,
    replicaof::REPLICAOF,
    ROLE,
    save::SAVE,
    shutdown::SHUTDOWN,
    replicaof::SLAVEOF,
    slowlog::SLOWLOG,
    TIME,
];

/// What the rows of this family have in common.
const BASE: Command = Command {
    name: "",
    arity: -2,
    flags: Flags::NONE,
    keys: &[],
    reach: Reach::Keys,
    group: Group::Server,
    since: "",
    summary: "",
    complexity: "O(1)",
    syntax: "",
    subcommands: &[],
    run: time,
};

/// What works at any time.
const ALWAYS: Flags = Flags::LOADING.or(Flags::STALE);
/// What only an administrator may do.
const ADMINISTRATION: Flags = ALWAYS.or(Flags::ADMIN).or(Flags::NOSCRIPT);

/// The row of a container's HELP.
const HELP: Command = Command {
    name: "help",
    arity: 2,
    flags: ALWAYS,
    summary: "Returns helpful text about the different subcommands.",
    ..BASE
};

const TIME: Command = Command {
    name: "time",
    arity: 1,
    flags: ALWAYS.or(Flags::FAST),
    since: "2.6.0",
    summary: "Returns the server time.",
    run: time,
    ..BASE
};

const ROLE: Command = Command {
    name: "role",
    arity: 1,
    flags: ALWAYS.or(Flags::NOSCRIPT).or(Flags::FAST),
    since: "2.8.12",
    summary: "Returns the replication role.",
    run: role,
    ..BASE
};

fn time(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let now = clock::since_epoch();
    call.reply.array(2);
    call.reply.bulk_integer(now.as_secs().cast_signed());
    call.reply.bulk_integer(now.subsec_micros().into());
    Ok(())
}

/// Every node takes writes, so to Redis's clients each is a master without replicas.
fn role(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.reply.array(3);
    call.reply.bulk(b"master");
    call.reply.integer(0);
    call.reply.array(0);
    Ok(())
}
