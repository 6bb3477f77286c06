//! SPOP of a whole set.

mod support;

use std::time::Instant;

use headcount::client::Reply;
use support::{Server, against_both};

const MEMBERS: usize = 100_000;

fn fill(server: &Server) {
    let mut client = server.connect();
    for first in (0..MEMBERS).step_by(1_000) {
        let words = ["SADD", "s"].map(str::to_owned).into_iter();
        let members = (first..first + 1_000).map(|number| format!("user:{number}"));
        client.call(&words.chain(members).collect::<Vec<_>>()).expect("SADD");
    }
}

/// Every member once, and the key with its deadline is gone.
#[test]
fn a_count_of_all_or_more_takes_the_whole_set() {
    against_both(&[], |server| {
        let mut client = server.connect();
        for count in ["5", "6", "9223372036854775807"] {
            client.call(&["SADD", "small", "a", "b", "c", "d", "e"]).expect("SADD");
            client.call(&["EXPIRE", "small", "100"]).expect("EXPIRE");
            let Ok(Reply::Array(mut popped)) = client.call(&["SPOP", "small", count]) else {
                panic!("SPOP {count}");
            };
            popped.sort_by_key(support::print::text);
            let all = ["a", "b", "c", "d", "e"].map(|name| Reply::Bulk(name.into()));
            assert_eq!(popped, all, "SPOP {count}");
            for (command, expected) in [
                (&["EXISTS", "small"][..], 0),
                (&["SADD", "small", "x"], 1),
                (&["TTL", "small"], -1),
                (&["DEL", "small"], 1),
            ] {
                let reply = client.call(command).expect("a reply");
                assert_eq!(reply, Reply::Integer(expected), "{command:?} after SPOP {count}");
            }
        }
    });
}

/// Taking all is a read and a deletion, not a hundred thousand removals with the set locked.
#[test]
fn taking_all_is_faster_than_taking_all_but_one() {
    let server = Server::headcount(&[]);
    let mut client = server.connect();
    let mut timed = |count: usize| {
        fill(&server);
        let start = Instant::now();
        let popped = client.call(&["SPOP", "s", &count.to_string()]).expect("SPOP");
        let took = start.elapsed();
        assert!(matches!(popped, Reply::Array(members) if members.len() == count));
        client.call(&["DEL", "s"]).expect("DEL");
        took
    };
    let (most, all) = (timed(MEMBERS - 1), timed(MEMBERS));
    assert!(all * 2 < most, "all but one in {most:?}, all in {all:?}");
}
