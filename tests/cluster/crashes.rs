//! A node that is killed has lost its memory. It gets back what others hold, and nothing twice.

use std::thread;

use crate::clients::{ask, members, tell, try_ask};
use crate::nodes::Cluster;
use crate::proxy::Way;

#[test]
fn a_killed_node_gets_everything_back() {
    let mut cluster = Cluster::start(3);
    for (node, one) in [1, 10, 100].into_iter().enumerate() {
        let client = &mut cluster.connect(node);
        tell(client, &["SELECT 5", &format!("SADD online n{node}"), "SELECT 0"]);
        for _ in 0..5 {
            ask::<i64>(client, &format!("INCRBY views {one}"));
        }
        assert_eq!(ask::<i64>(client, "WAIT 2 10000"), 2);
    }
    cluster.kill(1);
    tell(&mut cluster.connect(0), &["INCRBY views 2"]);
    tell(&mut cluster.connect(2), &["INCRBY views 200"]);
    cluster.run(1);
    cluster.converge();
    tell(&mut cluster.connect(1), &["INCRBY views 20"]);
    cluster.converge();
    for node in 0..3 {
        let client = &mut cluster.connect(node);
        assert_eq!(ask::<i64>(client, "GET views"), 555 + 222, "node {node}");
        tell(client, &["SELECT 5"]);
        assert_eq!(members(client, "online"), ["n0", "n1", "n2"], "node {node}");
    }
}

/// Each start of a node writes in an epoch of its own: max-merge must not swallow it.
#[test]
fn all_nodes_may_be_killed_in_turn_again_and_again() {
    let mut cluster = Cluster::start(3);
    let mut expected = 0;
    for round in 0..2 {
        for node in [0, 1, 2] {
            for counting in cluster.running() {
                let client = &mut cluster.connect(counting);
                tell(client, &["INCR views", "DEL visits", "INCR visits"]);
                assert_eq!(ask::<i64>(client, "WAIT 2 10000"), 2);
                expected += 1;
            }
            cluster.kill(node);
            cluster.run(node);
            cluster.hear_each_other();
            cluster.converge();
            let views: i64 = ask(&mut cluster.connect(node), "GET views");
            assert_eq!(views, expected, "round {round}, after node {node} was killed");
        }
    }
    // The last one to delete had seen the others' counts.
    assert_eq!(ask::<i64>(&mut cluster.connect(0), "GET visits"), 1);
}

/// What was confirmed is there, what was not may be lost with the node, and nothing is there twice.
#[test]
fn a_node_may_be_killed_while_clients_count() {
    let mut cluster = Cluster::start(3);
    let mut client = cluster.connect(2);
    let counting = thread::spawn(move || {
        let (mut sent, mut confirmed) = (0_i64, 0_i64);
        loop {
            sent += 1;
            if try_ask::<i64>(&mut client, "INCR views").is_err() {
                return (sent, confirmed);
            }
            if sent % 50 == 0 && try_ask(&mut client, "WAIT 2 10000") == Ok(2) {
                confirmed = sent;
            }
        }
    });
    let mut watching = cluster.connect(0);
    crate::support::eventually("counts arrive", || {
        ask::<Option<i64>>(&mut watching, "GET views").is_some_and(|views| views > 500)
    });
    cluster.kill(2);
    let (sent, confirmed) = counting.join().expect("a client that counted");
    cluster.run(2);
    cluster.hear_each_other();
    cluster.converge();
    let views: i64 = ask(&mut watching, "GET views");
    assert!((confirmed..=sent).contains(&views), "{confirmed} <= {views} <= {sent}");
    tell(&mut cluster.connect(2), &["INCRBY views 1000000"]);
    cluster.converge();
    assert_eq!(ask::<i64>(&mut watching, "GET views"), views + 1_000_000);
}

/// What it had told nobody is lost with it, and only that.
#[test]
fn a_node_killed_while_it_is_cut_off_loses_what_it_had_told_nobody() {
    let mut cluster = Cluster::with(3, &["--cluster-node-timeout", "1000"]);
    let mut client = cluster.connect(2);
    tell(&mut client, &["INCRBY views 7"]);
    assert_eq!(ask::<i64>(&mut client, "WAIT 2 10000"), 2);
    cluster.between(&[2], &[0, 1], Way::Silent);
    tell(&mut client, &["INCRBY views 1000", "SADD online ghost"]);
    assert_eq!(ask::<i64>(&mut client, "WAIT 1 300"), 0, "nobody can have it");
    // From now on nothing that it had sent can arrive.
    cluster.between(&[2], &[0, 1], Way::Reset);
    cluster.kill(2);
    tell(&mut cluster.connect(0), &["INCRBY views 30"]);
    cluster.run(2);
    // It answers although it can reach nobody.
    tell(&mut cluster.connect(2), &["INCRBY views 500"]);
    cluster.heal().converge();
    for node in 0..3 {
        let client = &mut cluster.connect(node);
        assert_eq!(ask::<i64>(client, "GET views"), 537, "node {node}");
        assert_eq!(ask::<i64>(client, "EXISTS online"), 0, "node {node}");
    }
}
