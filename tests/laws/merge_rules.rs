//! Keys under random schedules against the merge rules told by events.

use crate::cluster::{Cluster, NODES, START_MS, Step, Subject, schedules};
use crate::oracle::{Ends, History, InsertEnds, Seen, View};
use headcount::base::Stamp;
use headcount::base::decimal::Decimal;
use headcount::crdt::{Deadline, Key, Kind, MemberDeadline, Tombstones, Visible, Write};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A key, and the events that its replica has heard of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traced {
    key: Key,
    seen: Seen,
}

/// The history, and how many increments are in it: the i-th counts 4^i, so that what is lost or
/// counted twice shows in the sum.
#[derive(Default)]
pub struct World {
    history: History,
    increments: u32,
}

#[derive(Clone, Debug)]
pub enum Op {
    Add { down: bool, as_float: bool },
    AddZero,
    Set(&'static str, Deadline),
    Insert(u8, MemberDeadline),
    Remove(u8),
    Expire(Option<u64>),
    Delete,
}

/// Everything at once within reach of the schedules' clocks, so that lives end.
fn times() -> impl Strategy<Value = u64> + Clone {
    (0u64..500).prop_map(|ms| START_MS + ms)
}

impl Subject for Traced {
    type Op = Op;
    type World = World;

    fn ops() -> BoxedStrategy<Op> {
        let ends = prop_oneof![
            Just(Deadline::Keep),
            Just(Deadline::Clear),
            times().prop_map(Deadline::At)
        ];
        let text = prop::sample::select(vec!["7", "-100", "text"]);
        let member_ends = prop_oneof![
            2 => Just(MemberDeadline::Keep),
            2 => prop::option::of(times()).prop_map(MemberDeadline::Set),
            1 => times().prop_map(MemberDeadline::IfNew),
        ];
        prop_oneof![
            8 => (any::<bool>(), prop::bool::weighted(0.2))
                .prop_map(|(down, as_float)| Op::Add { down, as_float }),
            1 => Just(Op::AddZero),
            2 => (text, ends).prop_map(|(text, ends)| Op::Set(text, ends)),
            4 => (0u8..3, member_ends).prop_map(|(name, ends)| Op::Insert(name, ends)),
            2 => (0u8..3).prop_map(Op::Remove),
            4 => prop::option::weighted(0.8, times()).prop_map(Op::Expire),
            3 => Just(Op::Delete),
        ]
        .boxed()
    }

    fn apply(&mut self, op: &Op, write: &Write, _: usize, world: &mut World) {
        let (tag, now_ms) = (write.tag, write.now_ms);
        self.key.settle(now_ms, Tombstones::KEEP);
        let kind = self.key.kind(now_ms);
        let (history, seen) = (&mut world.history, &mut self.seen);
        match op {
            Op::Add { .. } | Op::AddZero if kind == Some(Kind::Set) => {}
            Op::Add { .. } | Op::AddZero if is_word(&self.key, now_ms) => {}
            Op::Add { down, as_float } => {
                let weight = 4i128.pow(world.increments);
                let by = if *down { -weight } else { weight };
                world.increments += 1;
                match as_float {
                    true => add_as_float(&mut self.key, write, by),
                    false => self.key.add(write, by),
                }
                history.add(tag, now_ms, seen, by);
            }
            Op::AddZero => {
                self.key.add(write, 0);
                history.add(tag, now_ms, seen, 0);
            }
            Op::Set(text, ends) => {
                self.key.set_text(write, text.as_bytes(), *ends);
                let ends = match ends {
                    Deadline::Keep => Ends::Keep,
                    Deadline::Clear => Ends::Write(None),
                    Deadline::At(at_ms) => Ends::Write(Some(*at_ms)),
                };
                history.set(tag, now_ms, seen, text, ends);
            }
            Op::Insert(name, ends) if kind != Some(Kind::String) => {
                self.key.insert(write, &[*name], *ends);
                let ends = match *ends {
                    MemberDeadline::Keep => InsertEnds::Keep,
                    MemberDeadline::Set(at_ms) => InsertEnds::Set(at_ms),
                    MemberDeadline::IfNew(at_ms) => InsertEnds::IfNew(at_ms),
                };
                history.insert(tag, now_ms, seen, *name, ends);
            }
            Op::Remove(name) if kind == Some(Kind::Set) => {
                self.key.remove(write, &[*name]);
                history.remove(tag, now_ms, seen, *name);
            }
            Op::Expire(at_ms) if kind.is_some() => {
                self.key.set_deadline(write, *at_ms);
                history.expire(tag, now_ms, seen, *at_ms);
            }
            Op::Delete => {
                self.key.delete(write);
                history.delete(tag, now_ms, seen);
            }
            _ => {}
        }
    }

    fn merge(&mut self, other: &Self) {
        self.key.merge(&other.key, Tombstones::KEEP);
        self.seen.extend(&other.seen);
    }

    fn max_stamp(&self) -> Stamp {
        self.key.max_stamp()
    }
}

fn is_word(key: &Key, now_ms: u64) -> bool {
    matches!(key.text(now_ms), Some(Visible::Text(text)) if text == b"text")
}

fn add_as_float(key: &mut Key, write: &Write, by: i128) {
    let before = match key.text(write.now_ms) {
        None => 0,
        Some(Visible::Integer(value)) => i128::from(value),
        other => panic!("all sums here are integers: {other:?}"),
    };
    let to = Decimal::from(before + by);
    assert!(key.move_number_to(write, &to, to.to_string().as_bytes()));
}

fn view(key: &Key, now_ms: u64) -> View {
    let mut key = key.clone();
    key.settle(now_ms, Tombstones::KEEP);
    let ends_ms = key.deadline_ms(now_ms);
    match key.kind(now_ms) {
        None => View::Nothing,
        Some(Kind::String) => {
            let text = match key.text(now_ms) {
                Some(Visible::Integer(value)) => value.to_string(),
                Some(Visible::Text(text)) => String::from_utf8_lossy(text).into_owned(),
                Some(Visible::Number(text)) => text,
                Some(Visible::Made(text)) => String::from_utf8_lossy(&text).into_owned(),
                None => "(nil)".into(),
            };
            View::Text(text, ends_ms)
        }
        Some(Kind::Set) => {
            let mut members = BTreeMap::new();
            for set in key.sets(now_ms) {
                let names = set.iter().map(|name| (name[0], set.deadline_ms(name).flatten()));
                members.extend(names);
            }
            View::Members(members, ends_ms)
        }
        Some(kind) => panic!("no {kind:?} was written"),
    }
}

fn check(steps: &[Step<Op>]) -> Result<(), TestCaseError> {
    let mut cluster = Cluster::<Traced>::new();
    for (at, step) in steps.iter().enumerate() {
        cluster.step(step);
        for node in 0..NODES {
            let (state, now_ms) = (&cluster.nodes[node].state, cluster.local_ms(node));
            let expected = cluster.world.history.view(&state.seen, now_ms);
            prop_assert_eq!(view(&state.key, now_ms), expected, "node {} after step {}", node, at);
        }
    }
    cluster.converge();
    let first = &cluster.nodes[0].state;
    for node in &cluster.nodes[1..] {
        prop_assert_eq!(&node.state, first, "converged means identical");
    }
    for later_ms in [0, 50, 150, 300, 600] {
        let now_ms = cluster.now_ms + later_ms;
        let expected = cluster.world.history.view(&first.seen, now_ms);
        prop_assert_eq!(view(&first.key, now_ms), expected, "{} ms later", later_ms);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]
    #[test]
    fn keys_show_what_the_merge_rules_say(steps in schedules::<Traced>(28)) {
        check(&steps)?;
    }
}
