//! CLUSTER LINKS, COUNT-FAILURE-REPORTS and REPLICAS: what Redis's tools ask of other nodes.

use super::membership::node_id;
use super::{ADMINISTRATION, BASE, long_id, status};
use crate::command::table::{Command, Flags};
use crate::command::{Call, CommandError};

pub const LINKS: Command = Command {
    name: "links",
    arity: 2,
    flags: Flags::STALE,
    since: "7.0.0",
    summary: "Returns a list of all TCP links to and from peer nodes.",
    complexity: "O(N) where N is the total number of Cluster nodes",
    run: links,
    ..BASE
};

pub const COUNT_FAILURE_REPORTS: Command = Command {
    name: "count-failure-reports",
    arity: 3,
    flags: ADMINISTRATION,
    summary: "Returns the number of active failure reports active for a node.",
    complexity: "O(N) where N is the number of failure reports",
    syntax: "node-id",
    run: count_failure_reports,
    ..BASE
};

pub const REPLICAS: Command = Command {
    name: "replicas",
    arity: 3,
    flags: ADMINISTRATION,
    since: "5.0.0",
    summary: "Lists the replica nodes of a master node.",
    complexity: "O(N) where N is the number of replicas.",
    syntax: "node-id",
    run: replicas,
    ..BASE
};

pub const SLAVES: Command = Command {
    name: "slaves",
    since: "3.0.0",
    summary: "Lists the replica nodes of a master node.",
    ..REPLICAS
};

fn links(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (status, now_ms) = (status(call)?, call.now_ms());
    let directions = status
        .peers
        .iter()
        .flat_map(|peer| [("to", peer.node, peer.out_age_ms), ("from", peer.node, peer.in_age_ms)]);
    let links: Vec<(&str, u32, u64)> = directions
        .filter_map(|(direction, node, age_ms)| Some((direction, node, age_ms?)))
        .collect();
    call.reply.array(links.len());
    for (direction, node, age_ms) in links {
        let (reply, id) = (&mut call.reply, long_id(node));
        reply.map(6);
        for (name, text) in [("direction", direction), ("node", &*id)] {
            reply.bulk(name.as_bytes());
            reply.bulk(text.as_bytes());
        }
        reply.bulk(b"create-time");
        reply.integer(now_ms.saturating_sub(age_ms).cast_signed());
        reply.bulk(b"events");
        reply.bulk(b"rw");
        // What waits for a peer waits in the stream, which is one for all.
        for name in ["send-buffer-allocated", "send-buffer-used"] {
            reply.bulk(name.as_bytes());
            reply.integer(0);
        }
    }
    Ok(())
}

/// The failure detector keeps no reports: who is suspected stands in CLUSTER NODES.
fn count_failure_reports(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    known_node(call)?;
    call.reply.integer(0);
    Ok(())
}

/// No node is the replica of another.
fn replicas(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    known_node(call)?;
    call.reply.array(0);
    Ok(())
}

fn known_node(call: &Call<'_, '_>) -> Result<u32, CommandError> {
    let (status, word) = (status(call)?, &call.args[2]);
    let is_known =
        |node: &u32| *node == status.node || status.peers.iter().any(|peer| peer.node == *node);
    node_id(word).filter(is_known).ok_or_else(|| {
        CommandError::text(format!("ERR Unknown node {}", String::from_utf8_lossy(word)))
    })
}
