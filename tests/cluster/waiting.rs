//! WAIT answers how many peers hold what this connection has written.

use std::time::{Duration, Instant};

use crate::clients::{ask, tell};
use crate::nodes::Cluster;
use crate::proxy::Way;

#[test]
fn wait_counts_who_has_confirmed_and_no_others() {
    let cluster = Cluster::start(3);
    let mut client = cluster.connect(0);
    for number in 1..=50 {
        tell(&mut client, &["INCR views"]);
        assert_eq!(ask::<i64>(&mut client, "WAIT 2 10000"), 2);
        for node in [1, 2] {
            assert_eq!(ask::<i64>(&mut cluster.connect(node), "GET views"), number);
        }
    }
    for way in [Way::Silent, Way::Reset] {
        cluster.between(&[2], &[0, 1], way);
        tell(&mut client, &["INCR views"]);
        assert_eq!(ask::<i64>(&mut client, "WAIT 1 10000"), 1, "{way:?}");
        let begun = Instant::now();
        assert_eq!(ask::<i64>(&mut client, "WAIT 2 300"), 1, "{way:?}");
        assert!(begun.elapsed() >= Duration::from_millis(300), "{way:?}");
        cluster.between(&[1], &[0], way);
        tell(&mut client, &["INCR views"]);
        assert_eq!(ask::<i64>(&mut client, "WAIT 1 300"), 0, "{way:?}: all are away");
        cluster.heal();
        assert_eq!(ask::<i64>(&mut client, "WAIT 2 0"), 2, "{way:?}: they are back");
    }
}
