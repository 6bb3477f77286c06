//! Counters, registers and sets against the `crdts` crate, where it has the type.

use crate::cluster::{Cluster, NODES, Step, Subject, schedules};
use crdts::{CmRDT, CvRDT, LWWReg, Orswot, PNCounter};
use headcount::base::Stamp;
use headcount::crdt::{
    Counter, MemberDeadline, Reading, Register, Set, Tombstones, Visible, Write,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Ours and theirs under the same operations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Both<O, T> {
    ours: O,
    theirs: T,
}

/// One actor an epoch, as a replica is.
fn actor(write: &Write) -> (u32, u32) {
    (write.replica().node, write.replica().epoch)
}

type Actor = (u32, u32);

impl Subject for Both<Counter, PNCounter<Actor>> {
    type Op = i32;
    type World = ();

    fn ops() -> BoxedStrategy<i32> {
        prop_oneof![-1_000..=-1, 1..=1_000].boxed()
    }

    fn apply(&mut self, by: &i32, write: &Write, _: usize, (): &mut ()) {
        self.ours.add(write.tag, i128::from(*by));
        let steps = u64::from(by.unsigned_abs());
        let op = match *by > 0 {
            true => self.theirs.inc_many(actor(write), steps),
            false => self.theirs.dec_many(actor(write), steps),
        };
        self.theirs.apply(op);
    }

    fn merge(&mut self, other: &Self) {
        self.ours.merge(&other.ours);
        self.theirs.merge(other.theirs.clone());
    }

    fn max_stamp(&self) -> Stamp {
        self.ours.max_stamp()
    }
}

impl Subject for Both<Register, LWWReg<Vec<u8>, (u64, Actor)>> {
    type Op = u8;
    type World = ();

    fn ops() -> BoxedStrategy<u8> {
        any::<u8>().boxed()
    }

    fn apply(&mut self, value: &u8, write: &Write, _: usize, (): &mut ()) {
        self.ours.write(write.tag, Box::new([*value]));
        self.theirs.update(vec![*value], (write.stamp().0, actor(write)));
    }

    fn merge(&mut self, other: &Self) {
        self.ours.merge(&other.ours);
        CvRDT::merge(&mut self.theirs, other.theirs.clone());
    }

    fn max_stamp(&self) -> Stamp {
        self.ours.tag().stamp
    }
}

#[derive(Clone, Debug)]
pub enum SetOp {
    Add(u8),
    Remove(u8),
    Forget,
}

/// An [`Orswot`] does not name what it merges in its own clock's stead, so it is held apart from the
/// laws: only what users see is compared.
impl Subject for Both<Set, Orswot<u8, Actor>> {
    type Op = SetOp;
    type World = ();

    fn ops() -> BoxedStrategy<SetOp> {
        prop_oneof![
            4 => (0u8..5).prop_map(SetOp::Add),
            2 => (0u8..5).prop_map(SetOp::Remove),
            1 => Just(SetOp::Forget),
        ]
        .boxed()
    }

    fn apply(&mut self, op: &SetOp, write: &Write, _: usize, (): &mut ()) {
        match op {
            SetOp::Add(name) => {
                self.ours.insert(write, &[*name], MemberDeadline::Keep);
                let context = self.theirs.read_ctx().derive_add_ctx(actor(write));
                self.theirs.apply(self.theirs.add(*name, context));
            }
            SetOp::Remove(name) => {
                self.ours.remove(&[*name], Tombstones::KEEP);
                let context = self.theirs.contains(name).derive_rm_ctx();
                self.theirs.apply(self.theirs.rm(*name, context));
            }
            SetOp::Forget => {
                self.ours.forget(Tombstones::KEEP);
                for name in self.theirs.read().val {
                    let context = self.theirs.contains(&name).derive_rm_ctx();
                    self.theirs.apply(self.theirs.rm(name, context));
                }
            }
        }
    }

    fn merge(&mut self, other: &Self) {
        self.ours.merge(&other.ours, Tombstones::KEEP);
        self.theirs.merge(other.theirs.clone());
    }

    fn max_stamp(&self) -> Stamp {
        self.ours.max_stamp()
    }
}

/// Runs a schedule and compares on every node, after every step and at the end.
fn compare<S: Subject, V: PartialEq + std::fmt::Debug>(
    steps: &[Step<S::Op>],
    ours: impl Fn(&S) -> V,
    theirs: impl Fn(&S) -> V,
) -> Result<(), TestCaseError> {
    let mut cluster = Cluster::<S>::new();
    for step in steps {
        cluster.step(step);
        for node in 0..NODES {
            let state = &cluster.nodes[node].state;
            prop_assert_eq!(ours(state), theirs(state));
        }
    }
    cluster.converge();
    for node in &cluster.nodes {
        prop_assert_eq!(ours(&node.state), theirs(&cluster.nodes[0].state));
    }
    Ok(())
}

fn value(counter: &Counter) -> String {
    let mut reading = Reading::default();
    reading.include(counter);
    match reading.value() {
        None => "0".into(),
        Some(Visible::Integer(value)) => value.to_string(),
        other => panic!("{other:?} of integers"),
    }
}

proptest! {
    #[test]
    fn counters_count_as_pn_counters(
        steps in schedules::<Both<Counter, PNCounter<Actor>>>(40)
    ) {
        compare(
            &steps,
            |both: &Both<Counter, PNCounter<Actor>>| value(&both.ours),
            |both| both.theirs.read().to_string(),
        )?;
    }

    #[test]
    fn registers_hold_what_lww_registers_hold(
        steps in schedules::<Both<Register, LWWReg<Vec<u8>, (u64, Actor)>>>(40)
    ) {
        compare(
            &steps,
            |both: &Both<Register, LWWReg<Vec<u8>, (u64, Actor)>>| {
                both.ours.get().map_or(Vec::new(), |(_, value)| value.to_vec())
            },
            |both| both.theirs.val.clone(),
        )?;
    }

    #[test]
    fn sets_hold_what_observed_remove_sets_hold(
        steps in schedules::<Both<Set, Orswot<u8, Actor>>>(40)
    ) {
        compare(
            &steps,
            |both: &Both<Set, Orswot<u8, Actor>>| {
                both.ours.iter().map(|name| name[0]).collect::<BTreeSet<u8>>()
            },
            |both| both.theirs.read().val.into_iter().collect(),
        )?;
    }
}
