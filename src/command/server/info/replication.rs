//! The section of INFO on replication: Redis's fields of a master, then what each peer has and lacks.

use super::report::Report;
use crate::node::Node;
use crate::replication::{Health, PeerStatus, Status};
use std::sync::atomic::Ordering::Relaxed;

/// To Redis's clients every node is a master. Peers are not listed as its replicas: they take writes,
/// and their addresses are for nodes.
pub fn replication(node: &Node, report: &mut Report) {
    report.field("role", "master");
    report.field("connected_slaves", 0);
    report.field("master_failover_state", "no-failover");
    report.field("master_replid", &node.run_id);
    report.field("master_replid2", "0".repeat(40));
    report.field("master_repl_offset", 0);
    report.field("second_repl_offset", -1);
    report.constant(
        0,
        &[
            "repl_backlog_active",
            "repl_backlog_size",
            "repl_backlog_first_byte_offset",
            "repl_backlog_histlen",
        ],
    );
    if let Some(cluster) = &node.cluster {
        let status = cluster.status(&node.keyspace);
        write(&status, node.config().cluster_clock_warning_ms.into(), report);
        let posts = &cluster.posts;
        report.field("pubsub_sent_to_peers", posts.sent.load(Relaxed));
        report.field("pubsub_dropped_for_peers", posts.dropped.load(Relaxed));
        report.field("pubsub_received_from_peers", posts.received.load(Relaxed));
    }
}

fn write(status: &Status, clock_warning_ms: u64, report: &mut Report) {
    report.field("node_id", format_args!("{:08x}", status.node));
    report.field("node_epoch", format_args!("{:08x}", status.epoch));
    report.field("node_incarnation", format_args!("{:016x}", status.incarnation));
    report.field("node_address", &status.address);
    report.field("peers", status.peers.len());
    for (number, peer) in status.peers.iter().enumerate() {
        report.field(&format!("peer{number}"), line(peer));
    }
    let skewed = |peer: &&PeerStatus| {
        peer.clock_offset_ms.is_some_and(|offset_ms| offset_ms.unsigned_abs() > clock_warning_ms)
    };
    report.field("clocks_off", status.peers.iter().filter(skewed).count());
    report.field("view_agreed", u8::from(status.view_agreed));
    report.field("stream_batches", status.stream_batches);
    report.field("window_bytes", status.window_bytes);
    report.field("keys_waiting", status.keys_waiting);
    report.field("keys_in_doubt", status.keys_in_doubt);
    report.field("tombstones_waiting", status.tombstones_waiting);
    report.field("full_resyncs", status.full_resyncs);
    report.field("sync_rounds", status.sync_rounds);
    report.field("keys_pulled", status.keys_pulled);
    report.field("refused_stamps", status.refused_stamps);
    report.field("type_conflicts", status.type_conflicts);
}

fn line(peer: &PeerStatus) -> String {
    let last_contact_ms = peer.last_contact_ms.map(|ago_ms| ago_ms.to_string());
    let clock_offset_ms = peer.clock_offset_ms.map(|offset_ms| offset_ms.to_string());
    format!(
        "node={:08x},addr={},health={},link={},last_contact_ms={},unconfirmed_batches={},\
         unconfirmed_deltas={},lag_ms={},clock_offset_ms={},bytes_in={},bytes_out={},syncing={}",
        peer.node,
        peer.address,
        health(peer.health),
        link(peer),
        last_contact_ms.as_deref().unwrap_or("never"),
        peer.unconfirmed_batches,
        peer.unconfirmed_deltas,
        peer.lag_ms,
        clock_offset_ms.as_deref().unwrap_or("unknown"),
        peer.bytes_in,
        peer.bytes_out,
        u8::from(peer.syncing),
    )
}

fn health(health: Health) -> &'static str {
    match health {
        Health::Alive => "alive",
        Health::Suspect => "suspect",
        Health::Down => "down",
    }
}

/// Which of the two connections stand: the peer's to this node (`in`), this node's to it (`out`).
fn link(peer: &PeerStatus) -> &'static str {
    match (peer.in_up(), peer.out_up()) {
        (true, true) => "up",
        (true, false) => "in",
        (false, true) => "out",
        (false, false) => "down",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replication::ClientAddress;

    fn peer(node: u32) -> PeerStatus {
        PeerStatus {
            node,
            address: "b:7000".to_owned(),
            health: Health::Alive,
            clients: ClientAddress::default(),
            out_age_ms: Some(1),
            in_age_ms: Some(1),
            last_contact_ms: Some(12),
            unconfirmed_batches: 1,
            unconfirmed_deltas: 20,
            lag_ms: 3,
            clock_offset_ms: Some(-501),
            bytes_in: 4,
            bytes_out: 5,
            syncing: true,
        }
    }

    #[test]
    fn a_peer_is_a_line() {
        assert_eq!(
            line(&peer(0xb)),
            "node=0000000b,addr=b:7000,health=alive,link=up,last_contact_ms=12,\
             unconfirmed_batches=1,unconfirmed_deltas=20,lag_ms=3,clock_offset_ms=-501,bytes_in=4,\
             bytes_out=5,syncing=1"
        );
        let met = PeerStatus {
            health: Health::Suspect,
            in_age_ms: None,
            last_contact_ms: None,
            clock_offset_ms: None,
            ..peer(1)
        };
        let line = line(&met);
        for part in
            ["health=suspect,link=out,", "last_contact_ms=never,", "clock_offset_ms=unknown,"]
        {
            assert!(line.contains(part), "{part} in {line}");
        }
    }

    #[test]
    fn clocks_are_off_beyond_the_warning() {
        let status = Status { peers: vec![peer(1), peer(2)], ..Status::default() };
        for (warning_ms, off) in [(500, "clocks_off:2\r\n"), (501, "clocks_off:0\r\n")] {
            let mut report = Report::default();
            write(&status, warning_ms, &mut report);
            assert!(report.text().contains(off), "{off} in {}", report.text());
            assert!(report.text().contains("peers:2\r\npeer0:node=00000001,"));
        }
    }
}
