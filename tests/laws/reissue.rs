//! A node that was away until the others forgot it says again what they cannot have heard, in a new
//! epoch, and nothing twice.

use crate::cluster::{START_MS, Subject};
use crate::hashes::HashOp;
use crate::lattices::KeyOp;
use crate::sorted_sets::SortedOp;
use headcount::base::clock::Clock;
use headcount::base::{Replica, Stamp, Tag};
use headcount::crdt::{Field, Key, MemberDeadline, Own, Score, Tombstones, Write};
use proptest::prelude::*;
use std::collections::BTreeMap;

const LOST: Replica = Replica { node: 1, epoch: 7 };
const NEW: Replica = Replica { node: 1, epoch: 3 };
const OTHER: Replica = Replica { node: 2, epoch: 1 };

#[derive(Clone, Debug)]
enum Step {
    OnLost(KeyOp),
    OnOther(KeyOp),
    /// The lost node hears the other.
    Hear,
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Key::ops().prop_map(Step::OnLost),
        4 => Key::ops().prop_map(Step::OnOther),
        2 => Just(Step::Hear),
        1 => (1u64..120).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..20)
}

#[derive(Default)]
struct Pair {
    lost: Key,
    other: Key,
    clock: Clock,
    now_ms: u64,
}

impl Pair {
    fn run(&mut self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::OnLost(op) => {
                    let write = self.write(LOST);
                    self.lost.apply(op, &write, 0, &mut ());
                }
                Step::OnOther(op) => {
                    let write = self.write(OTHER);
                    self.other.apply(op, &write, 0, &mut ());
                }
                Step::Hear => {
                    self.lost.merge(&self.other, Tombstones::KEEP);
                }
                Step::Wait(ms) => self.now_ms += ms,
            }
        }
    }

    fn write(&mut self, replica: Replica) -> Write {
        let now_ms = START_MS + self.now_ms;
        let tag = Tag::new(self.clock.stamp(now_ms), replica);
        Write { now_ms, tag, tombstones: Tombstones::KEEP }
    }
}

/// What a user sees: text, deadline, members with their deadlines, scores, fields.
fn view(key: &Key, now_ms: u64) -> String {
    let mut key = key.clone();
    key.settle(now_ms, Tombstones::KEEP);
    let mut members = BTreeMap::new();
    for set in key.sets(now_ms) {
        members.extend(set.iter().map(|name| (name.to_vec(), set.deadline_ms(name))));
    }
    let scored = key.members::<Score>(now_ms).flat_map(|set| set.iter());
    // Sums come together in another order.
    let round = |score: f64| format!("{score:.6e}");
    let scores: BTreeMap<_, _> =
        scored.map(|name| (name, key.score(now_ms, name).map(round))).collect();
    let named = key.members::<Field>(now_ms).flat_map(|hash| hash.iter());
    let fields: BTreeMap<_, _> = named.map(|name| (name, key.field(now_ms, name))).collect();
    let seen = (key.kind(now_ms), key.text(now_ms), key.deadline_ms(now_ms));
    format!("{seen:?} {members:?} {scores:?} {fields:?}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]
    #[test]
    fn what_is_said_again_is_what_was_not_heard(before in steps(), after in steps()) {
        let mut pair = Pair::default();
        pair.run(&before);
        let heard = pair.lost.clone();
        pair.other.merge(&heard, Tombstones::KEEP);
        let since = pair.clock.stamp(0);
        let mut own = pair.lost.own(LOST);
        let _ = pair.lost.take_part(LOST);
        pair.run(&after);
        pair.lost.clone().take_part(LOST).note_befores(&mut own);

        let mut all = pair.other.clone();
        all.merge(&pair.lost, Tombstones::KEEP);
        let again = pair.lost.reissue(LOST, Some(&own), since, NEW, &Key::default());
        let mut told = pair.other.clone();
        told.merge(&again, Tombstones::KEEP);
        told.merge(&heard, Tombstones::KEEP);
        told.merge(&again, Tombstones::KEEP);
        for later_ms in [0, 50, 150, 300, 600] {
            let now_ms = START_MS + pair.now_ms + later_ms;
            prop_assert_eq!(view(&told, now_ms), view(&all, now_ms), "of {:?}", again);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]
    /// A batch is missing among those that were heard: of a key that is still known what is missing is
    /// said again, and nothing twice.
    #[test]
    fn what_was_heard_since_is_not_said_again(
        before in steps(),
        between in steps(),
        after in steps(),
    ) {
        let mut pair = Pair::default();
        pair.run(&before);
        pair.other.merge(&pair.lost.clone(), Tombstones::KEEP);
        let (since, own) = (pair.clock.stamp(0), pair.lost.own(LOST));
        pair.run(&between);
        pair.other.merge(&pair.lost.clone(), Tombstones::KEEP);
        pair.run(&after);

        let mut all = pair.other.clone();
        all.merge(&pair.lost, Tombstones::KEEP);
        let again = pair.lost.reissue(LOST, Some(&own), since, NEW, &pair.other);
        let mut told = pair.other.clone();
        told.merge(&again, Tombstones::KEEP);
        for later_ms in [0, 50, 150, 300, 600] {
            let now_ms = START_MS + pair.now_ms + later_ms;
            prop_assert_eq!(view(&told, now_ms), view(&all, now_ms), "of {:?}", again);
        }
    }
}

fn write(ms: u64, replica: Replica) -> Write {
    let now_ms = START_MS + ms;
    let tag = Tag::new(Stamp::at_ms(now_ms), replica);
    Write { now_ms, tag, tombstones: Tombstones::KEEP }
}

#[test]
fn only_what_was_counted_since_is_counted_again() {
    let mut key = Key::default();
    key.add(&write(0, LOST), 1);
    key.add(&write(1, OTHER), 4);
    let before = key.own(LOST);
    assert_eq!((before.added, before.taken), (1, 0));
    let since = Stamp::at_ms(START_MS + 5);
    assert_eq!(key.reissue(LOST, Some(&before), since, NEW, &Key::default()), Key::default());
    key.add(&write(10, LOST), 16);
    key.add(&write(11, LOST), -64);
    let again = key.reissue(LOST, Some(&before), since, NEW, &Key::default());
    assert_eq!(again.lives()[0].counter().slots().len(), 1);
    let own = again.own(NEW);
    assert_eq!((own.added, own.taken), (16, 64));
    // Nothing is known of before: then a slot that was there already had been told.
    assert_eq!(key.reissue(LOST, None, since, NEW, &Key::default()), Key::default());
    // All of what was born since is said again.
    key.delete(&write(12, LOST));
    key.add(&write(13, LOST), 256);
    for before in [None, Some(&before), Some(&Own::default())] {
        let own = key.reissue(LOST, before, since, NEW, &Key::default()).own(NEW);
        assert_eq!((own.added, own.taken), (256, 0));
    }
}

#[test]
fn removals_are_said_again_as_well() {
    let mut lost = Key::default();
    for name in [b"x", b"y"] {
        lost.insert(&write(0, OTHER), name, MemberDeadline::Keep);
    }
    let mut other = lost.clone();
    lost.remove(&write(10, LOST), b"x");
    lost.insert(&write(11, LOST), b"z", MemberDeadline::Keep);
    other.merge(
        &lost.reissue(LOST, None, Stamp::at_ms(START_MS + 5), NEW, &Key::default()),
        Tombstones::KEEP,
    );
    let now_ms = START_MS + 20;
    assert_eq!(view(&other, now_ms), view(&lost, now_ms));
    assert_eq!(other.sets(now_ms).map(|set| set.len()).sum::<usize>(), 2);
}

/// Of a member that another counts on what was forgotten is a part: that is said again as well.
#[test]
fn what_is_forgotten_in_part_is_said_again() {
    let counts =
        [|by| KeyOp::Field(HashOp::Add(3, by)), |by| KeyOp::Sorted(SortedOp::Count(3, by as f64))];
    for count in counts {
        let mut pair = Pair::default();
        pair.run(&[Step::OnOther(count(-1)), Step::Hear]);
        let since = pair.clock.stamp(0);
        pair.run(&[Step::OnLost(KeyOp::Delete), Step::OnOther(count(5)), Step::Hear]);
        let again = pair.lost.reissue(LOST, None, since, NEW, &pair.other);
        let mut told = pair.other.clone();
        told.merge(&again, Tombstones::KEEP);
        assert_eq!(view(&told, START_MS), view(&pair.lost, START_MS));
    }
}
