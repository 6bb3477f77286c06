//! Sorted sets: what is written to them, for the laws, and their merge rules told once more over sets of
//! events instead of states.

use crate::cluster::{Cluster, Subject, schedules};
use headcount::base::{Stamp, Tag};
use headcount::crdt::{Key, MemberDeadline, Score, SortedSet, Tombstones, Write};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
pub enum ScoreOp {
    Write(f64),
    Count(f64),
    Forget,
}

fn finite() -> impl Strategy<Value = f64> {
    let special = vec![0.1, 0.2, -0.0, 1e17, 1e300, -1e300, f64::MAX, 5e-324];
    let special = prop::sample::select(special);
    prop_oneof![3 => (-9i32..10).prop_map(f64::from), 2 => special, 1 => -1e9..1e9f64]
}

fn scores() -> impl Strategy<Value = f64> {
    let infinite = prop::sample::select(vec![f64::INFINITY, f64::NEG_INFINITY]);
    prop_oneof![4 => finite(), 1 => infinite]
}

impl Subject for Score {
    type Op = ScoreOp;
    type World = ();

    fn ops() -> BoxedStrategy<ScoreOp> {
        prop_oneof![
            4 => finite().prop_map(ScoreOp::Count),
            3 => scores().prop_map(ScoreOp::Write),
            1 => Just(ScoreOp::Forget),
        ]
        .boxed()
    }

    /// Whatever was merged before, the writer sees what one Redis would have made of what he saw.
    fn apply(&mut self, op: &ScoreOp, write: &Write, _: usize, (): &mut ()) {
        let to = match (op, self.get()) {
            (ScoreOp::Forget, _) => return self.forget(),
            (ScoreOp::Count(by), Some(seen)) => seen + by,
            (ScoreOp::Count(score) | ScoreOp::Write(score), _) => *score,
        };
        match op {
            ScoreOp::Count(_) if !to.is_nan() => self.count_to(write.tag, to),
            ScoreOp::Write(_) => Score::write(self, write.tag, to),
            _ => return,
        }
        assert_eq!(self.get().map(f64::to_bits), Some(to.to_bits()));
    }

    fn merge(&mut self, other: &Self) {
        Score::merge(self, other);
    }

    fn max_stamp(&self) -> Stamp {
        Score::max_stamp(self)
    }
}

#[derive(Clone, Debug)]
pub enum SortedOp {
    Write(u8, f64),
    Count(u8, f64),
    Remove(u8),
    Forget,
}

impl Subject for SortedSet {
    type Op = SortedOp;
    type World = ();

    fn ops() -> BoxedStrategy<SortedOp> {
        let name = 0u8..5;
        prop_oneof![
            4 => (name.clone(), scores()).prop_map(|(name, score)| SortedOp::Write(name, score)),
            4 => (name.clone(), finite()).prop_map(|(name, by)| SortedOp::Count(name, by)),
            2 => name.prop_map(SortedOp::Remove),
            1 => Just(SortedOp::Forget),
        ]
        .boxed()
    }

    fn apply(&mut self, op: &SortedOp, write: &Write, _: usize, (): &mut ()) {
        let keep = MemberDeadline::Keep;
        match op {
            SortedOp::Write(name, score) => {
                self.change(write, &[*name], keep, |value| value.write(write.tag, *score));
            }
            SortedOp::Count(name, by) => {
                let to = self.get(&[*name]).and_then(Score::get).map_or(*by, |seen| seen + by);
                if !to.is_nan() {
                    self.change(write, &[*name], keep, |value| value.count_to(write.tag, to));
                }
            }
            SortedOp::Remove(name) => {
                let was_in = self.contains(&[*name]);
                assert_eq!(self.remove(&[*name], Tombstones::KEEP), was_in);
            }
            SortedOp::Forget => {
                self.forget(Tombstones::KEEP);
                assert!(self.is_empty());
            }
        }
        check_order(self);
    }

    fn merge(&mut self, other: &Self) {
        SortedSet::merge(self, other, Tombstones::KEEP);
        check_order(self);
    }

    fn max_stamp(&self) -> Stamp {
        SortedSet::max_stamp(self)
    }
}

/// The order has the members that are in, where their scores put them.
fn check_order(set: &SortedSet) {
    let mut members: Vec<(f64, &[u8])> = set
        .iter()
        .map(|name| (set.get(name).and_then(Score::get).expect("a member has a score"), name))
        .collect();
    members.sort_by(|a, b| a.partial_cmp(b).expect("no score is a NaN"));
    let order: Vec<(f64, &[u8])> =
        set.index().range(0..set.len()).map(|(name, score)| (score, name)).collect();
    assert_eq!(order, members);
    assert_eq!(set.index().len(), set.len());
    for (rank, (score, name)) in members.into_iter().enumerate() {
        assert_eq!(set.index().rank(score, name), rank);
    }
    assert_eq!(set.digest(), set.digest_from_scratch());
}

pub fn apply_to_sorted(key: &mut Key, op: &SortedOp, write: &Write) {
    let now_ms = write.now_ms;
    match op {
        SortedOp::Write(name, score) => {
            key.write_score(write, &[*name], *score);
            assert_eq!(key.score(now_ms, &[*name]), Some(*score));
        }
        SortedOp::Count(name, by) => {
            let to = key.score(now_ms, &[*name]).map_or(*by, |seen| seen + by);
            if !to.is_nan() {
                key.count_score_to(write, &[*name], to);
                let seen = key.score(now_ms, &[*name]).expect("it is in");
                let is_close = seen == to || (seen - to).abs() <= to.abs().max(by.abs()) * 1e-9;
                assert!(is_close, "{seen} is not {to}");
            }
        }
        SortedOp::Remove(name) => {
            let was_in = key.score(now_ms, &[*name]).is_some();
            assert_eq!(key.remove_member::<Score>(write, &[*name]), was_in);
            assert_eq!(key.score(now_ms, &[*name]), None);
        }
        SortedOp::Forget => key.delete(write),
    }
}

/// What happened to a member, as far as somebody knows.
#[derive(Clone, Debug, Default, PartialEq)]
struct Events {
    /// The i-th increment adds 4^i: whatever is lost or counts twice shows.
    counted: BTreeSet<u32>,
    written: BTreeMap<Tag, u32>,
    /// What a writer or remover had seen.
    forgotten: BTreeSet<Event>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Counted(u32),
    Written(Tag),
}

impl Events {
    fn forget(&mut self) {
        self.forgotten.extend(self.counted.iter().map(|event| Event::Counted(*event)));
        self.forgotten.extend(self.written.keys().map(|tag| Event::Written(*tag)));
    }

    fn merge(&mut self, other: &Events) {
        self.counted.extend(&other.counted);
        self.written.extend(&other.written);
        self.forgotten.extend(&other.forgotten);
    }

    fn score(&self) -> Option<f64> {
        let is_left = |event: &Event| !self.forgotten.contains(event);
        let mut written = self.written.iter().filter(|(tag, _)| is_left(&Event::Written(**tag)));
        let base = written.next_back().map(|(_, score)| f64::from(*score));
        let counted = self.counted.iter().filter(|event| is_left(&Event::Counted(**event)));
        let sum = counted.map(|event| 4f64.powi(*event as i32)).reduce(|a, b| a + b);
        match (base, sum) {
            (None, None) => None,
            (base, sum) => Some(base.unwrap_or(0.0) + sum.unwrap_or(0.0)),
        }
    }
}

/// Sums of more increments are not exact.
const COUNTED_MAX: u32 = 24;

#[derive(Clone, Debug)]
enum RuleOp {
    Write(u8, u32),
    Count(u8),
    Remove(u8),
    Forget,
}

/// A sorted set, and what happened to its members.
#[derive(Clone, Debug, Default, PartialEq)]
struct Ruled {
    set: SortedSet,
    events: BTreeMap<u8, Events>,
}

impl Ruled {
    fn check(&self) {
        let seen = |name: &u8| self.set.get(&[*name]).and_then(Score::get);
        for (name, events) in &self.events {
            assert_eq!(seen(name), events.score(), "{name}: {events:?}");
        }
        assert_eq!(self.set.len(), self.events.values().filter_map(Events::score).count());
    }
}

impl Subject for Ruled {
    type Op = RuleOp;
    type World = BTreeMap<u8, u32>;

    fn ops() -> BoxedStrategy<RuleOp> {
        let name = 0u8..2;
        prop_oneof![
            2 => (name.clone(), 0u32..3).prop_map(|(name, score)| RuleOp::Write(name, score)),
            6 => name.clone().prop_map(RuleOp::Count),
            2 => name.prop_map(RuleOp::Remove),
            1 => Just(RuleOp::Forget),
        ]
        .boxed()
    }

    fn apply(&mut self, op: &RuleOp, write: &Write, _: usize, world: &mut BTreeMap<u8, u32>) {
        let keep = MemberDeadline::Keep;
        match op {
            RuleOp::Write(name, score) => {
                let to = f64::from(*score);
                self.set.change(write, &[*name], keep, |value| value.write(write.tag, to));
                let events = self.events.entry(*name).or_default();
                events.forget();
                events.written.insert(write.tag, *score);
            }
            RuleOp::Count(name) => {
                let next = world.entry(*name).or_default();
                if *next == COUNTED_MAX {
                    return;
                }
                let by = 4f64.powi(*next as i32);
                let to = self.set.get(&[*name]).and_then(Score::get).unwrap_or(0.0) + by;
                self.set.change(write, &[*name], keep, |value| value.count_to(write.tag, to));
                self.events.entry(*name).or_default().counted.insert(*next);
                *next += 1;
            }
            RuleOp::Remove(name) => {
                self.set.remove(&[*name], Tombstones::KEEP);
                self.events.entry(*name).or_default().forget();
            }
            RuleOp::Forget => {
                self.set.forget(Tombstones::KEEP);
                self.events.values_mut().for_each(Events::forget);
            }
        }
        self.check();
    }

    fn merge(&mut self, other: &Self) {
        self.set.merge(&other.set, Tombstones::KEEP);
        for (name, events) in &other.events {
            self.events.entry(*name).or_default().merge(events);
        }
        self.check();
    }

    fn max_stamp(&self) -> Stamp {
        self.set.max_stamp()
    }
}

proptest! {
    /// Every acknowledged increment counts once, unless somebody who had seen it removed or replaced it.
    #[test]
    fn scores_are_what_the_merge_rules_say(steps in schedules::<Ruled>(60)) {
        let mut cluster = Cluster::<Ruled>::run(&steps);
        cluster.converge();
        for node in &cluster.nodes {
            node.state.check();
        }
    }
}
