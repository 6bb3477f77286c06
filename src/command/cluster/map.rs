//! CLUSTER SLOTS and CLUSTER SHARDS: where clients find keys.

use super::members::{Member, members};
use super::{BASE, long_id, status};
use crate::command::table::{Command, Flags};
use crate::command::{Call, CommandError};

pub const SLOTS: Command = Command {
    name: "slots",
    arity: 2,
    flags: Flags::STALE,
    summary: "Returns the mapping of cluster slots to nodes.",
    complexity: "O(N) where N is the total number of Cluster nodes",
    run: slots,
    ..BASE
};

pub const SHARDS: Command = Command {
    name: "shards",
    since: "7.0.0",
    summary: "Returns the mapping of cluster slots to shards.",
    complexity: "O(N) where N is the total number of cluster nodes",
    run: shards,
    ..SLOTS
};

fn slots(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let status = status(call)?;
    let shown: Vec<Member<'_>> =
        members(&status).into_iter().filter(|member| member.slots.is_some()).collect();
    call.reply.array(shown.len());
    for member in &shown {
        let Some(slots) = &member.slots else { continue };
        call.reply.array(3);
        call.reply.integer(*slots.start() as i64);
        call.reply.integer(*slots.end() as i64);
        // Nobody is anybody's replica.
        call.reply.array(4);
        call.reply.bulk(member.host.as_bytes());
        call.reply.integer(member.port.into());
        call.reply.bulk(long_id(member.node).as_bytes());
        call.reply.array(0);
    }
    Ok(())
}

fn shards(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let status = status(call)?;
    let members = members(&status);
    call.reply.array(members.len());
    for member in &members {
        call.reply.map(2);
        call.reply.bulk(b"slots");
        call.reply.array(if member.slots.is_some() { 2 } else { 0 });
        for slot in member.slots.iter().flat_map(|slots| [slots.start(), slots.end()]) {
            call.reply.integer(*slot as i64);
        }
        call.reply.bulk(b"nodes");
        call.reply.array(1);
        describe(call, member);
    }
    Ok(())
}

fn describe(call: &mut Call<'_, '_>, member: &Member<'_>) {
    let id = long_id(member.node);
    call.reply.map(7);
    call.reply.bulk(b"id");
    call.reply.bulk(id.as_bytes());
    call.reply.bulk(b"port");
    call.reply.integer(member.port.into());
    for name in ["ip", "endpoint"] {
        call.reply.bulk(name.as_bytes());
        call.reply.bulk(member.host.as_bytes());
    }
    call.reply.bulk(b"role");
    call.reply.bulk(b"master");
    call.reply.bulk(b"replication-offset");
    call.reply.integer(0);
    call.reply.bulk(b"health");
    call.reply.bulk(if member.is_alive { b"online" } else { b"fail" });
}
