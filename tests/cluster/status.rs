//! Users can ask how old a count may be: COUNTER.INFO and INFO tell what each peer has not confirmed.

use std::collections::HashMap;

use redis::{Connection, Value};

use crate::clients::{ask, tell};
use crate::nodes::Cluster;
use crate::proxy::Way;
use crate::support::eventually;

/// One of the maps of COUNTER.INFO, by nodes' ids.
fn part(client: &mut Connection, key: &str, name: &str) -> HashMap<String, i64> {
    let mut report: HashMap<String, Value> = ask(client, &format!("COUNTER.INFO {key}"));
    let part = report.remove(name).unwrap_or_else(|| panic!("no {name} in {report:?}"));
    redis::from_redis_value(part).expect("numbers by nodes")
}

fn by_node<const N: usize>(parts: [(&str, i64); N]) -> HashMap<String, i64> {
    parts.into_iter().map(|(node, part)| (node.to_owned(), part)).collect()
}

const IDS: [&str; 3] = ["00000001", "00000002", "00000003"];

#[test]
fn a_counter_tells_what_has_not_been_confirmed() {
    let cluster = Cluster::start(3);
    let mut client = cluster.connect(0);
    for (node, one) in [1, 10, 100].into_iter().enumerate() {
        tell(&mut cluster.connect(node), &[&format!("INCRBY views {one}")]);
    }
    cluster.converge();
    let nobody = by_node([(IDS[1], 0), (IDS[2], 0)]);
    eventually("all is confirmed", || part(&mut client, "views", "unconfirmed") == nobody);
    cluster.between(&[2], &[0, 1], Way::Silent);
    tell(&mut client, &["INCRBY views 5", "DECRBY views 2"]);
    assert_eq!(ask::<i64>(&mut client, "WAIT 1 10000"), 1);
    let one_lacks_3 = by_node([(IDS[1], 0), (IDS[2], 3)]);
    assert_eq!(part(&mut client, "views", "unconfirmed"), one_lacks_3);
    let contributions = by_node([(IDS[0], 4), (IDS[1], 10), (IDS[2], 100)]);
    assert_eq!(part(&mut client, "views", "contributions"), contributions);
    eventually("its last word is old", || part(&mut client, "views", "heard_ms")[IDS[2]] > 500);
    cluster.heal().converge();
    eventually("all is confirmed", || part(&mut client, "views", "unconfirmed") == nobody);
    for node in 0..3 {
        let client = &mut cluster.connect(node);
        assert_eq!(part(client, "views", "contributions"), contributions, "node {node}");
    }
}

/// A number of a peer's line in INFO.
fn number(peer: &str, field: &str) -> u64 {
    let value = peer.split(',').find_map(|part| part.strip_prefix(field)?.strip_prefix('='));
    let value = value.unwrap_or_else(|| panic!("no {field} in {peer}"));
    value.parse().unwrap_or_else(|_| panic!("{field} is no number in {peer}"))
}

#[test]
fn info_tells_what_a_cut_does() {
    let flags = ["--cluster-node-timeout", "1000", "--cluster-max-stamp-ahead", "300"];
    let cluster = Cluster::with(3, &flags);
    let mut client = cluster.connect(0);
    tell(&mut client, &["SET a 1"]);
    assert_eq!(ask::<i64>(&mut client, "WAIT 2 10000"), 2);
    for way in [Way::Reset, Way::Silent] {
        cluster.between(&[2], &[0, 1], way);
        // Each write a batch of its own.
        for key in ["a", "b", "c"] {
            tell(&mut client, &[&format!("INCR {key}")]);
            assert_eq!(ask::<i64>(&mut client, "WAIT 1 10000"), 1);
        }
        let peer = cluster.peer(0, 2);
        assert!(number(&peer, "unconfirmed_batches") >= 3, "{peer}");
        assert!(number(&peer, "unconfirmed_deltas") >= 3, "{peer}");
        eventually("it lags", || number(&cluster.peer(0, 2), "lag_ms") > 500);
        eventually("it is silent", || number(&cluster.peer(0, 2), "last_contact_ms") > 500);
        eventually("it is down", || cluster.peer(0, 2).contains(",health=down,"));
        assert_eq!(cluster.peer(0, 2).contains(",link=down,"), way == Way::Reset);
        eventually("the others are well", || {
            let peer = cluster.peer(0, 1);
            peer.contains(",health=alive,link=up,") && peer.contains(",unconfirmed_deltas=0,")
        });
        tell(&mut client, &["DEL c"]);
        let waiting = || cluster.server(0).info("tombstones_waiting").expect("a field");
        eventually("the dead wait for it", || waiting() != "0");
        cluster.heal().converge();
        for node in 0..3 {
            eventually("all is well again", || {
                let is_well = |peer: &String| {
                    peer.contains(",health=alive,link=up,") && peer.contains(",lag_ms=0,")
                };
                cluster.peers(node).iter().filter(|peer| is_well(peer)).count() == 2
            });
        }
        eventually("the dead are gone", || waiting() == "0");
    }
    let peer = cluster.peer(0, 2);
    assert!(number(&peer, "bytes_in") > 0 && number(&peer, "bytes_out") > 0, "{peer}");
}
