//! Scopes of scripts beside all others, by threads: none waits for ever, and none sees half of a script.

use headcount::base::Replica;
use headcount::crdt::Tombstones;
use headcount::store::{KeyRef, Keyspace, Mode};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const START_MS: u64 = 1_700_000_000_000;
const NAMES: [&[u8]; 6] = [b"a", b"b", b"c", b"d", b"e", b"f"];
const TURNS: usize = 2_000;

fn key(at: usize) -> KeyRef<'static> {
    KeyRef::new((at % 2) as u16, NAMES[at % NAMES.len()])
}

fn keyspace() -> Keyspace {
    Keyspace::new(4, Replica { node: 1, epoch: 1 }, Tombstones::KEEP, START_MS)
}

/// Moves from one key to another, which it takes in any order; between the two the sum is wrong.
fn transfer(keyspace: &Keyspace, from: usize, to: usize) {
    let Some(mut keys) = keyspace.try_open_script(START_MS) else { return };
    keys.hold(std::iter::once(key(from)));
    let _ = keys.add(key(from), -7);
    keys.hold(std::iter::once(key(to)));
    let _ = keys.add(key(to), 7);
}

fn sum(keyspace: &Keyspace) -> i64 {
    let keys = keyspace.open((0..NAMES.len()).map(key), Mode::Exclusive, START_MS);
    let read = |at: usize| keys.text(key(at)).ok().flatten().map(|text| text.to_vec());
    let values = (0..NAMES.len()).filter_map(read);
    values.map(|text| String::from_utf8_lossy(&text).parse::<i64>().expect("a number")).sum()
}

#[test]
fn scripts_and_all_others_go_on() {
    let keyspace = keyspace();
    let (ends, drained) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let background = scope.spawn(|| {
            while !ends.load(Ordering::Relaxed) {
                {
                    let _beside = keyspace.keep_scripts_out();
                    keyspace.drain(START_MS, &mut |_| {
                        drained.fetch_add(1, Ordering::Relaxed);
                    });
                }
                keyspace.expire(START_MS, 100);
                std::thread::yield_now();
            }
        });
        let workers: Vec<_> = (0..4usize)
            .map(|thread| {
                let keyspace = &keyspace;
                scope.spawn(move || {
                    for turn in 0..TURNS {
                        match (turn + thread) % 8 {
                            0..4 => transfer(keyspace, turn * 5 + thread, turn * 3 + 1),
                            4 => assert_eq!(sum(keyspace), 0),
                            5 => {
                                let mut keys =
                                    keyspace.open_one(key(turn), Mode::Exclusive, START_MS);
                                let _ = keys.add(key(turn), 0);
                            }
                            6 => {
                                let browse = keyspace.open_browse(START_MS);
                                assert!(browse.len(0) <= NAMES.len());
                            }
                            _ => {
                                if let Some(mut keys) = keyspace.try_open_script(START_MS) {
                                    keys.hold_databases(&[2, 3]);
                                    keys.let_go();
                                    keys.hold((0..3).map(key));
                                }
                            }
                        }
                    }
                })
            })
            .collect();
        workers.into_iter().for_each(|worker| worker.join().expect("no panic"));
        ends.store(true, Ordering::Relaxed);
        background.join().expect("no panic");
    });
    assert_eq!(sum(&keyspace), 0);
    assert!(drained.load(Ordering::Relaxed) > 0);
}

#[test]
fn who_meets_a_script_that_takes_too_long_gives_up() {
    let keyspace = keyspace();
    let mut script = keyspace.try_open_script(START_MS).expect("nobody else is there");
    script.hold(std::iter::once(key(0)));
    keyspace.held_up().store(true, Ordering::Relaxed);
    assert!(keyspace.try_open_one(key(0), Mode::Shared, START_MS).is_none());
    assert!(keyspace.try_open([key(0), key(3)], Mode::Shared, START_MS).is_none());
    assert!(keyspace.try_open_browse(START_MS).is_none());
    assert!(keyspace.try_open_whole(&[], Mode::Exclusive, START_MS).is_none());
    assert!(keyspace.try_open_script(START_MS).is_none());
    assert!(keyspace.open_script_now(START_MS).is_none());
    assert_eq!(keyspace.expire(START_MS, 10), 0);
    assert!(keyspace.try_open_one(key(1), Mode::Shared, START_MS).is_some(), "it holds another");
    drop(script);
    assert!(keyspace.try_open([key(0), key(3)], Mode::Shared, START_MS).is_some());
}
