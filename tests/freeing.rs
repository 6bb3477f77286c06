//! Large values that are freed on a thread of their own: UNLINK, FLUSHALL ASYNC.

mod support;

use headcount::client::Reply;
use support::{Server, against_both, eventually};

const MEMBERS: usize = 100_000;

fn fill(server: &Server) {
    let mut client = server.connect();
    for first in (0..MEMBERS).step_by(1_000) {
        let words = ["SADD", "s"].map(str::to_owned).into_iter();
        let members = (first..first + 1_000).map(|number| format!("user:{number}"));
        client.call(&words.chain(members).collect::<Vec<_>>()).expect("SADD");
    }
}

/// After a first round: what a server makes once and keeps is no garbage.
fn begin(server: &Server) {
    fill(server);
    server.connect().call(&["FLUSHALL", "SYNC"]).expect("FLUSHALL");
}

fn number(server: &Server, field: &str) -> usize {
    server.info(field).expect("a field of INFO").parse().expect("a number")
}

#[test]
fn what_is_removed_lazily_is_gone_at_once_and_freed_soon() {
    against_both(&["--lazyfree-lazy-user-del", "yes"], |server| {
        let mut client = server.connect();
        begin(server);
        for removal in
            [&["UNLINK", "s"][..], &["FLUSHALL", "ASYNC"], &["FLUSHDB", "ASYNC"], &["DEL", "s"]]
        {
            let empty = number(server, "used_memory");
            fill(server);
            assert!(number(server, "used_memory") > empty + MEMBERS * 16);
            client.call(removal).expect("removed");
            assert_eq!(client.call(&["EXISTS", "s"]).expect("EXISTS"), Reply::Integer(0));
            eventually("freed", || number(server, "used_memory") < empty + MEMBERS);
            eventually("counted", || number(server, "lazyfree_pending_objects") == 0);
        }
    });
}

/// Whoever asked for it to be freed at once finds it freed.
#[test]
fn what_is_removed_eagerly_is_freed_before_the_answer() {
    against_both(&[], |server| {
        let mut client = server.connect();
        begin(server);
        for removal in [&["DEL", "s"][..], &["FLUSHALL", "SYNC"], &["FLUSHDB"]] {
            let empty = number(server, "used_memory");
            fill(server);
            client.call(removal).expect("removed");
            let left = number(server, "used_memory").saturating_sub(empty);
            assert!(left < MEMBERS, "{removal:?}: {left} bytes of {:?}", server.kind);
        }
    });
}
