//! CLUSTER NODES: a line for each member, in Redis's format.

use super::{BASE, long_id, status};
use crate::base::KEY_SLOTS;
use crate::command::table::{Command, Flags};
use crate::command::{Call, CommandError};
use crate::replication::{Health, PeerStatus, Status};

pub const NODES: Command = Command {
    name: "nodes",
    arity: 2,
    flags: Flags::STALE,
    summary: "Returns the cluster configuration for a node.",
    complexity: "O(N) where N is the total number of Cluster nodes",
    run: nodes,
    ..BASE
};

fn nodes(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let text = text(&status(call)?, call.node.config().port, call.now_ms());
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

/// This node first. It knows its own port for clients; those of others it does not, and writes 0.
fn text(status: &Status, port: u16, now_ms: u64) -> String {
    let myself = line(status.node, &place(&status.address, port), "myself,master", 0, "connected");
    let peers = status.peers.iter().map(|peer| {
        let heard_ms = peer.last_contact_ms.map_or(0, |ago_ms| now_ms.saturating_sub(ago_ms));
        let link = if peer.in_up && peer.out_up { "connected" } else { "disconnected" };
        line(peer.node, &place(&peer.address, 0), flags(peer), heard_ms, link)
    });
    std::iter::once(myself).chain(peers).collect()
}

/// No node is the replica of another, none waits for a pong, none has been elected, and each serves
/// all slots.
fn line(node: u32, place: &str, flags: &str, pong_ms: u64, link: &str) -> String {
    let last = KEY_SLOTS - 1;
    format!("{} {place} {flags} - 0 {pong_ms} 0 {link} 0-{last}\n", long_id(node))
}

/// `ip:port@cport`; an IPv6 address without the brackets that a `host:port` needs.
fn place(address: &str, port: u16) -> String {
    let (host, cluster_port) = address.rsplit_once(':').unwrap_or((address, "0"));
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    format!("{host}:{port}@{cluster_port}")
}

fn flags(peer: &PeerStatus) -> &'static str {
    match peer.health {
        Health::Alive if peer.last_contact_ms.is_none() => "handshake,master",
        Health::Alive => "master",
        Health::Suspect => "master,fail?",
        Health::Down => "master,fail",
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A peer that is well.
    pub fn peer(node: u32) -> PeerStatus {
        PeerStatus {
            node,
            address: format!("10.0.0.{node}:7000"),
            health: Health::Alive,
            out_up: true,
            in_up: true,
            last_contact_ms: Some(100),
            unconfirmed_batches: 0,
            unconfirmed_deltas: 0,
            lag_ms: 0,
            clock_offset_ms: None,
            bytes_in: 0,
            bytes_out: 0,
            syncing: false,
        }
    }

    #[test]
    fn a_line_has_the_fields_of_redis() {
        let met = PeerStatus { last_contact_ms: None, in_up: false, ..peer(2) };
        let gone = PeerStatus { health: Health::Down, out_up: false, ..peer(3) };
        let status = Status {
            node: 0xab,
            address: "[::1]:7001".to_owned(),
            peers: vec![met, gone, peer(4)],
            ..Status::default()
        };
        let text = text(&status, 6379, 1_000_100);
        let expected = "\
            00000000000000000000000000000000000000ab ::1:6379@7001 myself,master - 0 0 0 connected 0-16383\n\
            0000000000000000000000000000000000000002 10.0.0.2:0@7000 handshake,master - 0 0 0 disconnected 0-16383\n\
            0000000000000000000000000000000000000003 10.0.0.3:0@7000 master,fail - 0 1000000 0 disconnected 0-16383\n\
            0000000000000000000000000000000000000004 10.0.0.4:0@7000 master - 0 1000000 0 connected 0-16383\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn suspicion_has_a_question_mark() {
        assert_eq!(flags(&PeerStatus { health: Health::Suspect, ..peer(1) }), "master,fail?");
    }
}
