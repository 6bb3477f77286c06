//! Who lacks the cluster's secret gets nothing, and can give nothing.

use redis::Connection;

use crate::clients::{ask, tell};
use crate::nodes::Cluster;
use crate::support::eventually;

#[test]
fn who_lacks_the_secret_gets_nothing() {
    for secret in ["another one", ""] {
        let mut cluster = Cluster::with(2, &["--cluster-secret", "the one"]);
        let mut client = cluster.connect(0);
        tell(&mut client, &["INCR views"]);
        let first = cluster.network.address(0).to_string();
        let peer = ["--cluster-peer", &first, "--cluster-node-timeout", "1000"];
        cluster.run_with(2, &[&peer[..], &["--cluster-secret", secret]].concat());
        let mut stranger = cluster.connect(2);
        tell(&mut stranger, &["SADD online eve"]);
        let reason = "the secret is another one (cluster-secret)";
        for node in [0, 2] {
            eventually("both say why", || cluster.log(node).contains(reason));
        }
        assert_eq!(ask::<usize>(&mut stranger, "DBSIZE"), 1);
        assert_eq!(ask::<usize>(&mut client, "DBSIZE"), 1);
        assert_eq!(ask::<i64>(&mut client, "WAIT 2 300"), 1, "it is nobody");
        assert_eq!((cluster.peers(0).len(), cluster.peers(2).len()), (1, 0));
    }
}

/// Whoever had only the old one gets nothing more, and may come back with the new one.
#[test]
fn a_secret_that_changes_parts_who_does_not_have_it() {
    let cluster = Cluster::with(3, &["--cluster-secret", "old"]);
    let mut clients: Vec<Connection> = (0..3).map(|node| cluster.connect(node)).collect();
    let set = |client: &mut Connection| tell(client, &["CONFIG SET cluster-secret new"]);
    set(&mut clients[2]);
    for node in 0..2 {
        eventually("it is cut off", || cluster.peer(node, 2).contains(",link=down,"));
    }
    for (client, one) in clients.iter_mut().zip([1, 10, 100]) {
        tell(client, &[&format!("INCRBY views {one}")]);
    }
    assert_eq!(ask::<i64>(&mut clients[2], "WAIT 1 300"), 0);
    assert_eq!(ask::<i64>(&mut clients[2], "GET views"), 100);
    assert_eq!(ask::<i64>(&mut clients[0], "WAIT 2 300"), 1);
    eventually("two count together", || ask::<i64>(&mut clients[0], "GET views") == 11);
    clients[..2].iter_mut().for_each(set);
    cluster.hear_each_other();
    cluster.converge();
    assert_eq!(ask::<i64>(&mut clients[0], "GET views"), 111);
}
