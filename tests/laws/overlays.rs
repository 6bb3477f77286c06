//! Bits and registers: keys told in parts, cells that become plain when all are known to hold them, and
//! what is seen in the end, against the same told by events.

use crate::cluster::START_MS;
use headcount::base::clock::Clock;
use headcount::base::hll;
use headcount::base::{Replica, Stamp, Tag};
use headcount::crdt::wire::{Decoder, Encoder};
use headcount::crdt::{Deadline, Generation, Key, Tombstones, Write};
use proptest::prelude::*;
use std::collections::BTreeSet;

const NODES: usize = 3;
const NOW_MS: u64 = START_MS + 1_000_000;

#[derive(Clone, Debug)]
enum Op {
    Bit(u32, bool),
    /// Of a HyperLogLog.
    Raise(u16, u8),
    Set(u8),
    Delete,
}

/// What happened, and what its node had heard of.
struct Event {
    tag: Tag,
    op: Op,
    seen: BTreeSet<usize>,
}

#[derive(Default)]
struct History(Vec<Event>);

/// What is seen: the text at the bottom, and what lies over it.
#[derive(Debug, Default, PartialEq)]
struct View {
    base: Option<u8>,
    bits: Vec<(u32, bool)>,
    ranks: Vec<(u16, u8)>,
}

impl History {
    fn is_forgotten(&self, seen: &BTreeSet<usize>, id: usize) -> bool {
        let forgets = |other: &usize| match self.0[*other].op {
            Op::Set(_) | Op::Delete => self.0[*other].seen.contains(&id),
            _ => false,
        };
        seen.iter().any(forgets)
    }

    /// The last of those that `is_it` takes, unless it is forgotten.
    fn last(&self, seen: &BTreeSet<usize>, is_it: impl Fn(&Op) -> bool) -> Option<&Event> {
        let all = seen.iter().filter(|id| is_it(&self.0[**id].op));
        let last = all.max_by_key(|id| self.0[**id].tag)?;
        (!self.is_forgotten(seen, *last)).then(|| &self.0[*last])
    }

    fn view(&self, seen: &BTreeSet<usize>) -> View {
        let mut view = View::default();
        if let Some(Event { op: Op::Set(text), .. }) =
            self.last(seen, |op| matches!(op, Op::Set(_)))
        {
            view.base = Some(*text);
        }
        for place in 0..PLACES {
            let is_it = |op: &Op| matches!(op, Op::Bit(at, _) if *at == place_of(place));
            if let Some(Event { op: Op::Bit(at, bit), .. }) = self.last(seen, is_it) {
                view.bits.push((*at, *bit));
            }
        }
        for register in 0..PLACES as u16 {
            let living = seen.iter().filter(|id| !self.is_forgotten(seen, **id));
            let ranks = living.filter_map(|id| match self.0[*id].op {
                Op::Raise(at, rank) if at == register => Some(rank),
                _ => None,
            });
            view.ranks.extend(ranks.max().map(|rank| (register, rank)));
        }
        view
    }
}

const PLACES: u32 = 5;

/// Far enough from each other to lie in several chunks.
fn place_of(number: u32) -> u32 {
    [3, 4, 70, 4_096, 100_000][number as usize]
}

impl View {
    fn text(&self) -> Option<Vec<u8>> {
        if *self == View::default() {
            return None;
        }
        if self.bits.is_empty() && !self.ranks.is_empty() {
            let mut ranks = Box::new([0; hll::REGISTERS]);
            self.ranks.iter().for_each(|(at, rank)| ranks[usize::from(*at)] = *rank);
            return Some(hll::of_ranks(&ranks, 3_000));
        }
        let mut text: Vec<u8> = self.base.map(|byte| vec![byte; 3]).unwrap_or_default();
        for (place, bit) in &self.bits {
            let at = *place as usize / 8;
            text.resize(text.len().max(at + 1), 0);
            let mask = 1 << (7 - place % 8);
            text[at] = if *bit { text[at] | mask } else { text[at] & !mask };
        }
        Some(text)
    }
}

/// One that is to be confirmed: what its node may have in it, and what it has drained, when it was closed.
struct Closed {
    generation: u32,
    held: [usize; NODES],
}

#[derive(Default)]
struct Node {
    key: Key,
    clock: Clock,
    seen: BTreeSet<usize>,
    /// Parts, and what has come of the other streams when each was sent.
    stream: Vec<(Vec<u8>, [usize; NODES], BTreeSet<usize>)>,
    /// What has come of each stream.
    got: [usize; NODES],
    /// What each is known to have got, by the headers of what it sent.
    confirmed: [[usize; NODES]; NODES],
    generation: u32,
    closed: Vec<Closed>,
    mark: u64,
    renewed: u32,
}

#[derive(Clone, Debug)]
enum Step {
    Write(usize, Op),
    Drain(usize),
    Deliver(usize, usize),
    Close(usize),
    Collect(usize),
    Pull(usize, usize),
}

#[derive(Default)]
struct World {
    nodes: [Node; NODES],
    history: History,
    now_ms: u64,
}

fn replica(node: usize) -> Replica {
    Replica { node: node as u32 + 1, epoch: 1 }
}

impl World {
    fn run(steps: &[Step]) -> World {
        let mut world = World { now_ms: START_MS, ..World::default() };
        for step in steps {
            world.now_ms += 1;
            match step {
                Step::Write(node, op) => world.write(*node, op),
                Step::Drain(node) => world.drain(*node),
                Step::Deliver(from, to) => world.deliver(*from, *to),
                Step::Close(node) => world.close(*node),
                Step::Collect(node) => world.collect(*node),
                Step::Pull(from, to) => world.pull(*from, *to),
            }
        }
        world
    }

    fn write(&mut self, node: usize, op: &Op) {
        // Clocks differ, so the later write may be the earlier one.
        let now_ms = self.now_ms + 7 * node as u64;
        let at = &mut self.nodes[node];
        let view = self.history.view(&at.seen);
        let tag = Tag::new(at.clock.stamp(now_ms), replica(node));
        let tombstones = Tombstones::Keep(Generation(at.generation));
        let write = Write { now_ms, tag, tombstones };
        match op {
            Op::Bit(place, bit) => at.key.put_bits(&write, [(*place, *bit)]),
            Op::Raise(register, rank) => {
                let known = view.ranks.iter().find(|(at, _)| at == register);
                if known.is_some_and(|(_, known)| known >= rank) {
                    return;
                }
                at.key.raise_registers(&write, [(*register, *rank)]);
            }
            Op::Set(text) => at.key.set_text(&write, &[*text; 3], Deadline::Keep),
            Op::Delete => at.key.delete(&write),
        }
        at.note();
        let seen = at.seen.clone();
        at.seen.insert(self.history.0.len());
        self.history.0.push(Event { tag, op: op.clone(), seen });
    }

    fn drain(&mut self, node: usize) {
        let at = &mut self.nodes[node];
        let mut batch = Encoder::new(Stamp::at_ms(self.now_ms));
        batch.key(&at.key.take_part(replica(node)));
        let mut got = at.got;
        got[node] = at.stream.len() + 1;
        at.got = got;
        // What is merged from others is not told on: whoever hears this has heard of its own writes.
        let own = at.seen.iter().copied();
        let own = own.filter(|id| self.history.0[*id].tag.replica == replica(node)).collect();
        at.stream.push((batch.finish(), got, own));
    }

    fn deliver(&mut self, from: usize, to: usize) {
        let next = self.nodes[to].got[from];
        let Some((batch, got, own)) = self.nodes[from].stream.get(next).cloned() else { return };
        if from == to {
            return;
        }
        let part = Decoder::new(&batch).and_then(|mut batch| batch.key()).expect("a part");
        let at = &mut self.nodes[to];
        at.got[from] += 1;
        at.confirmed[from] = got;
        at.merge(&part);
        at.seen.extend(own);
    }

    /// As comparing does when a node lacks something: all that has been told, and what was not yet.
    fn pull(&mut self, from: usize, to: usize) {
        if from == to {
            return;
        }
        let (key, seen) = (self.nodes[from].key.clone(), self.nodes[from].seen.clone());
        let mut batch = Encoder::new(Stamp::at_ms(self.now_ms));
        batch.key(&key);
        let batch = batch.finish();
        let told = Decoder::new(&batch).and_then(|mut batch| batch.key()).expect("a key");
        assert_eq!(told, key);
        let at = &mut self.nodes[to];
        at.merge(&told);
        at.seen.extend(seen);
    }

    fn close(&mut self, node: usize) {
        // The next drain has told of all that is in it.
        self.drain(node);
        // What was pulled may hold what another is about to drain.
        let about = self.nodes.each_ref().map(|of| of.stream.len() + 1);
        let at = &mut self.nodes[node];
        let own = at.stream.len();
        let held = std::array::from_fn(|of| if of == node { own } else { about[of] });
        at.closed.push(Closed { generation: at.generation, held });
        at.generation += 1;
    }

    /// Rule G: when all have said, behind what they had sent before, that they hold it.
    fn collect(&mut self, node: usize) {
        let at = &mut self.nodes[node];
        let others = (0..NODES).filter(|other| *other != node);
        let is_held = |closed: &Closed| {
            let holds = |got: &[usize; NODES]| (0..NODES).all(|of| got[of] >= closed.held[of]);
            let mine: [usize; NODES] =
                std::array::from_fn(|of| if of == node { usize::MAX } else { at.got[of] });
            holds(&mine) && others.clone().all(|other| holds(&at.confirmed[other]))
        };
        let Some(upto) =
            at.closed.iter().filter(|closed| is_held(closed)).map(|c| c.generation).max()
        else {
            return;
        };
        at.closed.retain(|closed| closed.generation > upto);
        let before = at.key.fingerprint(b"k", NOW_MS);
        at.key.collect(self.now_ms, Generation(upto), at.renewed <= upto, &[]);
        assert_eq!(at.key.fingerprint(b"k", NOW_MS), before, "collecting changes nothing to see");
        at.note();
    }

    fn check(&self, node: usize) {
        let at = &self.nodes[node];
        let text = at.key.text(self.now_ms).map(|text| text.into_bytes());
        assert_eq!(text, self.history.view(&at.seen).text(), "node {node}: {:?}", at.key);
    }

    /// Everybody is told everything, and pulls what differs all the same.
    fn finish(&mut self) {
        for from in 0..NODES {
            self.drain(from);
            for to in 0..NODES {
                while from != to && self.nodes[to].got[from] < self.nodes[from].stream.len() {
                    self.deliver(from, to);
                }
            }
        }
    }

    fn fingerprints(&self) -> [u64; NODES] {
        self.nodes.each_ref().map(|node| node.key.fingerprint(b"k", NOW_MS))
    }
}

impl Node {
    fn merge(&mut self, theirs: &Key) {
        self.clock.observe(theirs.max_stamp());
        assert!(self.key.merge(theirs, Tombstones::Keep(Generation(self.generation))));
        self.note();
    }

    fn note(&mut self) {
        let mark = self.key.tombstones_mark(NOW_MS);
        if mark != 0 && mark != self.mark {
            self.renewed = self.generation;
        }
        self.mark = mark;
    }
}

fn steps(ops: impl Strategy<Value = Op> + Clone + 'static) -> impl Strategy<Value = Vec<Step>> {
    let node = 0..NODES;
    let step = prop_oneof![
        10 => (node.clone(), ops).prop_map(|(node, op)| Step::Write(node, op)),
        5 => node.clone().prop_map(Step::Drain),
        12 => (node.clone(), node.clone()).prop_map(|(from, to)| Step::Deliver(from, to)),
        4 => node.clone().prop_map(Step::Close),
        4 => node.clone().prop_map(Step::Collect),
        1 => (node.clone(), node).prop_map(|(from, to)| Step::Pull(from, to)),
    ];
    prop::collection::vec(step, 1..120)
}

fn bit_ops() -> impl Strategy<Value = Op> + Clone {
    prop_oneof![
        8 => (0..PLACES, any::<bool>()).prop_map(|(at, bit)| Op::Bit(place_of(at), bit)),
        1 => (b'a'..b'c').prop_map(Op::Set),
        1 => Just(Op::Delete),
    ]
}

fn register_ops() -> impl Strategy<Value = Op> + Clone {
    let raise = (0..PLACES as u16, 1u8..6).prop_map(|(at, rank)| Op::Raise(at, rank));
    prop_oneof![8 => raise, 1 => Just(Op::Delete)]
}

fn told_and_collected_they_are_what_happened(steps: &[Step]) -> Result<(), TestCaseError> {
    let mut world = World::run(steps);
    world.finish();
    prop_assert_eq!(world.fingerprints(), [world.fingerprints()[0]; NODES]);
    (0..NODES).for_each(|node| world.check(node));
    // With everything confirmed nothing is fresh any more, nor dead.
    for _ in 0..2 {
        (0..NODES).for_each(|node| world.close(node));
        world.finish();
        world.finish();
    }
    (0..NODES).for_each(|node| world.collect(node));
    for node in 0..NODES {
        world.check(node);
        prop_assert!(!world.nodes[node].key.has_graves(), "all is plain");
    }
    prop_assert_eq!(world.fingerprints(), [world.fingerprints()[0]; NODES]);
    // And what is plain merges as what was fresh.
    for (from, to) in [(0, 1), (1, 2), (2, 0)] {
        world.pull(from, to);
    }
    prop_assert_eq!(world.fingerprints(), [world.fingerprints()[0]; NODES]);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn bits_are_what_happened(steps in steps(bit_ops())) {
        told_and_collected_they_are_what_happened(&steps)?;
    }

    #[test]
    fn registers_are_what_happened(steps in steps(register_ops())) {
        told_and_collected_they_are_what_happened(&steps)?;
    }
}
