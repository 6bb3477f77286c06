//! A heartbeat on one side of a cut keeps its session alive. What nobody refreshes is gone everywhere
//! at its deadline.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redis::Connection;

use crate::agreement::slowness;
use crate::clients::{ask, members, tell};
use crate::nodes::Cluster;
use crate::proxy::Way;

/// How long something lives, in seconds: long enough to cut and to look in between.
fn ttl_s() -> u64 {
    3 * u64::from(slowness())
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
    u64::try_from(since.as_millis()).expect("a time before the end of time")
}

/// When something ends: the clock of the node that was told has stood between these two.
#[derive(Clone, Copy, Debug)]
struct Deadline {
    earliest_ms: u64,
    latest_ms: u64,
}

/// Tells a node that something lives so long from now.
fn beat(client: &mut Connection, command: &str) -> Deadline {
    let before_ms = unix_ms();
    tell(client, &[command]);
    Deadline { earliest_ms: before_ms + 1000 * ttl_s(), latest_ms: unix_ms() + 1000 * ttl_s() }
}

/// Asks all nodes, until it is gone everywhere, whether it is there: up to its deadline it must be,
/// past that it must not.
fn ends_exactly(cluster: &Cluster, question: &str, deadline: Deadline) {
    all_end_exactly(cluster, &[(question, deadline)]);
}

fn all_end_exactly(cluster: &Cluster, questions: &[(&str, Deadline)]) {
    let mut clients: Vec<Connection> =
        cluster.running().map(|node| cluster.connect(node)).collect();
    let mut seen = 0;
    loop {
        let mut left = 0;
        for (node, client) in clients.iter_mut().enumerate() {
            for (question, deadline) in questions {
                let asked_ms = unix_ms();
                let is_there = ask::<i64>(client, question) != 0;
                let answered_ms = unix_ms();
                let told = format!("node {node}, {question}: {asked_ms}, {deadline:?}");
                assert!(is_there || answered_ms >= deadline.earliest_ms, "gone early: {told}");
                assert!(!is_there || asked_ms <= deadline.latest_ms, "there too long: {told}");
                left += usize::from(is_there);
            }
        }
        seen = seen.max(left);
        if left == 0 {
            assert_eq!(seen, clients.len() * questions.len(), "all was there everywhere before");
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_member_lives_as_long_as_somebody_beats_for_it() {
    let cluster = Cluster::start(3);
    let mut client = cluster.connect(0);
    let beat_ann = format!("SADDEX online {} ann", ttl_s());
    let first = beat(&mut client, &beat_ann);
    tell(&mut client, &[&format!("SADDEX online {} bob", ttl_s()), "SADD online carl"]);
    assert_eq!(ask::<i64>(&mut client, "WAIT 2 10000"), 2);
    cluster.between(&[0], &[1, 2], Way::Silent);
    // Only one side hears that ann is still here.
    while unix_ms() <= first.latest_ms + 200 {
        std::thread::sleep(Duration::from_millis(100));
        beat(&mut client, &beat_ann);
    }
    assert_eq!(members(&mut client, "online"), ["ann", "carl"]);
    for node in [1, 2] {
        let other = &mut cluster.connect(node);
        assert_eq!(members(other, "online"), ["carl"], "node {node}");
        assert_eq!(ask::<i64>(other, "SCARD online"), 1, "node {node}");
    }
    // The beat that is heard after the heal; there is time to look.
    tell(&mut client, &["SADDEX online 1000 ann"]);
    cluster.heal().converge();
    for node in 0..3 {
        let other = &mut cluster.connect(node);
        assert_eq!(members(other, "online"), ["ann", "carl"], "node {node}");
        assert_eq!(ask::<i64>(other, "SCARD online"), 2, "node {node}");
    }
    let last = beat(&mut client, &beat_ann);
    assert_eq!(ask::<i64>(&mut client, "WAIT 2 10000"), 2);
    ends_exactly(&cluster, "SISMEMBER online ann", last);
    for node in 0..3 {
        assert_eq!(ask::<i64>(&mut cluster.connect(node), "SCARD online"), 1, "node {node}");
    }
}

#[test]
fn a_session_lives_as_long_as_somebody_beats_for_it() {
    let cluster = Cluster::start(3);
    let mut client = cluster.connect(2);
    let set = format!("SET session 1 EX {}", ttl_s());
    let expire = format!("EXPIRE session {}", ttl_s());
    let first = beat(&mut client, &set);
    assert_eq!(ask::<i64>(&mut client, "WAIT 2 10000"), 2);
    cluster.between(&[2], &[0, 1], Way::Reset);
    tell(&mut client, &["INCR session"]);
    while unix_ms() <= first.latest_ms + 200 {
        std::thread::sleep(Duration::from_millis(100));
        beat(&mut client, &expire);
    }
    for node in [0, 1] {
        assert_eq!(ask::<i64>(&mut cluster.connect(node), "EXISTS session"), 0, "node {node}");
    }
    tell(&mut client, &["EXPIRE session 1000"]);
    cluster.heal().converge();
    for node in 0..3 {
        assert_eq!(ask::<i64>(&mut cluster.connect(node), "GET session"), 2, "node {node}");
    }
    let last = beat(&mut client, &expire);
    assert_eq!(ask::<i64>(&mut client, "WAIT 2 10000"), 2);
    ends_exactly(&cluster, "EXISTS session", last);
}

/// Nodes that cannot hear each other, each with its own clock, hide it at the same moment.
#[test]
fn a_deadline_needs_no_messages() {
    let cluster = Cluster::start(3);
    let mut client = cluster.connect(1);
    let session = beat(&mut client, &format!("SET session 1 EX {}", ttl_s()));
    let member = beat(&mut client, &format!("SADDEX online {} ann", ttl_s()));
    assert_eq!(ask::<i64>(&mut client, "WAIT 2 10000"), 2);
    for (these, those) in [(0, 1), (0, 2), (1, 2)] {
        cluster.between(&[these], &[those], Way::Reset);
    }
    // An increment that had not heard of it does not prolong it.
    tell(&mut cluster.connect(0), &["INCR session"]);
    let questions = [("EXISTS session", session), ("SISMEMBER online ann", member)];
    all_end_exactly(&cluster, &questions);
    // It was counted in the life that is over; this is a new one.
    assert_eq!(ask::<i64>(&mut cluster.connect(0), "INCR session"), 1);
    cluster.heal().converge();
    for node in 0..3 {
        assert_eq!(ask::<i64>(&mut cluster.connect(node), "GET session"), 1, "node {node}");
    }
}
