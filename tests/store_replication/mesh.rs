//! Three nodes that hear each other's deltas in order, each in its own time.

use crate::commands::DATABASES;
use headcount::base::{KEY_SLOTS, Name, Replica, key_slot};
use headcount::crdt::{Key, Tombstones};
use headcount::store::{Keyspace, Mode, SlotSet};
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};

const NODES: usize = 3;
pub const START_MS: u64 = 1_000_000;

type Delta = (u16, Name, Key);

pub struct Mesh {
    pub nodes: [Keyspace; NODES],
    links: [[VecDeque<Delta>; NODES]; NODES],
    pub now_ms: u64,
    collected: bool,
}

impl Mesh {
    pub fn new() -> Mesh {
        let node = |node| {
            let me = Replica { node: node as u32 + 1, epoch: 1 };
            Keyspace::new(DATABASES, me, Tombstones::KEEP, START_MS)
        };
        let nodes = std::array::from_fn(node);
        Mesh { nodes, links: Default::default(), now_ms: START_MS, collected: false }
    }

    pub fn drain(&mut self, node: usize) {
        let links = &mut self.links[node];
        self.nodes[node].drain(self.now_ms, &mut |drained| {
            for link in &mut *links {
                let name = Name::from_slice(drained.name);
                link.push_back((drained.db, name, drained.state.clone()));
            }
        });
        assert!(!self.nodes[node].has_dirty());
    }

    pub fn deliver(&mut self, from: usize, to: usize, deltas: usize) {
        let link = &mut self.links[from][to];
        for (db, name, state) in link.drain(..deltas.min(link.len())) {
            if from != to {
                let merged = self.nodes[to].merge_part(db, &name, &state, self.now_ms);
                if !merged.whole {
                    // Who has collected a set does not know any more what it had seen of it.
                    assert!(self.collected, "nothing was left out, so nothing is missed");
                    let state = self.nodes[from].state(db, &name).unwrap_or_default();
                    self.nodes[to].merge_part(db, &name, &state, self.now_ms);
                }
            }
        }
    }

    /// All that was written is heard everywhere.
    fn spread(&mut self) {
        (0..NODES).for_each(|node| self.drain(node));
        for (from, to) in (0..NODES).flat_map(|from| (0..NODES).map(move |to| (from, to))) {
            self.deliver(from, to, usize::MAX);
        }
    }

    /// As by rule G: collected is what all hold, and know to be past.
    pub fn collect(&mut self, collecting: &[bool; NODES]) {
        self.collected = true;
        self.spread();
        self.reclaim();
        let closed: Vec<_> =
            self.nodes.iter().map(|node| node.close_generation(self.now_ms)).collect();
        for (node, (generation, keys)) in self.nodes.iter().zip(&closed) {
            node.seal(keys, *generation, self.now_ms);
        }
        for ((node, (generation, keys)), _) in
            self.nodes.iter().zip(&closed).zip(collecting).filter(|(_, collects)| **collects)
        {
            let ended = node.collect(keys, *generation, self.now_ms);
            node.drop_sealed(&ended, self.now_ms);
        }
    }

    /// Anti-entropy: digests per slot, then fingerprints per key, then states.
    pub fn compare(&mut self, one: usize, other: usize) {
        let (one, other) = (&self.nodes[one], &self.nodes[other]);
        for db in 0..DATABASES {
            let (mine, theirs) = (one.slot_digests(db), other.slot_digests(db));
            assert_eq!(one.root(db) == other.root(db), mine == theirs);
            let differ = (0..KEY_SLOTS as u16)
                .filter(|slot| mine[usize::from(*slot)] != theirs[usize::from(*slot)]);
            let slots = SlotSet::from_iter(differ);
            let (mine, theirs) =
                (walk(one, db, &slots, self.now_ms), walk(other, db, &slots, self.now_ms));
            for name in mine.keys().chain(theirs.keys()) {
                if mine.get(name) == theirs.get(name) {
                    continue;
                }
                let states = [one.state(db, name), other.state(db, name)];
                for (node, state) in [other, one].into_iter().zip(states) {
                    let state = state.unwrap_or_default();
                    node.merge_part(db, name, &state, self.now_ms);
                }
            }
        }
    }

    /// All is heard, and what is past is reclaimed.
    pub fn settle(&mut self) {
        self.spread();
        self.now_ms += 1_000;
        self.reclaim();
    }

    fn reclaim(&self) {
        for node in &self.nodes {
            node.expire(self.now_ms, 10_000);
        }
    }

    pub fn check_equal(&self) -> Result<(), TestCaseError> {
        let [first, others @ ..] = &self.nodes;
        let digest = |node: &Keyspace| node.open_whole(&[], Mode::Shared, self.now_ms).digest();
        for node in others {
            prop_assert_eq!(digest(first), digest(node), "what users see");
            for db in 0..DATABASES {
                prop_assert_eq!(first.slot_digests(db), node.slot_digests(db));
                prop_assert_eq!(first.root(db), node.root(db));
            }
        }
        self.nodes.iter().try_for_each(|node| self.check_digests(node))
    }

    /// Digests kept by the way are those computed from what is held.
    fn check_digests(&self, node: &Keyspace) -> Result<(), TestCaseError> {
        for db in 0..DATABASES {
            let mut sums = vec![0u64; KEY_SLOTS];
            let all = SlotSet::from_iter(0..KEY_SLOTS as u16);
            for (name, fingerprint) in walk(node, db, &all, self.now_ms) {
                let state = node.state(db, &name).unwrap_or_default();
                let computed = from_scratch(&state, self.now_ms).fingerprint(&name, self.now_ms);
                prop_assert_eq!(fingerprint, computed, "{:?}", name);
                let sum = &mut sums[usize::from(key_slot(&name))];
                *sum = sum.wrapping_add(fingerprint);
            }
            prop_assert_eq!(node.slot_digests(db), sums);
        }
        Ok(())
    }

    /// What DBSIZE counts is what is there, once what is due has been reclaimed.
    pub fn check_counts(&self, node: usize) -> Result<(), TestCaseError> {
        let node = &self.nodes[node];
        node.expire(self.now_ms, 10_000);
        let whole = node.open_whole(&[], Mode::Shared, self.now_ms);
        for db in 0..DATABASES {
            let mut there = 0;
            whole.for_each_name(db, &mut |_| there += 1);
            prop_assert_eq!(whole.len(db), there);
        }
        Ok(())
    }
}

/// The same state with nothing kept by the way.
fn from_scratch(state: &Key, now_ms: u64) -> Key {
    let mut key = Key::default();
    key.merge(state, Tombstones::KEEP);
    key.settle(now_ms, Tombstones::KEEP);
    key
}

fn walk(node: &Keyspace, db: u16, slots: &SlotSet, now_ms: u64) -> BTreeMap<Name, u64> {
    let (mut found, mut cursor) = (BTreeMap::new(), Some(0));
    while let Some(from) = cursor {
        cursor = node.walk(db, slots, from, 2, now_ms, &mut |name, fingerprint| {
            assert!(slots.contains(key_slot(name)));
            assert_eq!(found.insert(Name::from_slice(name), fingerprint), None, "visited once");
        });
    }
    found
}
