//! Counting and locking under many chosen interleavings: `cargo test --features model --test model`.

use headcount::base::{Replica, Stamp};
use headcount::crdt::{Deadline, Tombstones};
use headcount::store::{AccessError, KeyRef, Keyspace, Mode, Tally};
use shuttle::{check_pct, check_random, thread};
use std::collections::BTreeMap;
use std::sync::Arc;

const NOW_MS: u64 = 1_000_000;

fn keyspace() -> Arc<Keyspace> {
    let replica = Replica { node: 1, epoch: 1 };
    Arc::new(Keyspace::new(2, replica, Tombstones::Drop, NOW_MS))
}

/// Under both of the scheduler's ways to choose.
fn check(test: fn()) {
    check_random(test, 1_500);
    check_pct(test, 1_500, 3);
}

fn in_threads<R: Send + 'static>(works: Vec<Box<dyn FnOnce() -> R + Send>>) -> Vec<R> {
    let threads: Vec<_> = works.into_iter().map(thread::spawn).collect();
    threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
}

/// INCRBY as the dispatcher runs it.
fn add(keyspace: &Keyspace, name: &[u8], by: i64, now_ms: u64) -> i64 {
    let key = KeyRef::new(0, name);
    let shared = keyspace.open([key], Mode::Shared, now_ms).add(key, by);
    let added = match shared {
        Err(AccessError::NeedsExclusive) => {
            keyspace.open([key], Mode::Exclusive, now_ms).add(key, by)
        }
        done => done,
    };
    added.expect("an integer")
}

/// Whether there is an order of these steps, (by, reply), that leads from 0 to `last`.
fn assert_orderly(steps: impl IntoIterator<Item = (i64, i64)>, last: i64) {
    let mut crossings = BTreeMap::<i64, i64>::new();
    for (by, reply) in steps {
        *crossings.entry(if by > 0 { reply - 1 } else { reply }).or_default() += by;
    }
    for (lower, upwards) in crossings {
        let expected =
            i64::from((0..last).contains(&lower)) - i64::from((last..0).contains(&lower));
        assert_eq!(upwards, expected, "between {lower} and {}", lower + 1);
    }
}

#[test]
fn a_tally_answers_in_one_order_and_knows_what_was_taken() {
    check(|| {
        let tally = Arc::new(Tally::new(0, 0));
        let count = |bys: [i64; 3]| {
            let tally = Arc::clone(&tally);
            let steps = move || bys.map(|by| (by, tally.add(by).expect("in range")));
            Box::new(steps) as Box<dyn FnOnce() -> [(i64, i64); 3] + Send>
        };
        let steps = in_threads(vec![count([1, -1, 1]), count([-1, -1, 1]), count([1, 1, -1])]);
        assert_eq!(tally.value(), 1);
        assert_eq!((tally.added(0), tally.taken()), (5, 4));
        assert_orderly(steps.into_iter().flatten(), 1);
        let slot = tally.to_slot(Stamp(1), 0);
        assert_eq!((slot.added(), slot.taken(), slot.value()), (5, 4, 1));
    });
}

#[test]
fn shared_sums_stay_far_from_their_end() {
    check(|| {
        const STEP: i64 = 1 << 48;
        let near = (1u64 << 62) - STEP as u64;
        let tally = Arc::new(Tally::new(0, near));
        let count = || {
            let tally = Arc::clone(&tally);
            let steps = move || (0..4).filter(|_| tally.add(-STEP).is_ok()).count();
            Box::new(steps) as Box<dyn FnOnce() -> usize + Send>
        };
        let counted: usize = in_threads(vec![count(), count(), count()]).into_iter().sum();
        assert_eq!(
            u128::from(tally.taken()),
            u128::from(near + counted as u64 * STEP as u64),
            "none is lost"
        );
        assert!(counted <= 2 + 3, "two steps to pass the bound, and one under way a thread");
        assert_eq!(tally.add(STEP + 1), Err(AccessError::NeedsExclusive), "too large a step");
    });
}

/// Whoever holds the key exclusively finds P and N exact, in the middle of everything.
#[test]
fn an_exclusive_reader_finds_the_sums_exact() {
    check(|| {
        let keyspace = keyspace();
        add(&keyspace, b"k", 10, NOW_MS);
        let count = |by: i64| {
            let keyspace = Arc::clone(&keyspace);
            Box::new(move || {
                for _ in 0..3 {
                    add(&keyspace, b"k", by, NOW_MS);
                }
            }) as Box<dyn FnOnce() + Send>
        };
        let read = || {
            let keyspace = Arc::clone(&keyspace);
            Box::new(move || {
                for _ in 0..2 {
                    let key = KeyRef::new(0, b"k");
                    let mut keys = keyspace.open([key], Mode::Exclusive, NOW_MS);
                    let value = keys.add(key, 0).expect("an integer");
                    let state = keys.state(key).expect("it is there");
                    let slots = state.lives()[0].counter().slots();
                    let slot = slots.map(|(_, slot)| slot.clone()).next().expect("a slot");
                    let (added, taken) = (slot.added() as i64, slot.taken() as i64);
                    assert_eq!(value, added - taken);
                    assert!((10..=13).contains(&added) && (0..=3).contains(&taken));
                }
            }) as Box<dyn FnOnce() + Send>
        };
        in_threads(vec![count(1), count(-1), read()]);
        assert_eq!(add(&keyspace, b"k", 0, NOW_MS), 10);
    });
}

/// A key that has ended is never counted on, whoever settles it first.
#[test]
fn what_has_ended_is_not_counted_on() {
    check(|| {
        let keyspace = keyspace();
        let key = KeyRef::new(0, b"k");
        let ends = Deadline::At(NOW_MS + 5);
        keyspace.open([key], Mode::Exclusive, NOW_MS).set_text(key, b"100", ends);
        add(&keyspace, b"k", 1, NOW_MS);
        let later_ms = NOW_MS + 5;
        let count = || {
            let keyspace = Arc::clone(&keyspace);
            Box::new(move || Some(add(&keyspace, b"k", 1, later_ms)))
                as Box<dyn FnOnce() -> Option<i64> + Send>
        };
        let reclaim = || {
            let keyspace = Arc::clone(&keyspace);
            Box::new(move || {
                keyspace.expire(later_ms, 10);
                None
            }) as Box<dyn FnOnce() -> Option<i64> + Send>
        };
        let mut replies = in_threads(vec![count(), count(), reclaim()]);
        replies.sort_unstable();
        assert_eq!(replies, [None, Some(1), Some(2)]);
    });
}

/// Scopes of every reach, on databases that come into use meanwhile. A deadlock ends the test.
#[test]
fn no_two_scopes_wait_for_each_other() {
    check(|| {
        let keyspace = keyspace();
        let names: [&[u8]; 4] = [b"a", b"b", b"c", b"d"];
        let of_db = move |db| names.map(|name| KeyRef::new(db, name));
        let spawn = |work: fn(&Keyspace, [KeyRef<'static>; 4], [KeyRef<'static>; 4])| {
            let keyspace = Arc::clone(&keyspace);
            Box::new(move || work(&keyspace, of_db(0), of_db(1))) as Box<dyn FnOnce() + Send>
        };
        in_threads(vec![
            spawn(|keyspace, zero, one| {
                let mut keys = keyspace.open([one[0], zero[1], zero[2]], Mode::Exclusive, NOW_MS);
                keys.set_text(one[0], b"1", Deadline::Clear);
                keys.set_text(zero[1], b"1", Deadline::Clear);
                keys.set_text(zero[2], b"1", Deadline::At(NOW_MS + 1));
            }),
            spawn(|keyspace, zero, one| {
                let keys = keyspace.open([zero[1], one[0], zero[3]], Mode::Shared, NOW_MS);
                assert_eq!(keys.exists(one[0]), keys.exists(zero[1]), "both or neither");
            }),
            spawn(|keyspace, _, _| {
                // The first database comes into use when this holds the second.
                let whole = keyspace.open_whole(&[1], Mode::Exclusive, NOW_MS);
                let _ = (whole.len(0), whole.len(1), whole.random_name(0));
            }),
            spawn(|keyspace, _, _| {
                let _ = keyspace.open_browse(NOW_MS).len(1);
                keyspace.expire(NOW_MS + 1, 10);
            }),
        ]);
    });
}
