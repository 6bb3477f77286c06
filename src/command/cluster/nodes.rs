//! CLUSTER NODES: a line for each member, in Redis's format.

use super::members::members;
use super::{BASE, long_id, status};
use crate::command::table::{Command, Flags};
use crate::command::{Call, CommandError};
use crate::replication::{ClientAddress, Health, PeerStatus, Status};

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
    let text = text(&status(call)?, call.now_ms());
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

/// This node first.
fn text(status: &Status, now_ms: u64) -> String {
    let members = members(status);
    let slots = |node: u32| {
        let member = members.iter().find(|member| member.node == node);
        let slots = member.and_then(|member| member.slots.clone());
        slots.map_or(String::new(), |slots| format!(" {}-{}", slots.start(), slots.end()))
    };
    let myself = place(&status.clients, &status.address);
    let myself = line(status.node, &myself, "myself,master", 0, "connected", &slots(status.node));
    let peers = status.peers.iter().map(|peer| {
        let heard_ms = peer.last_contact_ms.map_or(0, |ago_ms| now_ms.saturating_sub(ago_ms));
        let link = if peer.in_up() && peer.out_up() { "connected" } else { "disconnected" };
        let place = place(&peer.clients, &peer.address);
        line(peer.node, &place, flags(peer), heard_ms, link, &slots(peer.node))
    });
    std::iter::once(myself).chain(peers).collect()
}

/// No node is the replica of another, none waits for a pong, and none has been elected.
fn line(node: u32, place: &str, flags: &str, pong_ms: u64, link: &str, slots: &str) -> String {
    format!("{} {place} {flags} - 0 {pong_ms} 0 {link}{slots}\n", long_id(node))
}

/// `ip:port@cport`. Who was never met has the address at which it is dialled, and port 0.
fn place(clients: &ClientAddress, address: &str) -> String {
    let (host, cluster_port) = address.rsplit_once(':').unwrap_or((address, "0"));
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let host = if clients.host.is_empty() { host } else { &clients.host };
    format!("{host}:{}@{cluster_port}", clients.port)
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
            clients: ClientAddress { host: format!("10.0.0.{node}"), port: 6379 },
            out_age_ms: Some(1000),
            in_age_ms: Some(1000),
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
        let clients = ClientAddress::default();
        let met = PeerStatus { last_contact_ms: None, in_age_ms: None, clients, ..peer(2) };
        let gone = PeerStatus { health: Health::Down, out_age_ms: None, ..peer(3) };
        let status = Status {
            node: 0xab,
            address: "[::1]:7001".to_owned(),
            clients: ClientAddress { host: "::1".to_owned(), port: 6379 },
            peers: vec![met, gone, peer(4)],
            ..Status::default()
        };
        let text = text(&status, 1_000_100);
        let expected = "\
            00000000000000000000000000000000000000ab ::1:6379@7001 myself,master - 0 0 0 connected 8192-16383\n\
            0000000000000000000000000000000000000002 10.0.0.2:0@7000 handshake,master - 0 0 0 disconnected\n\
            0000000000000000000000000000000000000003 10.0.0.3:6379@7000 master,fail - 0 1000000 0 disconnected\n\
            0000000000000000000000000000000000000004 10.0.0.4:6379@7000 master - 0 1000000 0 connected 0-8191\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn suspicion_has_a_question_mark() {
        assert_eq!(flags(&PeerStatus { health: Health::Suspect, ..peer(1) }), "master,fail?");
    }
}
