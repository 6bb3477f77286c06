//! READONLY, READWRITE and ASKING: what cluster clients say about redirects. Nobody is ever redirected here.

use super::{BASE, cluster};
use crate::command::table::{Command, Flags, Reach};
use crate::command::{Call, CommandError};

pub const READONLY: Command = Command {
    name: "readonly",
    arity: 1,
    flags: Flags::LOADING.or(Flags::STALE).or(Flags::FAST),
    reach: Reach::Keys,
    summary: "Enables read-only queries for a connection to a Redis Cluster replica node.",
    run: no_matter,
    ..BASE
};

pub const READWRITE: Command = Command {
    name: "readwrite",
    summary: "Enables read-write queries for a connection to a Redis Cluster replica node.",
    ..READONLY
};

pub const ASKING: Command = Command {
    name: "asking",
    flags: Flags::FAST,
    summary: "Signals that a cluster client is following an -ASK redirect.",
    ..READONLY
};

fn no_matter(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    cluster(call)?;
    call.reply.ok();
    Ok(())
}
