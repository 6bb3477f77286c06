//! Counting and locking under many chosen interleavings: `cargo test --features model --test model`.

use headcount::base::{Replica, Stamp};
use headcount::crdt::{Deadline, Key, Own, Tombstones};
use headcount::store::{AccessError, KeyRef, Keyspace, Mode, Tally};
use shuttle::{check_pct, check_random, thread};
use std::collections::BTreeMap;
use std::sync::Arc;

const NOW_MS: u64 = 1_000_000;

const ME: Replica = Replica { node: 1, epoch: 1 };

fn keyspace() -> Arc<Keyspace> {
    Arc::new(Keyspace::new(2, ME, Tombstones::Drop, NOW_MS))
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

/// What a peer knows that is told every drain, by database and name.
#[derive(Default)]
struct Peer(BTreeMap<(u16, Vec<u8>), Key>);

impl Peer {
    /// What was counted before is what the last drain told.
    fn hear(&mut self, keyspace: &Keyspace) {
        keyspace.drain(NOW_MS, &mut |drained| {
            let known = self.0.entry((drained.db, drained.name.to_vec())).or_default();
            assert_eq!(drained.own_before, known.own(ME));
            *known = drained.state.clone();
        });
    }

    fn own(&self, name: &[u8]) -> Own {
        self.0.get(&(0, name.to_vec())).map(|key| key.own(ME)).unwrap_or_default()
    }

    fn text(&self, db: u16, name: &[u8]) -> Option<Vec<u8>> {
        let base = self.0.get(&(db, name.to_vec()))?.lives()[0].counter().base();
        base.get().map(|(_, text)| text.to_vec())
    }
}

#[test]
fn no_change_escapes_the_drains() {
    check(|| {
        let keyspace = Arc::new(Keyspace::new(2, ME, Tombstones::KEEP, NOW_MS));
        add(&keyspace, b"k", 1, NOW_MS);
        let count = |by: i64| {
            let keyspace = Arc::clone(&keyspace);
            Box::new(move || {
                for _ in 0..3 {
                    add(&keyspace, b"k", by, NOW_MS);
                }
                None
            }) as Box<dyn FnOnce() -> Option<Peer> + Send>
        };
        let told = Arc::clone(&keyspace);
        let drain = Box::new(move || {
            let mut peer = Peer::default();
            (0..3).for_each(|_| peer.hear(&told));
            Some(peer)
        });
        let peers = in_threads(vec![count(1), count(-1), drain]);
        let mut peer = peers.into_iter().flatten().next().expect("the one that was told");
        peer.hear(&keyspace);
        let own = peer.own(b"k");
        assert_eq!((own.added, own.taken), (4, 3));
        assert!(!keyspace.has_dirty() && keyspace.keys_dirty() == 0);
    });
}

/// One command's writes to several shards come in one drain, whatever else makes a key dirty.
#[test]
fn what_is_written_together_is_drained_together() {
    check(|| {
        let keyspace = Arc::new(Keyspace::new(2, ME, Tombstones::KEEP, NOW_MS));
        let pair = [KeyRef::new(0, b"a"), KeyRef::new(1, b"b")];
        let write = move |keyspace: &Keyspace, text: &[u8]| {
            let mut keys = keyspace.open(pair, Mode::Exclusive, NOW_MS);
            pair.iter().for_each(|key| keys.set_text(*key, text, Deadline::Clear));
        };
        write(&keyspace, b"0");
        let writer = Arc::clone(&keyspace);
        let one_by_one = Arc::clone(&keyspace);
        let told = Arc::clone(&keyspace);
        in_threads::<()>(vec![
            Box::new(move || [b"1", b"2"].iter().for_each(|text| write(&writer, *text))),
            Box::new(move || {
                for key in pair {
                    let mut keys = one_by_one.open_one(key, Mode::Exclusive, NOW_MS);
                    keys.set_deadline(key, Some(NOW_MS + 10));
                }
            }),
            Box::new(move || {
                let mut peer = Peer::default();
                for _ in 0..3 {
                    peer.hear(&told);
                    assert_eq!(peer.text(0, b"a"), peer.text(1, b"b"));
                }
            }),
        ]);
    });
}
