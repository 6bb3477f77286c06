//! What is published on one node is heard on all that can be reached, once, and nothing waits for the others.

use crate::clients::ask;
use crate::nodes::Cluster;
use crate::proxy::Way;
use crate::support::{eventually, print};
use headcount::client::{Client, Reply};
use std::time::Duration;

fn subscriber(cluster: &Cluster, node: usize, command: &[&str]) -> Client {
    let mut client = cluster.server(node).connect();
    client.call(command).expect("a confirmation");
    client.set_timeout(Some(Duration::from_millis(300))).expect("a timeout");
    client
}

/// All that comes until nothing comes.
fn heard(client: &mut Client) -> Vec<String> {
    let text = |reply: Reply| match reply {
        Reply::Array(items) => items.iter().map(print::text).collect::<Vec<_>>().join(" "),
        reply => panic!("no message: {reply:?}"),
    };
    std::iter::from_fn(|| client.receive().ok().map(text)).collect()
}

fn number(cluster: &Cluster, node: usize, field: &str) -> u64 {
    cluster.server(node).info(field).and_then(|text| text.parse().ok()).expect("a number")
}

#[test]
fn all_nodes_hear_what_one_publishes_once_and_in_its_order() {
    let cluster = Cluster::start(3);
    cluster.hear_each_other();
    let mut all: Vec<_> =
        (0..3).map(|node| subscriber(&cluster, node, &["SUBSCRIBE", "c"])).collect();
    let mut by_pattern = subscriber(&cluster, 1, &["PSUBSCRIBE", "c*"]);
    let mut of_shard = subscriber(&cluster, 2, &["SSUBSCRIBE", "c"]);
    let mut publisher = cluster.connect(0);
    for number in 0..100 {
        let here: i64 = ask(&mut publisher, &format!("PUBLISH c {number}"));
        assert_eq!(here, 1, "those of its own node are counted");
    }
    assert_eq!(ask::<i64>(&mut publisher, "SPUBLISH c shard"), 0);
    let expected: Vec<String> = (0..100).map(|number| format!("message c {number}")).collect();
    for client in &mut all {
        assert_eq!(heard(client), expected);
    }
    assert_eq!(heard(&mut by_pattern).len(), 100);
    assert_eq!(heard(&mut of_shard), ["smessage c shard"]);
    assert_eq!(number(&cluster, 0, "pubsub_sent_to_peers"), 202);
    assert_eq!(number(&cluster, 1, "pubsub_received_from_peers"), 101);
    assert_eq!(number(&cluster, 1, "pubsub_sent_to_peers"), 0, "what comes is not passed on");
}

#[test]
fn what_cannot_be_told_is_dropped_and_counted() {
    let cluster = Cluster::start(3);
    cluster.hear_each_other();
    let mut far = subscriber(&cluster, 2, &["SUBSCRIBE", "c"]);
    let mut near = subscriber(&cluster, 1, &["SUBSCRIBE", "c"]);
    cluster.between(&[2], &[0, 1], Way::Reset);
    eventually("the link is down", || cluster.peer(0, 2).contains(",link=down,"));
    let mut publisher = cluster.connect(0);
    assert_eq!(ask::<i64>(&mut publisher, "PUBLISH c lost"), 0);
    assert_eq!(heard(&mut near), ["message c lost"]);
    eventually("it is counted", || number(&cluster, 0, "pubsub_dropped_for_peers") == 1);
    cluster.heal().converge();
    cluster.hear_each_other();
    assert_eq!(ask::<i64>(&mut publisher, "PUBLISH c heard"), 0);
    assert_eq!(heard(&mut far), ["message c heard"], "what was lost does not come later");
}

/// A peer that takes nothing holds up neither the publisher nor memory.
#[test]
fn a_peer_that_hangs_holds_up_nobody() {
    let cluster = Cluster::start(2);
    cluster.hear_each_other();
    cluster.between(&[1], &[0], Way::Silent);
    let mut publisher = cluster.server(0).connect();
    // What cannot be compressed.
    let noise = |number: &mut u32| {
        *number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some((*number >> 24) as u8)
    };
    let mut state = 1;
    let message: Vec<u8> = std::iter::from_fn(|| noise(&mut state)).take(1 << 20).collect();
    for _ in 0..60 {
        let reply = publisher.call(&[&b"PUBLISH"[..], b"c", &message]).expect("a reply");
        assert_eq!(reply, Reply::Integer(0));
    }
    eventually("what does not fit is dropped", || {
        number(&cluster, 0, "pubsub_dropped_for_peers") > 0
    });
}

/// What another node has changed is told to the caches of this one.
#[test]
fn caches_hear_of_changes_that_come_from_peers() {
    let cluster = Cluster::start(2);
    cluster.hear_each_other();
    let mut reader = cluster.server(1).connect();
    reader.hello3().expect("RESP3");
    reader.call(&["CLIENT", "TRACKING", "ON"]).expect("a reply");
    reader.call(&["GET", "k"]).expect("a reply");
    crate::clients::tell(&mut cluster.connect(0), &["INCR k"]);
    let push = reader.receive().expect("a push");
    let key = Reply::Array(vec![Reply::Bulk(b"k".to_vec())]);
    assert_eq!(push, Reply::Push(vec![Reply::Bulk(b"invalidate".to_vec()), key]));
    assert_eq!(reader.call(&["GET", "k"]).expect("a reply"), Reply::Bulk(b"1".to_vec()));
}
