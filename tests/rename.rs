//! RENAME and MOVE take a key over as it is, whatever its size.

mod support;

use std::time::{Duration, Instant};

use headcount::client::{Client, Reply};
use support::Server;

const MEMBERS: usize = 100_000;

fn timed(client: &mut Client, command: &[&str], expected: &Reply) -> Duration {
    let start = Instant::now();
    assert_eq!(&client.call(command).expect("a reply"), expected, "{command:?}");
    start.elapsed()
}

#[test]
fn a_large_set_is_renamed_and_moved_without_being_copied() {
    let server = Server::headcount(&[]);
    let mut client = server.connect();
    for first in (0..MEMBERS).step_by(1_000) {
        let members = (first..first + 1_000).map(|number| format!("user:{number}"));
        let command: Vec<String> =
            ["SADD", "online"].map(str::to_owned).into_iter().chain(members).collect();
        client.call(&command).expect("SADD");
    }
    client.call(&["SADDEX", "online", "100", "user:7"]).expect("SADDEX");
    client.call(&["EXPIREAT", "online", "4102444800"]).expect("EXPIREAT");

    let (ok, one) = (Reply::Simple("OK".into()), Reply::Integer(1));
    let copy = timed(&mut client, &["COPY", "online", "copy"], &one);
    let mut renames = timed(&mut client, &["RENAME", "online", "copy"], &ok);
    renames += timed(&mut client, &["RENAMENX", "copy", "again"], &one);
    renames += timed(&mut client, &["MOVE", "again", "1"], &one);
    assert!(renames < copy, "three took {renames:?}, one copy {copy:?}");

    client.call(&["SELECT", "1"]).expect("SELECT");
    for (command, expected) in [
        (&["SCARD", "again"][..], MEMBERS as i64),
        (&["EXPIRETIME", "again"], 4_102_444_800),
        (&["PERSIST", "again", "user:7"], 1),
        (&["PERSIST", "again", "user:8"], 0),
    ] {
        assert_eq!(client.call(command).expect("a reply"), Reply::Integer(expected), "{command:?}");
    }
    assert_eq!(server.info("db0"), None, "nothing is left behind");
    let moved = server.info("db1").expect("a key");
    assert!(moved.starts_with("keys=1,expires=1,"), "{moved}");
}
