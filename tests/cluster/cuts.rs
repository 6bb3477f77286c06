//! A cluster that is cut keeps counting on all sides, and the counts add up when it heals.

use std::time::Duration;

use redis::Connection;

use crate::clients::{ask, members, tell};
use crate::nodes::Cluster;
use crate::proxy::Way;

/// What clients of three nodes do while these cannot hear each other, and what all must agree on.
fn count_apart(cluster: &Cluster) {
    let mut clients: Vec<Connection> = (0..3).map(|node| cluster.connect(node)).collect();
    // One digit each: lost and doubled ones show.
    for (client, one) in clients.iter_mut().zip([1, 10, 100]) {
        for _ in 0..4 {
            ask::<i64>(client, &format!("INCRBY views {one}"));
        }
        ask::<i64>(client, "INCR visits");
        ask::<i64>(client, "DECRBY stock 7");
        tell(
            client,
            &[&format!("SADD online n{one} both"), "SREM online both", "SADD online both"],
        );
        tell(client, &[&format!("SADDEX online 1000 m{one}"), &format!("SET page p{one}")]);
        // The stamps of what is SET differ.
        std::thread::sleep(Duration::from_millis(2));
        tell(client, &["INCRBYFLOAT price 0.25", &format!("SET own:{one} {one}")]);
    }
    // Takes away what it has seen: 1 and what was there, not what others count meanwhile.
    tell(&mut clients[0], &["DEL visits", "SREM online old"]);
    // Adds win over a removal that has not seen them.
    tell(&mut clients[2], &["SADD online old", "SET base 1000"]);
    tell(&mut clients[1], &["INCRBY base 5"]);
}

/// What was there before: `visits` 40, `stock` 100, `base` 1, `online` old and away.
fn prepare(cluster: &Cluster) {
    let mut client = cluster.connect(0);
    tell(&mut client, &["INCRBY visits 40", "SET stock 100", "SET base 1", "SADD online old away"]);
    assert_eq!(ask::<i64>(&mut client, "WAIT 2 10000"), 2);
}

fn check(cluster: &Cluster) {
    for node in cluster.running() {
        let client = &mut cluster.connect(node);
        assert_eq!(ask::<i64>(client, "GET views"), 444, "node {node}");
        assert_eq!(ask::<i64>(client, "GET visits"), 2, "node {node}");
        assert_eq!(ask::<i64>(client, "GET stock"), 100 - 21, "node {node}");
        assert_eq!(ask::<f64>(client, "GET price"), 0.75, "node {node}");
        // SET was told after it had been counted on, without seeing that.
        assert_eq!(ask::<i64>(client, "GET base"), 1005, "node {node}");
        let online = ["away", "both", "m1", "m10", "m100", "n1", "n10", "n100", "old"];
        assert_eq!(members(client, "online"), online, "node {node}");
        assert_eq!(ask::<i64>(client, "SCARD online"), 9, "node {node}");
        assert_eq!(ask::<String>(client, "GET page"), "p100", "node {node}: the latest");
        for one in [1, 10, 100] {
            assert_eq!(ask::<i64>(client, &format!("GET own:{one}")), one, "node {node}");
        }
    }
}

fn cut_and_heal(way: Way) {
    let cluster = Cluster::start(3);
    prepare(&cluster);
    for (these, those) in [(0, 1), (0, 2), (1, 2)] {
        cluster.between(&[these], &[those], way);
    }
    count_apart(&cluster);
    for node in 0..3 {
        let views: i64 = ask(&mut cluster.connect(node), "GET views");
        assert_eq!(views, 4 * [1, 10, 100][node], "nobody has heard of the others");
    }
    cluster.heal().converge();
    check(&cluster);
}

#[test]
fn counts_add_up_after_connections_were_reset() {
    cut_and_heal(Way::Reset);
}

#[test]
fn counts_add_up_after_a_silence() {
    cut_and_heal(Way::Silent);
}

/// Who hears a node that another cannot hear, passes on what it said.
#[test]
fn a_cut_between_two_is_bridged_by_the_third() {
    let cluster = Cluster::with(3, &["--cluster-sync-interval", "1"]);
    cluster.between(&[0], &[1], Way::Reset);
    let (mut one, mut other) = (cluster.connect(0), cluster.connect(1));
    for _ in 0..20 {
        ask::<i64>(&mut one, "INCR views");
        ask::<i64>(&mut other, "INCRBY views 100");
    }
    cluster.converge();
    for node in 0..3 {
        assert_eq!(ask::<i64>(&mut cluster.connect(node), "GET views"), 2020);
    }
    tell(&mut other, &["DEL views", "SADD online ann"]);
    cluster.converge();
    assert_eq!(ask::<i64>(&mut one, "EXISTS views"), 0);
    assert_eq!(members(&mut one, "online"), ["ann"]);
}

#[test]
fn who_is_heard_and_hears_nobody_counts_too() {
    for way in [Way::Reset, Way::Silent] {
        let cluster = Cluster::start(3);
        prepare(&cluster);
        cluster.network.set(1, 0, way);
        cluster.network.set(2, 0, way);
        count_apart(&cluster);
        cluster.heal().converge();
        let views: i64 = ask(&mut cluster.connect(0), "GET views");
        assert_eq!(views, 444, "{way:?}");
    }
}

/// 1,000 letters that cannot be compressed much.
fn noise(seed: u64) -> String {
    let words = (0..63).map(|word: u64| (seed << 6 | word).to_le_bytes());
    words.map(|word| format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&word))).collect()
}

/// More than a node keeps for those that lag: what they miss is found by comparing.
#[test]
fn a_cut_may_be_longer_than_the_window() {
    let cluster = Cluster::with(3, &["--cluster-window", "1mb"]);
    cluster.between(&[0], &[1, 2], Way::Reset);
    for node in 0..2 {
        let client = &mut cluster.connect(node);
        for round in 0..4 {
            let mut pipeline = redis::pipe();
            for key in 0..1000 {
                pipeline.cmd("SET").arg(format!("{node}:{key}")).arg(noise(key + round));
                pipeline.cmd("INCR").arg(format!("views:{key}"));
            }
            pipeline.query::<redis::Value>(client).expect("replies");
        }
    }
    let told = |node: usize, field: &str| -> u64 {
        let text = cluster.server(node).info(field).expect("a field");
        text.parse().expect("a number")
    };
    crate::support::eventually("the window is bounded", || told(0, "window_bytes") <= 1 << 20);
    cluster.heal();
    cluster.converge();
    for node in 0..3 {
        let client = &mut cluster.connect(node);
        assert_eq!(ask::<usize>(client, "DBSIZE"), 3000);
        assert!((0..1000).all(|key| ask::<i64>(client, &format!("GET views:{key}")) == 8));
        assert_eq!(ask::<String>(client, "GET 0:999"), noise(999 + 3));
    }
    let pulled: u64 = (0..3).map(|node| told(node, "keys_pulled")).sum();
    assert!(pulled >= 1000, "they were compared: {pulled}");
}

#[test]
fn a_slow_network_only_takes_longer() {
    let cluster = Cluster::start(3);
    for (these, those) in [(0, 1), (0, 2), (1, 2)] {
        cluster.between(&[these], &[those], Way::Slow(Duration::from_millis(100)));
    }
    prepare(&cluster);
    count_apart(&cluster);
    cluster.converge();
    for node in 0..3 {
        assert_eq!(ask::<i64>(&mut cluster.connect(node), "GET views"), 444, "node {node}");
    }
}
