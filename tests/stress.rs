//! Threads on one store: nothing is lost, nothing is torn, nobody waits for ever. Bounded in operations,
//! not in time.

use headcount::base::{Replica, Stamp, Tag};
use headcount::config::MaxmemoryPolicy;
use headcount::crdt::{Deadline, Key, MemberDeadline, Tombstones, Write};
use headcount::store::{AccessError, KeyRef, Keyspace, Missing, Mode};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

const START_MS: u64 = 1_000_000;
const THREADS: usize = 4;

fn keyspace(tombstones: Tombstones) -> Keyspace {
    node(1, tombstones)
}

fn node(node: u32, tombstones: Tombstones) -> Keyspace {
    Keyspace::new(3, Replica { node, epoch: 1 }, tombstones, START_MS)
}

/// INCRBY as the dispatcher runs it: shared first, again exclusively where that is refused.
fn add(keyspace: &Keyspace, key: KeyRef<'_>, by: i64) -> Result<i64, AccessError> {
    match keyspace.open([key], Mode::Shared, START_MS).add(key, by) {
        Err(AccessError::NeedsExclusive) => {}
        done => return done,
    }
    keyspace.open([key], Mode::Exclusive, START_MS).add(key, by)
}

fn read(keyspace: &Keyspace, key: KeyRef<'_>) -> i64 {
    let keys = keyspace.open([key], Mode::Exclusive, START_MS);
    let text = keys.text(key).expect("a string").expect("it is there").to_vec();
    String::from_utf8_lossy(&text).parse().expect("an integer")
}

/// Runs `work` with each thread's number and gathers what they return.
fn in_threads<R: Send>(work: impl Fn(usize) -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..THREADS).map(|n| scope.spawn(move || work(n))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
    })
}

#[test]
fn no_increment_is_lost_and_no_reply_is_given_twice() {
    const EACH: usize = 20_000;
    const NAMES: [&[u8]; 3] = [b"hot", b"warm", b"a key with a name that is long"];
    for tombstones in [Tombstones::Drop, Tombstones::KEEP] {
        let keyspace = keyspace(tombstones);
        // One begins as a text, which the first INCR takes over.
        let warm = KeyRef::new(0, NAMES[1]);
        keyspace.open([warm], Mode::Exclusive, START_MS).set_text(warm, b"0", Deadline::Clear);
        let replies = in_threads(|thread| {
            let turn = |n: usize| (n + thread) % NAMES.len();
            let count = |n| {
                (turn(n), add(&keyspace, KeyRef::new(0, NAMES[turn(n)]), 1).expect("an integer"))
            };
            (0..EACH).map(count).collect::<Vec<_>>()
        });
        for (index, name) in NAMES.iter().enumerate() {
            let of_key = replies.iter().flatten().filter(|(key, _)| *key == index);
            let mut values: Vec<i64> = of_key.map(|(_, value)| *value).collect();
            values.sort_unstable();
            let expected: Vec<i64> = (1..=values.len() as i64).collect();
            assert!(values == expected, "every value once");
            assert_eq!(read(&keyspace, KeyRef::new(0, name)), values.len() as i64);
        }
    }
}

/// Replies of steps up and down fit into one order of them exactly if each border between two values
/// is crossed as often upwards as downwards, but for those between the first value and the last.
#[test]
fn steps_up_and_down_can_be_put_in_an_order() {
    let keyspace = keyspace(Tombstones::Drop);
    let key = KeyRef::new(0, b"k");
    let replies = in_threads(|thread| {
        let mut random = SmallRng::seed_from_u64(thread as u64);
        let mut step = |_| {
            let by = if random.random_bool(0.5) { 1 } else { -1 };
            (by, add(&keyspace, key, by).expect("an integer"))
        };
        (0..20_000).map(&mut step).collect::<Vec<(i64, i64)>>()
    });
    let last = read(&keyspace, key);
    // By the lower value of each border.
    let mut crossings = BTreeMap::<i64, i64>::new();
    for (by, reply) in replies.into_iter().flatten() {
        let lower = if by > 0 { reply - 1 } else { reply };
        *crossings.entry(lower).or_default() += by;
    }
    for (lower, upwards) in crossings {
        let expected =
            i64::from((0..last).contains(&lower)) - i64::from((last..0).contains(&lower));
        assert_eq!(upwards, expected, "between {lower} and {}", lower + 1);
    }
    // What a peer would be told adds up to the same.
    let state = keyspace.open([key], Mode::Exclusive, START_MS).state(key).expect("it is there");
    let slot = state.lives()[0].counter().slots().next().expect("this replica's slot").1.clone();
    assert_eq!(slot.value(), i128::from(last));
    assert_eq!(slot.added() + slot.taken(), 20_000 * THREADS as u128);
}

#[test]
fn nobody_sees_half_of_a_write_to_two_keys() {
    let keyspace = keyspace(Tombstones::Drop);
    let pair = [KeyRef::new(0, b"left"), KeyRef::new(2, b"right")];
    let write = |value: i64| {
        let mut keys = keyspace.open(pair, Mode::Exclusive, START_MS);
        let text = value.to_string();
        pair.iter().for_each(|key| keys.set_text(*key, text.as_bytes(), Deadline::Clear));
        if value % 3 == 0 {
            pair.iter().for_each(|key| assert_eq!(keys.add(*key, 1), Ok(value + 1)));
        }
    };
    write(1);
    in_threads(|thread| {
        for round in 0..20_000 {
            if thread < 2 {
                write((round * 2 + thread) as i64);
                continue;
            }
            // Named in the other order: locked in the same.
            let keys = keyspace.open([pair[1], pair[0]], Mode::Shared, START_MS);
            let text = |key| keys.text(key).expect("a string").expect("it is there").to_vec();
            assert_eq!(text(pair[0]), text(pair[1]));
        }
    });
}

/// Trap 10: what a peer merges changes the base and the slots together, and so it is seen. Everything
/// that anybody writes here is a multiple of 1001, in parts that are not.
#[test]
fn a_merge_does_not_tear_a_reader() {
    let keyspace = keyspace(Tombstones::KEEP);
    let key = KeyRef::new(0, b"k");
    let done = AtomicBool::new(false);
    add(&keyspace, key, 1_001).expect("a new key");
    let check = |value: i64| assert_eq!(value % 1_001, 0, "torn");
    let merge = || {
        let mut theirs = Key::default();
        for round in 1..5_000 {
            let stamp = Stamp::at_ms(START_MS + 10 * round);
            for (count, part) in [(round as i128, 0), (1_000 * round as i128, 1)] {
                let tag = Tag::new(Stamp(stamp.0 + part), Replica { node: 2, epoch: 1 });
                let write = Write { now_ms: START_MS, tag, tombstones: Tombstones::KEEP };
                match part {
                    0 => theirs.set_text(&write, count.to_string().as_bytes(), Deadline::Clear),
                    _ => theirs.add(&write, count),
                }
            }
            keyspace.merge_part(0, key.name, &theirs, START_MS);
        }
        done.store(true, Ordering::Release);
    };
    in_threads(|thread| match thread {
        0 => merge(),
        1 => {
            while !done.load(Ordering::Acquire) {
                check(add(&keyspace, key, 1_001).expect("an integer"));
            }
        }
        _ => {
            while !done.load(Ordering::Acquire) {
                let keys = keyspace.open([key], Mode::Shared, START_MS);
                let text = keys.text(key).expect("a string").expect("it is there").to_vec();
                check(String::from_utf8_lossy(&text).parse().expect("an integer"));
            }
        }
    });
    check(read(&keyspace, key));
}

/// A peer that is told every drain, while others write, knows every write in the end, and at no time
/// half of a command.
#[test]
fn drains_tell_everything_and_no_half_of_a_command() {
    let (keyspace, peer) = (node(1, Tombstones::KEEP), node(2, Tombstones::KEEP));
    let hot = KeyRef::new(0, b"hot");
    let pair = [KeyRef::new(0, b"left"), KeyRef::new(2, b"right")];
    let running = AtomicBool::new(true);
    let tell = || {
        keyspace.drain(START_MS, &mut |drained| {
            peer.merge_part(drained.db, drained.name, drained.state, START_MS);
        });
        let keys = peer.open(pair, Mode::Shared, START_MS);
        let texts = pair.map(|key| keys.text(key).expect("a string").map(|text| text.to_vec()));
        assert_eq!(texts[0], texts[1]);
    };
    const EACH: i64 = 10_000;
    in_threads(|thread| match thread {
        0 => {
            while running.load(Ordering::Acquire) {
                tell();
            }
        }
        1 => {
            for value in 0..EACH {
                let mut keys = keyspace.open(pair, Mode::Exclusive, START_MS);
                let text = value.to_string();
                pair.iter().for_each(|key| keys.set_text(*key, text.as_bytes(), Deadline::Clear));
            }
            running.store(false, Ordering::Release);
        }
        _ => (0..EACH).for_each(|_| assert!(add(&keyspace, hot, 1).is_ok())),
    });
    tell();
    assert_eq!(read(&peer, hot), 2 * EACH);
    assert_eq!(peer.slot_digests(0), keyspace.slot_digests(0));
}

/// One random command of any reach.
fn anything(keyspace: &Keyspace, random: &mut SmallRng) {
    let now_ms = START_MS + random.random_range(0..200);
    let names: Vec<[u8; 1]> = (0..random.random_range(1..5)).map(|_| [random.random()]).collect();
    let refs: Vec<KeyRef<'_>> =
        names.iter().map(|name| KeyRef::new(random.random_range(0..3), name)).collect();
    let all = || refs.iter().copied();
    match random.random_range(0..100) {
        0..40 => {
            let mut keys = keyspace.open([refs[0]], Mode::Shared, now_ms);
            let added = keys.add(refs[0], 1);
            drop(keys);
            if added == Err(AccessError::NeedsExclusive) {
                // Refused on sets.
                let _ = keyspace.open([refs[0]], Mode::Exclusive, now_ms).add(refs[0], 1);
            }
        }
        40..60 => {
            let mut keys = keyspace.open(all(), Mode::Exclusive, now_ms);
            let ends = Deadline::At(now_ms + random.random_range(1..100));
            all().for_each(|key| keys.set_text(key, b"1", ends));
        }
        60..70 => {
            let mut keys = keyspace.open(all(), Mode::Exclusive, now_ms);
            for key in all() {
                keys.delete(key);
                let ends = MemberDeadline::Set(Some(now_ms + random.random_range(1..100)));
                let done = keys.edit_set(key, Missing::Create, |set| set.insert(b"m", ends));
                assert!(done.is_ok());
            }
        }
        70..80 => {
            let keys = keyspace.open(all(), Mode::Shared, now_ms);
            // Refused where members are due.
            all().for_each(|key| assert!(keys.kind(key) != Err(AccessError::WrongType)));
        }
        80..90 => drop(keyspace.expire(now_ms, 100)),
        90..94 => drop(keyspace.evict(MaxmemoryPolicy::AllkeysLru, 5, now_ms)),
        94..96 => {
            let browse = keyspace.open_browse(now_ms);
            let page = browse.scan(1, 0, 50, &mut |_, _| true);
            assert!(page.names.len() <= 256);
            let _ = (browse.random_name(2), browse.len(0), keyspace.stats(now_ms));
        }
        96 => keyspace.open_whole(&[0, 2], Mode::Exclusive, now_ms).swap(0, 2),
        97 => keyspace.open_whole(&[], Mode::Exclusive, now_ms).flush(1),
        98 => {
            let whole = keyspace.open_whole(&[], Mode::Shared, now_ms);
            let _ = (whole.len(0), whole.random_name(1), whole.digest());
        }
        _ => {
            let mut keys = keyspace.open(all(), Mode::Exclusive, now_ms);
            keys.copy(refs[0], refs[refs.len() - 1]);
        }
    }
}

#[test]
fn commands_of_every_reach_get_through() {
    let (finished, waiting) = mpsc::channel();
    thread::spawn(move || {
        for tombstones in [Tombstones::Drop, Tombstones::KEEP] {
            // Databases come into use while others are locked whole.
            for round in 0..5 {
                let keyspace = keyspace(tombstones);
                in_threads(|thread| {
                    let mut random = SmallRng::seed_from_u64(round * 10 + thread as u64);
                    (0..1_000).for_each(|_| anything(&keyspace, &mut random));
                });
                let (keys, counted) = {
                    let whole = keyspace.open_whole(&[], Mode::Exclusive, START_MS + 200);
                    let mut keys = 0;
                    (0..3).for_each(|db| whole.for_each_name(db, &mut |_| keys += 1));
                    (keys, (0..3).map(|db| whole.len(db)).sum::<usize>())
                };
                assert!(keys <= counted);
            }
        }
        finished.send(()).expect("the test is waiting");
    });
    let limit = Duration::from_secs(120);
    assert_eq!(waiting.recv_timeout(limit), Ok(()), "a deadlock, or a thread that panicked");
}
