//! A large set costs what changes of it, not what it holds.

use headcount::base::Replica;
use headcount::crdt::{MemberDeadline, Tombstones};
use headcount::store::{KeyRef, Keyspace, Missing, Mode};
use std::time::{Duration, Instant};

const NOW_MS: u64 = 1_000_000;
const MEMBERS: u32 = 100_000;
const NAME: &[u8] = b"set";

fn node(node: u32) -> Keyspace {
    Keyspace::new(1, Replica { node, epoch: 1 }, Tombstones::KEEP, NOW_MS)
}

fn insert(node: &Keyspace, members: impl Iterator<Item = u32>) {
    let key = KeyRef::new(0, NAME);
    let mut keys = node.open_one(key, Mode::Exclusive, NOW_MS);
    let done = keys.edit_set(key, Missing::Create, |set| {
        for member in members {
            set.insert(&member.to_le_bytes(), MemberDeadline::Keep);
        }
    });
    assert_eq!(done, Ok(Some(())));
}

fn tell(from: &Keyspace, to: &Keyspace) {
    from.drain(NOW_MS, &mut |drained| {
        assert!(to.merge_part(drained.db, drained.name, drained.state, NOW_MS).whole);
    });
}

/// Of the best of several rounds.
fn time(mut round: impl FnMut(u32)) -> Duration {
    let rounds = (0..20).map(|number| {
        let start = Instant::now();
        round(number);
        start.elapsed()
    });
    rounds.min().unwrap_or_default()
}

#[test]
fn one_member_is_told_and_merged_without_a_look_at_the_others() {
    let (a, b) = (node(1), node(2));
    insert(&a, 0..MEMBERS);
    let start = Instant::now();
    assert!(a.state(0, NAME).is_some());
    let of_all = start.elapsed();
    tell(&a, &b);
    let of_one = |node: &Keyspace, other: &Keyspace, from: u32| {
        time(|round| {
            insert(node, from + round..=from + round);
            tell(node, other);
        })
    };
    let compact = of_one(&a, &b, MEMBERS);
    // With a deadline by the other node it has another form on both.
    let key = KeyRef::new(0, NAME);
    assert!(b.open_one(key, Mode::Exclusive, NOW_MS).set_deadline(key, Some(NOW_MS + 1_000)));
    tell(&b, &a);
    let whole = of_one(&a, &b, 2 * MEMBERS);
    assert_eq!(a.root(0), b.root(0));
    assert!(compact * 50 < of_all, "{compact:?} of {of_all:?}");
    assert!(whole * 50 < of_all, "{whole:?} of {of_all:?}");
}
