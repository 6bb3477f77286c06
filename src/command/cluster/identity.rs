//! CLUSTER MYID and MYSHARDID.

use super::{BASE, long_id, status};
use crate::command::table::{Command, Flags};
use crate::command::{Call, CommandError};

pub const MYID: Command = Command {
    name: "myid",
    arity: 2,
    flags: Flags::STALE,
    summary: "Returns the ID of a node.",
    run: myid,
    ..BASE
};

/// Each node is a shard of its own, for each has slots of its own to show.
pub const MYSHARDID: Command = Command {
    name: "myshardid",
    since: "7.2.0",
    summary: "Returns the shard ID of a node.",
    ..MYID
};

fn myid(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let id = long_id(status(call)?.node);
    call.reply.bulk(id.as_bytes());
    Ok(())
}
