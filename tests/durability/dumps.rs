//! What DUMP tells outlives the node's memory of it.

use crate::server::Place;
use headcount::client::Reply;
use rustix::process::Signal;

/// Else the node would count again up to what the payload has, and a merge would take both for one.
#[test]
fn what_was_dumped_is_not_counted_over_after_a_crash() {
    for policy in ["everysec", "no"] {
        let mut place = Place::new(&["--appendfsync", policy]);
        place.start();
        place.ask(&["INCRBY", "k", "100"]);
        let payload = match place.connect().call(&["DUMP", "k"]) {
            Ok(Reply::Bulk(payload)) => payload,
            other => panic!("{other:?}"),
        };
        place.signal(Signal::KILL);
        place.start();
        place.ask(&["INCRBY", "k", "200"]);
        let restore: [&[u8]; 5] = [b"RESTORE", b"k", b"0", &payload, b"MERGE"];
        let restored = place.connect().call(&restore).expect("a reply");
        assert_eq!(restored, Reply::Simple("OK".into()), "{policy}");
        assert_eq!(place.ask(&["GET", "k"]), "\"300\"", "{policy}");
    }
}
