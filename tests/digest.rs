//! DEBUG DIGEST is Redis's own: the same data give the same digest on a real server.

mod support;

use headcount::base::Replica;
use headcount::crdt::{Deadline, MemberDeadline, Tombstones};
use headcount::store::{KeyRef, Keyspace, Missing, Mode};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::time::{SystemTime, UNIX_EPOCH};
use support::{Server, print};

fn hex(digest: [u8; 20]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(random: &mut SmallRng) -> Vec<u8> {
    (0..random.random_range(0..40)).map(|_| random.random()).collect()
}

#[test]
fn the_digest_equals_that_of_a_real_server() {
    let Some(redis) = Server::redis(&["--enable-debug-command", "yes"]) else { return };
    let mut client = redis.connect();
    let mut call = |command: &[&[u8]]| print::redis_cli(&client.call(command).expect("a reply"));
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock past 1970");
    let now_ms = since.as_millis() as u64;
    for (seed, tombstones) in [(1, Tombstones::Drop), (2, Tombstones::KEEP), (3, Tombstones::KEEP)]
    {
        call(&[b"FLUSHALL"]);
        let mut random = SmallRng::seed_from_u64(seed);
        let replica = Replica { node: 1, epoch: 1 };
        let keyspace = Keyspace::new(16, replica, tombstones, now_ms);
        let digest = || hex(keyspace.open_whole(&[], Mode::Shared, now_ms).digest());
        assert_eq!(digest(), call(&[b"DEBUG", b"DIGEST"]), "of nothing");
        for _ in 0..300 {
            let (db, name) = ([0u16, 1, 9][random.random_range(0..3)], bytes(&mut random));
            call(&[b"SELECT", db.to_string().as_bytes()]);
            let key = KeyRef::new(db, &name);
            let mut keys = keyspace.open([key], Mode::Exclusive, now_ms);
            match random.random_range(0..8) {
                0 | 1 => {
                    let text = bytes(&mut random);
                    keys.set_text(key, &text, Deadline::Clear);
                    call(&[b"SET", &name, &text]);
                }
                2 => {
                    let by: i64 = random.random_range(-1_000..1_000);
                    keys.delete(key);
                    assert_eq!(keys.add(key, by), Ok(by));
                    call(&[b"SET", &name, by.to_string().as_bytes()]);
                }
                3 | 4 => {
                    keys.delete(key);
                    call(&[b"DEL", &name]);
                    for _ in 0..random.random_range(1..30) {
                        let member = bytes(&mut random);
                        let added = keys.edit_set(key, Missing::Create, |set| {
                            set.insert(&member, MemberDeadline::Keep)
                        });
                        assert!(added.is_ok());
                        call(&[b"SADD", &name, &member]);
                    }
                }
                5 | 6 => {
                    keys.delete(key);
                    call(&[b"DEL", &name]);
                    for _ in 0..random.random_range(1..200) {
                        let member = bytes(&mut random);
                        let score = match random.random_range(0..3) {
                            0 => f64::from(random.random_range(-9i32..10)),
                            1 => random.random_range(-1e3..1e3),
                            _ => random.random_range(-1e30..1e30),
                        };
                        let added =
                            keys.edit_sorted(key, Missing::Create, |set| set.write(&member, score));
                        assert!(added.is_ok());
                        call(&[b"ZADD", &name, format!("{score:e}").as_bytes(), &member]);
                    }
                }
                _ => {
                    keys.delete(key);
                    call(&[b"DEL", &name]);
                }
            }
            if random.random_bool(0.3) && keys.set_deadline(key, Some(now_ms + 1_000_000)) {
                call(&[b"EXPIRE", &name, b"1000"]);
            }
            drop(keys);
        }
        assert_eq!(digest(), call(&[b"DEBUG", b"DIGEST"]));
        for db in [0u16, 1, 9] {
            call(&[b"SELECT", db.to_string().as_bytes()]);
            let whole = keyspace.open_whole(&[], Mode::Shared, now_ms);
            let mut names = Vec::new();
            whole.for_each_name(db, &mut |name| names.push(name.to_vec()));
            for name in names.iter().take(20) {
                let theirs = call(&[b"DEBUG", b"DIGEST-VALUE", name]);
                let ours = hex(whole.digest_value(KeyRef::new(db, name)));
                assert!(theirs.contains(&ours), "{theirs} holds {ours}");
            }
        }
    }
}
