//! Random schedules of writes, merges, lost states and restarts on a few nodes.

use headcount::base::clock::Clock;
use headcount::base::{Replica, Stamp};
use headcount::crdt::{Tombstones, Write};
use proptest::prelude::*;
use std::fmt::Debug;

pub const NODES: usize = 3;
/// Unix milliseconds at which schedules begin.
pub const START_MS: u64 = 1_000_000;
/// How far each node's wall clock is ahead.
const SKEW_MS: [u64; NODES] = [0, 40, 90];

/// A state that replicas write and merge.
pub trait Subject: Clone + PartialEq + Debug + Default {
    type Op: Clone + Debug;
    /// What the operations of all nodes share besides the states.
    type World: Default;

    fn ops() -> BoxedStrategy<Self::Op>;
    /// What `op` does on the node of index `node`. Writes that a command would refuse do nothing.
    fn apply(&mut self, op: &Self::Op, write: &Write, node: usize, world: &mut Self::World);
    fn merge(&mut self, other: &Self);
    fn max_stamp(&self) -> Stamp;
}

#[derive(Clone, Debug)]
pub enum Step<Op> {
    Write {
        node: usize,
        op: Op,
    },
    /// `to` merges the state that `from` had `back` changes ago: 0 is now, and all of them may come
    /// again and in any order.
    Merge {
        from: usize,
        to: usize,
        back: usize,
    },
    Wait {
        ms: u64,
    },
    /// Starts in a new epoch, with the state of `lost` changes ago.
    Restart {
        node: usize,
        lost: usize,
    },
}

pub fn schedules<S: Subject>(steps: usize) -> impl Strategy<Value = Vec<Step<S::Op>>>
where
    S::Op: 'static,
{
    let node = 0..NODES;
    let back = prop_oneof![3 => Just(0), 1 => 0usize..6];
    let step = prop_oneof![
        12 => (node.clone(), S::ops()).prop_map(|(node, op)| Step::Write { node, op }),
        8 => (node.clone(), node.clone(), back)
            .prop_map(|(from, to, back)| Step::Merge { from, to, back }),
        2 => (1u64..120).prop_map(|ms| Step::Wait { ms }),
        1 => (node, 0usize..4).prop_map(|(node, lost)| Step::Restart { node, lost }),
    ];
    prop::collection::vec(step, 1..steps)
}

pub struct Node<S> {
    pub state: S,
    replica: Replica,
    clock: Clock,
    skew_ms: u64,
    /// Every state that the node was in, oldest first.
    past: Vec<S>,
}

pub struct Cluster<S: Subject> {
    pub nodes: Vec<Node<S>>,
    pub world: S::World,
    pub now_ms: u64,
}

impl<S: Subject> Cluster<S> {
    pub fn new() -> Cluster<S> {
        let node = |index| Node {
            state: S::default(),
            replica: Replica { node: index as u32 + 1, epoch: 1 },
            clock: Clock::default(),
            skew_ms: SKEW_MS[index],
            past: vec![S::default()],
        };
        Cluster {
            nodes: (0..NODES).map(node).collect(),
            world: S::World::default(),
            now_ms: START_MS,
        }
    }

    pub fn run(steps: &[Step<S::Op>]) -> Cluster<S> {
        let mut cluster = Cluster::new();
        steps.iter().for_each(|step| cluster.step(step));
        cluster
    }

    pub fn step(&mut self, step: &Step<S::Op>) {
        match step {
            Step::Write { node, op } => self.write(*node, op),
            Step::Merge { from, to, back } => {
                let past = &self.nodes[*from].past;
                let told = past[past.len() - 1 - back.min(&(past.len() - 1))].clone();
                self.nodes[*to].receive(&told);
            }
            Step::Wait { ms } => self.now_ms += ms,
            Step::Restart { node, lost } => self.nodes[*node].restart(*lost),
        }
    }

    pub fn write(&mut self, node: usize, op: &S::Op) {
        let now_ms = self.local_ms(node);
        let at = &mut self.nodes[node];
        let stamp = at.clock.stamp(now_ms);
        let tag = headcount::base::Tag::new(stamp, at.replica);
        let write = Write { now_ms, tag, tombstones: Tombstones::KEEP };
        at.state.apply(op, &write, node, &mut self.world);
        at.past.push(at.state.clone());
    }

    /// The node's wall clock.
    pub fn local_ms(&self, node: usize) -> u64 {
        self.now_ms + self.nodes[node].skew_ms
    }

    /// Both learn all that the other knows.
    pub fn exchange(&mut self, a: usize, b: usize) {
        self.step(&Step::Merge { from: a, to: b, back: 0 });
        self.step(&Step::Merge { from: b, to: a, back: 0 });
    }

    /// Everybody hears of everything.
    pub fn converge(&mut self) {
        for to in 0..NODES {
            for from in 0..NODES {
                self.step(&Step::Merge { from, to, back: 0 });
            }
        }
        self.exchange(0, NODES - 1);
        self.exchange(0, 1);
    }

    /// Every state that any node was ever in.
    pub fn reached(&self) -> Vec<S> {
        self.nodes.iter().flat_map(|node| node.past.iter().cloned()).collect()
    }
}

impl<S: Subject> Node<S> {
    fn receive(&mut self, told: &S) {
        self.clock.observe(told.max_stamp());
        self.state.merge(told);
        self.past.push(self.state.clone());
    }

    fn restart(&mut self, lost: usize) {
        let kept = self.past.len() - 1 - lost.min(self.past.len() - 1);
        self.state = self.past[kept].clone();
        self.replica.epoch += 1;
        self.past.push(self.state.clone());
    }
}
