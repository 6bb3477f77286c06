//! Sets told in parts, some of which are lost, against plain events: an addition is gone if and only if
//! somebody removed it who had heard of it, or its own replica added the member again.

use crate::cluster::NODES;
use headcount::base::{Replica, Stamp, Tag};
use headcount::crdt::{MemberDeadline, Set, Tombstones, Write};
use proptest::prelude::*;
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
enum Step {
    Insert {
        node: usize,
        name: u8,
    },
    Remove {
        node: usize,
        name: u8,
    },
    Delete {
        node: usize,
    },
    Drain {
        node: usize,
    },
    /// The next part of `from` that `to` has not been sent.
    Deliver {
        from: usize,
        to: usize,
    },
    /// The same, but it is lost.
    Lose {
        from: usize,
        to: usize,
    },
    Pull {
        from: usize,
        to: usize,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (node, name) = (0..NODES, 0u8..5);
    let pair = (0..NODES, 0..NODES);
    let step = prop_oneof![
        8 => (node.clone(), name.clone()).prop_map(|(node, name)| Step::Insert { node, name }),
        3 => (node.clone(), name).prop_map(|(node, name)| Step::Remove { node, name }),
        2 => node.clone().prop_map(|node| Step::Delete { node }),
        6 => node.prop_map(|node| Step::Drain { node }),
        9 => pair.clone().prop_map(|(from, to)| Step::Deliver { from, to }),
        2 => pair.clone().prop_map(|(from, to)| Step::Lose { from, to }),
        1 => pair.prop_map(|(from, to)| Step::Pull { from, to }),
    ];
    prop::collection::vec(step, 1..60)
}

struct Addition {
    node: usize,
    name: u8,
    removed: bool,
}

/// What a node told at once: the part, and the additions that it is to carry.
#[derive(Clone)]
struct Batch {
    part: Set,
    carries: BTreeSet<usize>,
}

#[derive(Default)]
struct Node {
    set: Set,
    /// The additions that it has heard of.
    heard: BTreeSet<usize>,
    touched: BTreeSet<u8>,
    stream: Vec<Batch>,
    /// How many batches of each other node it was sent.
    sent: [usize; NODES],
}

#[derive(Default)]
struct World {
    nodes: [Node; NODES],
    additions: Vec<Addition>,
    now_ms: u64,
}

fn replica(node: usize) -> Replica {
    Replica { node: node as u32 + 1, epoch: 1 }
}

impl World {
    fn step(&mut self, step: &Step) {
        self.now_ms += 1;
        match *step {
            Step::Insert { node, name } => self.insert(node, name),
            Step::Remove { node, name } => {
                if self.nodes[node].set.remove(&[name], Tombstones::KEEP) {
                    self.nodes[node].touched.insert(name);
                }
                self.remove_heard(node, |addition| addition.name == name);
            }
            Step::Delete { node } => {
                self.nodes[node].set.forget(Tombstones::KEEP);
                self.remove_heard(node, |_| true);
            }
            Step::Drain { node } => self.drain(node),
            Step::Deliver { from, to } => self.deliver(from, to, false),
            Step::Lose { from, to } => self.deliver(from, to, true),
            Step::Pull { from, to } => self.pull(from, to),
        }
    }

    fn insert(&mut self, node: usize, name: u8) {
        let tag = Tag::new(Stamp::at_ms(self.now_ms), replica(node));
        let write = Write { now_ms: self.now_ms, tag, tombstones: Tombstones::KEEP };
        self.nodes[node].set.insert(&write, &[name], MemberDeadline::Keep);
        self.nodes[node].touched.insert(name);
        self.nodes[node].heard.insert(self.additions.len());
        self.additions.push(Addition { node, name, removed: false });
    }

    fn remove_heard(&mut self, node: usize, is_it: impl Fn(&Addition) -> bool) {
        for at in &self.nodes[node].heard {
            self.additions[*at].removed |= is_it(&self.additions[*at]);
        }
    }

    fn drain(&mut self, node: usize) {
        let teller = &mut self.nodes[node];
        let part = teller.set.take_part(replica(node));
        let mut told = std::mem::take(&mut teller.touched);
        told.extend(part.iter().map(|name| name[0]));
        let is_told = |at: &usize| told.contains(&self.additions[*at].name);
        let carries = teller.heard.iter().copied().filter(is_told).collect();
        teller.stream.push(Batch { part, carries });
    }

    fn deliver(&mut self, from: usize, to: usize, lost: bool) {
        let Some(batch) = self.nodes[from].stream.get(self.nodes[to].sent[from]).cloned() else {
            return;
        };
        self.nodes[to].sent[from] += 1;
        if lost || from == to {
            return;
        }
        let follows = self.nodes[to].set.merge(&batch.part, Tombstones::KEEP);
        self.nodes[to].heard.extend(&batch.carries);
        if !follows {
            self.pull(from, to);
        }
    }

    fn pull(&mut self, from: usize, to: usize) {
        let (whole, heard) = (self.nodes[from].set.clone(), self.nodes[from].heard.clone());
        assert!(self.nodes[to].set.merge(&whole, Tombstones::KEEP), "a whole state has no gap");
        self.nodes[to].heard.extend(heard);
    }

    /// The members that must be in once everybody has heard of everything.
    fn living(&self) -> BTreeSet<u8> {
        let is_latest = |at: usize, addition: &Addition| {
            let is_same =
                |other: &Addition| (other.node, other.name) == (addition.node, addition.name);
            !self.additions[at + 1..].iter().any(is_same)
        };
        let all = self.additions.iter().enumerate();
        let living = all.filter(|(at, addition)| is_latest(*at, addition) && !addition.removed);
        living.map(|(_, addition)| addition.name).collect()
    }
}

fn members(set: &Set) -> BTreeSet<u8> {
    set.iter().map(|name| name[0]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]
    #[test]
    fn deletions_remove_what_they_had_seen_and_nothing_else(steps in steps()) {
        let mut world = World::default();
        for step in &steps {
            world.step(step);
            for node in &world.nodes {
                prop_assert_eq!(node.set.digest(), node.set.digest_from_scratch());
            }
        }
        for _ in 0..2 {
            for pair in 0..NODES * NODES {
                world.pull(pair / NODES, pair % NODES);
            }
        }
        for node in &world.nodes {
            prop_assert_eq!(members(&node.set), world.living());
            prop_assert_eq!(&node.set, &world.nodes[0].set, "converged means identical");
            prop_assert_eq!(node.set.digest(), world.nodes[0].set.digest());
        }
    }
}

fn insert(set: &mut Set, node: usize, ms: u64, name: &[u8]) {
    let tag = Tag::new(Stamp::at_ms(ms), replica(node));
    let write = Write { now_ms: ms, tag, tombstones: Tombstones::KEEP };
    set.insert(&write, name, MemberDeadline::Keep);
}

#[test]
fn a_lost_part_is_noticed_until_the_whole_is_pulled() {
    let (mut a, mut b) = (Set::default(), Set::default());
    let mut parts = Vec::new();
    for (ms, name) in [(1, b"x"), (2, b"y"), (3, b"z"), (4, b"x")] {
        insert(&mut a, 0, ms, name);
        parts.push(a.take_part(replica(0)));
    }
    assert!(b.merge(&parts[0], Tombstones::KEEP));
    assert!(!b.merge(&parts[2], Tombstones::KEEP), "y was lost");
    assert!(b.contains(b"z"), "what came is known all the same");
    assert!(!b.merge(&parts[3], Tombstones::KEEP), "and is still missed");
    assert!(b.merge(&a, Tombstones::KEEP));
    assert!(b.merge(&parts[3], Tombstones::KEEP), "a part that comes twice");
    insert(&mut a, 0, 5, b"y");
    assert!(b.merge(&a.take_part(replica(0)), Tombstones::KEEP));
    assert_eq!(a, b);
}

#[test]
fn a_part_tells_what_changed_and_no_more() {
    let mut a = Set::default();
    (0..100u8).for_each(|name| insert(&mut a, 0, u64::from(name), &[name]));
    let first = a.take_part(replica(0));
    assert_eq!(first.len(), 100);
    insert(&mut a, 0, 200, &[7]);
    a.remove(&[8], Tombstones::KEEP);
    let second = a.take_part(replica(0));
    assert_eq!(second.iter().collect::<Vec<_>>(), [&[7]]);
    assert!(a.take_part(replica(0)).is_blank());
    let mut b = Set::default();
    assert!(b.merge(&first, Tombstones::KEEP) && b.merge(&second, Tombstones::KEEP));
    assert_eq!(a, b);
    // More changes than members: the set itself is the shorter way to tell them.
    (0..250u8).for_each(|at| insert(&mut a, 0, 300 + u64::from(at), &[at % 2]));
    assert_eq!(a.take_part(replica(0)).len(), 99);
}

/// A node that has no peers pays a word per set and nothing else.
#[test]
fn nothing_is_tracked_where_tombstones_are_dropped() {
    let mut set = Set::default();
    let tag = Tag::new(Stamp::at_ms(1), replica(0));
    let write = Write { now_ms: 1, tag, tombstones: Tombstones::Drop };
    set.insert(&write, b"x", MemberDeadline::Keep);
    let alone = set.heap_bytes();
    assert_eq!(set.digest(), 0);
    assert!(set.merge(&set.clone(), Tombstones::Drop));
    assert_eq!(set.heap_bytes(), alone);
    // Once it has peers, they are told all of it.
    set.remove(b"y", Tombstones::KEEP);
    insert(&mut set, 0, 2, b"z");
    assert_eq!(set.digest(), set.digest_from_scratch());
    assert_eq!(members(&set.take_part(replica(0))), BTreeSet::from([b'x', b'z']));
}
