//! HyperLogLogs against redis-server: the same strings and counts for the same elements, and values that go
//! from one server to the other.

mod support;

use headcount::client::{Client, Reply};
use support::Server;

fn call(client: &mut Client, words: &[&[u8]]) -> Reply {
    client.call(words).expect("a reply")
}

fn get(client: &mut Client, key: &str) -> Vec<u8> {
    match call(client, &[b"GET", key.as_bytes()]) {
        Reply::Bulk(text) => text,
        other => panic!("{other:?} of {key}"),
    }
}

/// Adds elements from one number to another.
fn add(client: &mut Client, key: &str, from: u32, to: u32) -> Vec<Reply> {
    let elements = (from..to).map(|element| format!("user:{element}"));
    let replies =
        elements.map(|element| call(client, &[b"PFADD", key.as_bytes(), element.as_bytes()]));
    replies.collect()
}

fn count(client: &mut Client, keys: &[&str]) -> Reply {
    let words: Vec<&[u8]> =
        [&b"PFCOUNT"[..]].into_iter().chain(keys.iter().map(|k| k.as_bytes())).collect();
    call(client, &words)
}

/// Sizes at which it is sparse, about to be dense, and dense.
const SIZES: [u32; 7] = [1, 7, 100, 1_000, 1_500, 2_500, 6_000];

#[test]
fn in_memory_every_byte_is_redis_s() {
    let Some(redis) = Server::redis(&[]) else { return };
    let headcount = Server::headcount(&["--appendonly", "no"]);
    let (mut ours, mut theirs) = (headcount.connect(), redis.connect());
    let mut added = 0;
    for size in SIZES {
        assert_eq!(add(&mut ours, "h", added, size), add(&mut theirs, "h", added, size));
        added = size;
        assert_eq!(get(&mut ours, "h"), get(&mut theirs, "h"), "{size} elements");
        assert_eq!(count(&mut ours, &["h"]), count(&mut theirs, &["h"]), "{size} elements");
        assert_eq!(get(&mut ours, "h"), get(&mut theirs, "h"), "{size} elements, counted");
    }
    for client in [&mut ours, &mut theirs] {
        add(client, "other", 0, 50);
        call(client, &[b"PFMERGE", b"sparse", b"other", b"missing"]);
        call(client, &[b"PFMERGE", b"other", b"h"]);
    }
    for key in ["sparse", "other"] {
        assert_eq!(get(&mut ours, key), get(&mut theirs, key), "merged into {key}");
    }
}

#[test]
fn values_go_to_and_from_redis() {
    let Some(redis) = Server::redis(&[]) else { return };
    for log in ["no", "yes"] {
        let headcount = Server::headcount(&["--appendonly", log]);
        let (mut ours, mut theirs) = (headcount.connect(), redis.connect());
        call(&mut theirs, &[b"FLUSHALL"]);
        for size in SIZES {
            let name = format!("h{size}");
            add(&mut theirs, &name, 0, size);
            let value = get(&mut theirs, &name);
            call(&mut ours, &[b"SET", name.as_bytes(), &value]);
            assert_eq!(get(&mut ours, &name), value, "as it was SET");
            assert_eq!(count(&mut ours, &[&name]), count(&mut theirs, &[&name]));
            // What is added to it here, and there, is the same.
            let replies =
                [&mut ours, &mut theirs].map(|client| add(client, &name, size - 1, size + 40));
            assert_eq!(replies[0], replies[1], "{size} elements, appendonly {log}");
            let (back, mine) = (format!("back{size}"), get(&mut ours, &name));
            call(&mut theirs, &[b"SET", back.as_bytes(), &mine]);
            let counts = [&back, &name].map(|name| count(&mut theirs, &[name]));
            assert_eq!(counts[0], counts[1], "{size} elements, appendonly {log}");
            assert_eq!(count(&mut theirs, &[&back, &name]), counts[0], "they are the same");
        }
        let all = SIZES.map(|size| format!("h{size}"));
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        assert_eq!(count(&mut ours, &all), count(&mut theirs, &all));
    }
}
