//! Lists and tokens between nodes.

use std::time::Duration;

use crate::clients::{ask, tell};
use crate::nodes::Cluster;
use crate::proxy::Way;
use crate::support::eventually;

#[test]
fn who_waits_is_served_by_what_peers_push() {
    let cluster = Cluster::start(2);
    let mut waiting = cluster.connect(0);
    let waiter = std::thread::spawn(move || {
        ["BLPOP jobs 0", "BLMOVE jobs done LEFT RIGHT 0"].map(|command| {
            let reply: redis::Value = ask(&mut waiting, command);
            format!("{reply:?}")
        })
    });
    let mut other = cluster.connect(1);
    let mut watched = cluster.connect(0);
    for _ in 0..2 {
        eventually("it waits", || {
            ask::<String>(&mut watched, "INFO clients").contains("blocked_clients:1")
        });
        tell(&mut other, &["RPUSH jobs job"]);
        eventually("it was served", || ask::<u64>(&mut other, "LLEN jobs") == 0);
    }
    let replies = waiter.join().expect("served");
    assert!(replies.iter().all(|reply| reply.contains("job")), "{replies:?}");
    eventually("it is moved on both", || {
        ask::<Vec<String>>(&mut other, "LRANGE done 0 -1") == ["job"]
    });
}

/// Both halves go on pushing; no element is lost, and both show one order.
#[test]
fn a_queue_that_is_cut_in_two_is_whole_again() {
    let cluster = Cluster::start(2);
    let mut clients = [cluster.connect(0), cluster.connect(1)];
    tell(&mut clients[0], &["RPUSH jobs first", "WAIT 1 10000"]);
    cluster.between(&[0], &[1], Way::Reset);
    for number in 0..20 {
        for (node, client) in clients.iter_mut().enumerate() {
            tell(
                client,
                &[&format!("RPUSH jobs {node}-{number}"), &format!("LPUSH jobs {node}+{number}")],
            );
        }
    }
    tell(&mut clients[1], &["LREM jobs 0 first"]);
    cluster.heal();
    cluster.converge();
    let shown: Vec<Vec<String>> =
        clients.iter_mut().map(|client| ask(client, "LRANGE jobs 0 -1")).collect();
    assert_eq!(shown[0], shown[1]);
    assert_eq!(shown[0].len(), 80);
    for node in 0..2 {
        let own = |sign: char| {
            let start = format!("{node}{sign}");
            shown[0].iter().filter(|text| text.starts_with(&start)).cloned().collect::<Vec<_>>()
        };
        let expected: Vec<String> = (0..20).map(|number| format!("{node}-{number}")).collect();
        assert_eq!(own('-'), expected, "what one node pushed stays in its order");
        let expected: Vec<String> =
            (0..20).rev().map(|number| format!("{node}+{number}")).collect();
        assert_eq!(own('+'), expected);
    }
}

/// Trap 7: a client that did not hear the reply asks another node.
#[test]
fn a_retry_through_another_node_is_answered_as_the_first() {
    let cluster = Cluster::start(2);
    let (mut first, mut second) = (cluster.connect(0), cluster.connect(1));
    assert_eq!(ask::<i64>(&mut first, "ONCE token INCRBY k 5"), 5);
    tell(&mut first, &["INCR k"]);
    assert_eq!(ask::<i64>(&mut first, "WAIT 1 10000"), 1);
    assert_eq!(ask::<i64>(&mut second, "ONCE token INCRBY k 5"), 5);
    assert_eq!(ask::<i64>(&mut second, "GET k"), 6);
    assert_eq!(ask::<i64>(&mut second, "ONCE other INCRBY k 5"), 11);
    eventually("both count", || ask::<i64>(&mut first, "GET k") == 11);
    // The record and what was done come together, however the nodes hear of them.
    cluster.between(&[0], &[1], Way::Reset);
    assert_eq!(ask::<i64>(&mut first, "ONCE third INCRBY k 100"), 111);
    std::thread::sleep(Duration::from_millis(100));
    cluster.heal();
    eventually("it has arrived", || ask::<i64>(&mut second, "GET k") == 111);
    assert_eq!(ask::<i64>(&mut second, "ONCE third INCRBY k 100"), 111);
    assert_eq!(ask::<i64>(&mut second, "GET k"), 111);
}

/// The numbers that a script sees of five keys: what arrives is not taken in beside one.
#[test]
fn peers_see_all_of_a_script_or_nothing() {
    let cluster = Cluster::start(2);
    let (mut writer, mut reader) = (cluster.connect(0), cluster.connect(1));
    let writing = std::thread::spawn(move || {
        let script = "for i = 1, 5 do redis.call('incr', 'part:' .. i) end return redis.call('rpush', 'jobs', 1)";
        for _ in 0..300 {
            let eval = redis::cmd("EVAL").arg(script).arg(0).query(&mut writer);
            let _: u64 = eval.expect("it runs");
        }
    });
    let mut seen = 0;
    eventually("the peer has seen the last", || {
        let script = "return redis.call('mget', 'part:1', 'part:2', 'part:3', 'part:4', 'part:5')";
        let eval = redis::cmd("EVAL").arg(script).arg(0).query(&mut reader);
        let parts: Vec<Option<u64>> = eval.expect("it runs");
        assert!(parts.iter().all(|part| *part == parts[0]), "{parts:?}");
        let last = parts[0].unwrap_or(0);
        assert!(last >= seen);
        seen = last;
        seen == 300
    });
    writing.join().expect("written");
    assert_eq!(ask::<u64>(&mut reader, "LLEN jobs"), 300);
}
