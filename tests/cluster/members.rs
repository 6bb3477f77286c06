//! Nodes join late, leave in good order, are forgotten and come back.

use crate::clients::{ask, members, tell};
use crate::nodes::Cluster;
use crate::proxy::Way;
use crate::support::eventually;

#[test]
fn a_node_that_joins_late_gets_the_whole_state() {
    let mut cluster = Cluster::start(2);
    for node in 0..2 {
        let client = &mut cluster.connect(node);
        let mut pipeline = redis::pipe();
        for key in 0..2000 {
            pipeline.cmd("INCRBY").arg(format!("views:{key}")).arg(key);
            pipeline.cmd("SADD").arg("online").arg(format!("member {key} of {node}"));
        }
        pipeline.cmd("SADD").arg("gone").arg("x").cmd("SREM").arg("gone").arg("x");
        pipeline.query::<redis::Value>(client).expect("replies");
    }
    cluster.run(2);
    // As soon as it answers, it counts.
    tell(&mut cluster.connect(2), &["INCRBY views:7 1000"]);
    cluster.hear_each_other();
    cluster.converge();
    let client = &mut cluster.connect(2);
    assert_eq!(ask::<usize>(client, "DBSIZE"), 2001);
    assert_eq!(ask::<usize>(client, "SCARD online"), 4000);
    assert_eq!(ask::<i64>(client, "GET views:1999"), 2 * 1999);
    assert_eq!(ask::<i64>(&mut cluster.connect(0), "GET views:7"), 1014);
}

#[test]
fn nodes_that_know_nobody_meet() {
    let mut cluster = Cluster::planned(&[]);
    for node in 0..3 {
        cluster.run_with(node, &[]);
        tell(&mut cluster.connect(node), &["INCR views"]);
    }
    // In a chain: the rest is learnt.
    for (node, other) in [(0, 1), (1, 2)] {
        let address = cluster.network.address(other);
        let command = format!("CLUSTER MEET {} {}", address.ip(), address.port());
        assert_eq!(ask::<String>(&mut cluster.connect(node), &command), "OK");
    }
    cluster.hear_each_other();
    cluster.converge();
    for node in 0..3 {
        let client = &mut cluster.connect(node);
        assert_eq!(ask::<i64>(client, "GET views"), 3);
        let lines: String = ask(client, "CLUSTER NODES");
        assert_eq!(lines.lines().filter(|line| line.contains(" connected ")).count(), 3, "{lines}");
    }
}

#[test]
fn a_node_that_leaves_hands_over_its_last_writes() {
    let mut cluster = Cluster::start(3);
    let mut client = cluster.connect(2);
    let mut pipeline = redis::pipe();
    for _ in 0..1000 {
        pipeline.cmd("INCR").arg("views").cmd("SADD").arg("online").arg("ann");
    }
    pipeline.query::<redis::Value>(&mut client).expect("replies");
    // At once: what was answered last may not even be drained.
    cluster.stop(2);
    cluster.converge();
    for node in 0..2 {
        let client = &mut cluster.connect(node);
        assert_eq!(ask::<i64>(client, "GET views"), 1000, "node {node}");
        assert_eq!(members(client, "online"), ["ann"], "node {node}");
    }
    // Nobody waits for it.
    assert_eq!(ask::<i64>(&mut cluster.connect(0), "WAIT 1 10000"), 1);
    eventually("it is no peer any more", || cluster.peers(0).len() == 1);
    cluster.run(2);
    cluster.hear_each_other();
    cluster.converge();
    assert_eq!(ask::<i64>(&mut cluster.connect(2), "GET views"), 1000, "it is back");
}

/// For how long the dead are kept in any case follows from how far clocks may differ. These do not.
const SOON: [&str; 2] = ["--cluster-max-stamp-ahead", "300"];

fn forget(cluster: &Cluster, node: usize, whom: usize) {
    let answer: String = ask(&mut cluster.connect(node), &format!("CLUSTER FORGET {:x}", whom + 1));
    assert_eq!(answer, "OK");
}

fn tombstones(cluster: &Cluster, node: usize) -> u64 {
    let text = cluster.server(node).info("tombstones_waiting").expect("a field");
    text.parse().expect("a number")
}

#[test]
fn what_is_deleted_is_remembered_for_who_is_away_until_it_is_forgotten() {
    let mut cluster = Cluster::with(3, &SOON);
    let mut client = cluster.connect(0);
    tell(&mut client, &["INCRBY views 5", "SADD online ann bob"]);
    assert_eq!(ask::<i64>(&mut client, "WAIT 2 10000"), 2);
    cluster.kill(2);
    tell(&mut client, &["DEL views", "SREM online bob"]);
    assert_eq!(ask::<i64>(&mut client, "WAIT 1 10000"), 1);
    eventually("it waits", || tombstones(&cluster, 0) > 0 && tombstones(&cluster, 1) > 0);
    // Longer than where nobody is missing.
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert!(tombstones(&cluster, 0) > 0 && tombstones(&cluster, 1) > 0);
    forget(&cluster, 0, 2);
    for node in 0..2 {
        eventually("the others hear of it", || cluster.peers(node).len() == 1);
        eventually("nobody waits any more", || tombstones(&cluster, node) == 0);
    }
    cluster.run(2);
    cluster.hear_each_other();
    cluster.converge();
    let client = &mut cluster.connect(2);
    assert_eq!(ask::<i64>(client, "EXISTS views"), 0);
    assert_eq!(members(client, "online"), ["ann"]);
}

/// It has missed what was deleted and collected, and has counted by itself: it takes over the state of
/// the others, and hands them what is new.
#[test]
fn a_forgotten_node_that_had_counted_on_comes_back_with_its_counts() {
    let cluster = Cluster::with(3, &SOON);
    let mut client = cluster.connect(0);
    tell(&mut client, &["INCRBY views 5", "INCRBY visits 5", "SADD online ann bob"]);
    assert_eq!(ask::<i64>(&mut client, "WAIT 2 10000"), 2);
    let mut away = cluster.connect(2);
    tell(&mut away, &["INCRBY views 10", "INCRBY visits 10"]);
    assert_eq!(ask::<i64>(&mut away, "WAIT 2 10000"), 2);
    cluster.between(&[2], &[0, 1], Way::Reset);
    eventually("it is missed", || !cluster.peer(0, 2).contains(",link=up,"));
    tell(&mut away, &["INCRBY views 100", "INCRBY visits 100", "SADD online eve"]);
    tell(&mut client, &["INCRBY views 1000", "DEL visits", "SREM online bob"]);
    forget(&cluster, 0, 2);
    for node in 0..2 {
        eventually("it is forgotten", || cluster.peers(node).len() == 1);
        eventually("nobody waits for it", || tombstones(&cluster, node) == 0);
    }
    cluster.heal();
    cluster.hear_each_other();
    cluster.converge();
    for node in 0..3 {
        let client = &mut cluster.connect(node);
        assert_eq!(ask::<i64>(client, "GET views"), 1115, "node {node}");
        assert_eq!(ask::<i64>(client, "GET visits"), 100, "node {node}: what DEL had not seen");
        assert_eq!(members(client, "online"), ["ann", "eve"], "node {node}");
    }
}
