//! Keys told in parts, in order, as peers are; their fingerprints; and collecting what is dead.

use crate::cluster::{Cluster, NODES, START_MS, Subject, schedules};
use crate::lattices::KeyOp;
use headcount::base::clock::Clock;
use headcount::base::{Replica, Stamp, Tag};
use headcount::crdt::wire::{Decoder, Encoder};
use headcount::crdt::{
    Counter, DeadlineRegister, Field, FloatSlot, Generation, Hash, Key, Kind, Life, List,
    MemberDeadline, Overlay, Score, Set, Slot, SortedSet, Tombstones, Write,
};
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::BTreeMap;

/// When a set was born, and its members with their deadlines.
type Members = Option<(Stamp, BTreeMap<Vec<u8>, Option<u64>>)>;

/// The same of a hash, with what its fields carry.
type Fields = Option<(Stamp, BTreeMap<Vec<u8>, (Option<Field>, Option<u64>)>)>;

/// Members of each type.
type AllMembers = (Option<Set>, Option<Hash>, Option<SortedSet>, Option<List>);

/// What lives in a life, told once more.
#[derive(Debug, PartialEq)]
struct Living {
    id: Tag,
    ends: Option<(Tag, u64)>,
    born: Option<Stamp>,
    base: Option<(Tag, Vec<u8>)>,
    slots: Vec<(Replica, Slot)>,
    floats: Vec<(Replica, FloatSlot)>,
    /// What lies over the text, whether it is plain or not.
    cells: [Option<u64>; 2],
    set: Option<Set>,
    hash: Option<Hash>,
    sorted: Option<BTreeMap<Vec<u8>, Score>>,
    list: Option<List>,
}

fn living(key: &Key, now_ms: u64) -> Vec<Living> {
    let mut key = settled(key, now_ms);
    // Collecting makes one text of a base and what lies over it.
    let apart = |life: &Life| {
        let counter = life.counter();
        let cells = [counter.bits().map(Overlay::digest), counter.registers().map(Overlay::digest)];
        let base = counter.base().get().map(|(tag, value)| (tag, value.to_vec()));
        (life.id(), (base, cells))
    };
    let mut apart: BTreeMap<Tag, _> = key.lives().iter().map(apart).collect();
    key.collect_all(now_ms);
    let mut of = |life: &Life| {
        let counter = Some(life.counter()).filter(|counter| counter.is_living());
        let (base, cells) = apart.remove(&life.id()).unwrap_or_default();
        Living {
            id: life.id(),
            ends: life.deadline().at_ms().map(|at_ms| (life.deadline().tag(), at_ms)),
            born: counter.map(Counter::born),
            base,
            slots: life.counter().slots().map(|(r, slot)| (r, slot.clone())).collect(),
            floats: life.counter().floats().map(|(r, slot)| (r, slot.clone())).collect(),
            cells,
            set: life.set().filter(|set| !set.is_empty()).map(Set::loose),
            hash: life.members().filter(|hash: &&Hash| !hash.is_empty()).map(Hash::loose),
            sorted: life.members().filter(|set: &&SortedSet| !set.is_empty()).map(scores),
            list: life.members().filter(|list: &&List| !list.is_empty()).map(List::loose),
        }
    };
    // A deadline alone, which is still to come, is none to see.
    let living = key.lives().iter().filter(|life| !is_bare(life));
    living.map(&mut of).collect()
}

/// When a sorted set was born is left out; the fingerprint has it.
fn scores(set: &SortedSet) -> BTreeMap<Vec<u8>, Score> {
    set.iter().filter_map(|name| Some((name.to_vec(), set.get(name)?.clone()))).collect()
}

fn is_bare(life: &Life) -> bool {
    !life.counter().is_living() && life.collections().each().all(|(_, members)| members.is_empty())
}

/// The same, but of members only what is seen: earlier words on them are shadowed.
fn shown(mut living: Vec<Living>) -> (Vec<Living>, Vec<Members>, Vec<Fields>) {
    let hashes = living.iter_mut().map(|life| life.hash.take());
    let fields = |hash: Hash| {
        let field = |name: &[u8]| (hash.get(name).cloned(), hash.deadline_ms(name).flatten());
        (hash.born(), hash.iter().map(|name| (name.to_vec(), field(name))).collect())
    };
    let hashes = hashes.map(|hash| hash.map(fields)).collect();
    let sets = living.iter_mut().map(|life| life.set.take());
    let members = |set: Set| {
        let deadlines = set.iter().map(|name| (name.to_vec(), set.deadline_ms(name).flatten()));
        (set.born(), deadlines.collect())
    };
    let sets = sets.map(|set| set.map(members)).collect();
    (living, sets, hashes)
}

fn settled(key: &Key, now_ms: u64) -> Key {
    let mut key = key.clone();
    key.settle(now_ms, Tombstones::KEEP);
    key
}

fn fingerprint(key: &Key, now_ms: u64) -> u64 {
    settled(key, now_ms).fingerprint(b"key", now_ms)
}

/// A life, without what it claims to have seen.
type Content = (Tag, DeadlineRegister, Counter, AllMembers);

/// All of a state, but not what it claims to have seen.
fn content(key: &Key) -> Vec<Content> {
    let of = |life: &Life| {
        let (set, hash) = (life.set().map(Set::loose), life.members().map(Hash::loose));
        let (sorted, list) =
            (life.members().map(SortedSet::loose), life.members().map(List::loose));
        let members = (set, hash, sorted, list);
        (life.id(), *life.deadline(), life.counter().clone(), members)
    };
    key.lives().iter().map(of).collect()
}

/// Moments within and after the reach of the schedules' clocks.
fn moments() -> impl Iterator<Item = u64> {
    (0..14).map(|step| START_MS + 50 * step)
}

#[derive(Clone, Debug)]
enum Move {
    Write(usize, KeyOp),
    Drain(usize),
    Deliver(usize, usize),
    Wait(u64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let node = 0..NODES;
    let step = prop_oneof![
        8 => (node.clone(), Key::ops()).prop_map(|(node, op)| Move::Write(node, op)),
        5 => node.clone().prop_map(Move::Drain),
        8 => (node.clone(), node).prop_map(|(from, to)| Move::Deliver(from, to)),
        2 => (1u64..120).prop_map(Move::Wait),
    ];
    prop::collection::vec(step, 1..60)
}

#[derive(Default)]
struct Node {
    key: Key,
    clock: Clock,
    stream: Vec<Vec<u8>>,
    sent: [usize; NODES],
}

struct Peers {
    nodes: [Node; NODES],
    now_ms: u64,
}

impl Peers {
    fn run(moves: &[Move]) -> Peers {
        let mut peers = Peers { nodes: Default::default(), now_ms: START_MS };
        for step in moves {
            match step {
                Move::Write(node, op) => peers.write(*node, op),
                Move::Drain(node) => peers.drain(*node),
                Move::Deliver(from, to) => peers.deliver(*from, *to),
                Move::Wait(ms) => peers.now_ms += ms,
            }
        }
        peers
    }

    fn replica(node: usize) -> Replica {
        Replica { node: node as u32 + 1, epoch: 1 }
    }

    fn write(&mut self, node: usize, op: &KeyOp) {
        let now_ms = self.now_ms + 40 * node as u64;
        let at = &mut self.nodes[node];
        let tag = Tag::new(at.clock.stamp(now_ms), Self::replica(node));
        let write = Write { now_ms, tag, tombstones: Tombstones::KEEP };
        at.key.apply(op, &write, node, &mut ());
    }

    fn drain(&mut self, node: usize) {
        let at = &mut self.nodes[node];
        let mut batch = Encoder::new(Stamp::at_ms(self.now_ms));
        batch.key(&at.key.take_part(Self::replica(node)));
        at.stream.push(batch.finish());
    }

    fn deliver(&mut self, from: usize, to: usize) {
        let Some(batch) = self.nodes[from].stream.get(self.nodes[to].sent[from]).cloned() else {
            return;
        };
        let at = &mut self.nodes[to];
        at.sent[from] += 1;
        let part = Decoder::new(&batch).and_then(|mut batch| batch.key()).expect("a part");
        at.clock.observe(part.max_stamp());
        if from != to {
            assert!(at.key.merge(&part, Tombstones::KEEP), "nothing is missed in order");
        }
    }

    /// Everybody is told everything.
    fn finish(&mut self) {
        for from in 0..NODES {
            self.drain(from);
            for to in 0..NODES {
                while self.nodes[to].sent[from] < self.nodes[from].stream.len() {
                    self.deliver(from, to);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn parts_in_order_tell_what_the_whole_tells(moves in moves()) {
        let mut peers = Peers::run(&moves);
        let mut whole = Key::default();
        for node in &peers.nodes {
            prop_assert!(whole.merge(&node.key, Tombstones::KEEP));
        }
        peers.finish();
        for node in &peers.nodes {
            prop_assert_eq!(&node.key, &whole);
            for life in node.key.lives() {
                let digest = life.set().map(Set::digest);
                prop_assert_eq!(digest, life.set().map(Set::digest_from_scratch));
                let digest = life.members().map(Hash::digest);
                prop_assert_eq!(digest, life.members().map(Hash::digest_from_scratch));
                let digest = life.members().map(SortedSet::digest);
                prop_assert_eq!(digest, life.members().map(SortedSet::digest_from_scratch));
            }
        }
        // A node has settled what was past by its own clock, so from the latest clock on.
        for now_ms in moments().map(|ms| ms - START_MS + peers.now_ms + 40 * NODES as u64) {
            let told = peers.nodes.each_ref().map(|node| fingerprint(&node.key, now_ms));
            prop_assert!(told.iter().all(|one| *one == fingerprint(&whole, now_ms)));
        }
    }

    /// In whatever order and however often they come, and whatever they claim.
    #[test]
    fn wholes_and_parts_merge_in_any_order(
        steps in schedules::<Key>(30),
        picks in prop::collection::vec((any::<[Index; 3]>(), any::<[u8; 3]>()), 8),
    ) {
        let reached = Cluster::<Key>::run(&steps).reached();
        for (indices, kinds) in picks {
            let told = [0, 1, 2].map(|at| told(indices[at].get(&reached), kinds[at]));
            let merge = |order: &[usize]| {
                let mut key = Key::default();
                for at in order {
                    key.merge(&told[*at], Tombstones::KEEP);
                }
                key
            };
            let first = merge(&[0, 1, 2]);
            for order in [&[0, 2, 1][..], &[1, 0, 2], &[1, 2, 0], &[2, 0, 1], &[2, 1, 0], &[0, 1, 0, 2, 2, 1]] {
                let other = merge(order);
                prop_assert_eq!(content(&first), content(&other));
                for now_ms in moments() {
                    prop_assert_eq!(fingerprint(&first, now_ms), fingerprint(&other, now_ms));
                }
            }
        }
    }

    #[test]
    fn fingerprints_are_equal_when_what_lives_is(
        steps in schedules::<Key>(30),
        picks in prop::collection::vec(any::<[Index; 2]>(), 20),
    ) {
        let reached = Cluster::<Key>::run(&steps).reached();
        for [a, b] in picks {
            let (a, b) = (a.get(&reached), b.get(&reached));
            for now_ms in moments() {
                let (print_a, print_b) = (fingerprint(a, now_ms), fingerprint(b, now_ms));
                let (lives_a, lives_b) = (living(a, now_ms), living(b, now_ms));
                prop_assert!(print_a == print_b || lives_a != lives_b, "{:?} {:?}", a, b);
                prop_assert_eq!(print_a == 0, lives_a.is_empty());
                let shown = [lives_a, lives_b].map(shown);
                prop_assert!(print_a != print_b || shown[0] == shown[1], "{:?} {:?}", a, b);
                prop_assert_eq!(print_a == 0, settled(a, now_ms).kind(now_ms).is_none());
            }
        }
    }

    #[test]
    fn collecting_changes_nothing_that_lives(
        steps in schedules::<Key>(30),
        upto in 0u32..2,
        whole in any::<bool>(),
    ) {
        for key in Cluster::<Key>::run(&steps).reached() {
            for now_ms in moments() {
                let mut key = settled(&key, now_ms);
                let before = (living(&key, now_ms), fingerprint(&key, now_ms));
                let tombstones = key.tombstones_part(now_ms);
                let clean = (!key.has_tombstones(now_ms)).then(|| key.clone());
                let ended: Vec<_> = key.lives().iter().map(|life| life.deadline().tag()).collect();
                let ended = if whole { &ended[..] } else { &[] };
                key.collect(now_ms, Generation(upto), whole, ended);
                prop_assert!(clean.is_none_or(|clean| key == clean));
                prop_assert_eq!((living(&key, now_ms), fingerprint(&key, now_ms)), before);
                prop_assert!(!(whole && key.has_tombstones(now_ms)), "{:?}", key);
                // What another has not collected yet, and tells, is no difference to see.
                key.merge(&tombstones, Tombstones::KEEP);
                prop_assert_eq!(fingerprint(&key, now_ms), fingerprint(&settled(&key, now_ms), now_ms));
            }
        }
    }
}

/// A state as it is, a part of it, or what is dead in it.
fn told(key: &Key, kind: u8) -> Key {
    match kind % 4 {
        0 | 1 => key.clone(),
        2 => key.clone().take_part(Replica { node: 1, epoch: 1 }),
        _ => key.tombstones_part(START_MS + 120),
    }
}

fn write(ms: u64, node: u32, generation: u32) -> Write {
    let now_ms = START_MS + ms;
    let tag = Tag::new(Stamp::at_ms(now_ms), Replica { node, epoch: 1 });
    Write { now_ms, tag, tombstones: Tombstones::Keep(Generation(generation)) }
}

#[test]
fn graves_of_a_later_generation_stay() {
    let mut key = Key::default();
    for name in [b"x", b"y", b"z"] {
        key.insert(&write(0, 1, 0), name, MemberDeadline::Keep);
    }
    let live = key.clone();
    key.remove(&write(1, 1, 5), b"x");
    key.remove(&write(2, 1, 6), b"y");
    // Hearing of it again does not make it younger.
    let known = key.clone();
    key.merge(&known, Tombstones::Keep(Generation(9)));
    key.collect(START_MS + 10, Generation(5), false, &[]);
    let is_in = |key: &Key, name: &[u8]| {
        let mut key = key.clone();
        key.merge(&live, Tombstones::KEEP);
        key.sets(START_MS + 10).any(|set| set.contains(name))
    };
    assert!(is_in(&key, b"x"), "its grave is gone, so an old state brings it back");
    assert!(!is_in(&key, b"y"));
    key.collect(START_MS + 10, Generation(6), false, &[]);
    assert!(!key.has_tombstones(START_MS + 10));
    assert!(is_in(&key, b"z"));
}

#[test]
fn what_is_forgotten_stays_until_the_whole_key_is_confirmed() {
    let mut key = Key::default();
    key.add(&write(0, 1, 0), 5);
    let old = key.clone();
    key.delete(&write(1, 1, 0));
    key.add(&write(2, 2, 0), 7);
    key.collect(START_MS + 10, Generation(u32::MAX), false, &[]);
    assert!(key.has_tombstones(START_MS + 10));
    let mut told = key.clone();
    told.merge(&old, Tombstones::KEEP);
    assert_eq!(told, key);
    key.collect(START_MS + 10, Generation(0), true, &[]);
    assert!(!key.has_tombstones(START_MS + 10));
    assert_eq!(key.lives()[0].counter().slots().len(), 1);
}

#[test]
fn what_is_past_stays_until_it_is_said_to_have_ended() {
    let mut key = Key::default();
    for (ms, ends_ms) in [(0, 10), (20, 30), (40, 50)] {
        key.add(&write(ms, 1, 0), 1);
        key.set_deadline(&write(ms + 1, 1, 0), Some(START_MS + ends_ms));
    }
    let ends: Vec<_> = key.lives().iter().map(|life| life.deadline().tag()).collect();
    let lives = |ms, ended: &[Tag]| {
        let mut key = key.clone();
        key.collect(START_MS + ms, Generation(0), true, ended);
        key.lives().len()
    };
    assert_eq!(lives(100_000, &[]), 3, "others may have a later word on the end of any of them");
    assert_eq!(lives(60, &ends[..1]), 2);
    assert_eq!(lives(60, &ends), 0);
    assert_eq!(lives(45, &ends), 1, "what is not past stays");
}

/// Dead words on a member that is in are dropped with the rest of the key's tombstones.
#[test]
fn members_do_not_keep_the_dead_words_of_every_epoch() {
    let mut key = Key::default();
    for node in 1..5 {
        key.insert(&write(u64::from(2 * node), node, 0), b"x", MemberDeadline::Keep);
        key.remove(&write(u64::from(2 * node + 1), node, 0), b"x");
    }
    key.insert(&write(20, 5, 0), b"x", MemberDeadline::Keep);
    assert!(key.has_tombstones(START_MS + 30));
    let before = fingerprint(&key, START_MS + 30);
    key.collect(START_MS + 30, Generation(0), true, &[]);
    assert!(!key.has_tombstones(START_MS + 30));
    assert_eq!(fingerprint(&key, START_MS + 30), before);
    let mut never_removed = Key::default();
    never_removed.insert(&write(20, 5, 0), b"x", MemberDeadline::Keep);
    assert_eq!(living(&key, START_MS + 30), living(&never_removed, START_MS + 30));
}

/// What one word on its deadline hid, another one shows when the first is forgotten.
#[test]
fn an_expired_member_comes_back_when_its_deadline_is_forgotten() {
    let (mut a, mut b) = (Key::default(), Key::default());
    a.insert(&write(0, 1, 0), b"x", MemberDeadline::Keep);
    b.insert(&write(1, 2, 0), b"x", MemberDeadline::Set(Some(START_MS + 50)));
    a.merge(&b, Tombstones::KEEP);
    a.settle(START_MS + 60, Tombstones::KEEP);
    assert_eq!(a.kind(START_MS + 60), None);
    b.delete(&write(10, 2, 0));
    a.merge(&b, Tombstones::KEEP);
    a.settle(START_MS + 60, Tombstones::KEEP);
    assert_eq!(a.kind(START_MS + 60), Some(Kind::Set), "its first word has no deadline");
}

/// Peers compare these: another name, or anything else that lives, is another fingerprint.
#[test]
fn fingerprints_tell_names_and_texts_apart_and_stay_the_same_between_versions() {
    let mut key = Key::default();
    key.add(&write(0, 1, 0), 5);
    let first = key.fingerprint(b"a", START_MS);
    assert_ne!(first, key.fingerprint(b"b", START_MS));
    key.add(&write(0, 1, 0), 1);
    assert_ne!(first, key.fingerprint(b"a", START_MS));
    let mut set = Key::default();
    set.insert(&write(0, 1, 0), b"x", MemberDeadline::Keep);
    let (print, only) = (set.fingerprint(b"a", START_MS), &set.lives()[0]);
    let alone = only.set().expect("a set").fingerprint(only.deadline(), b"a", START_MS);
    assert_eq!(print, alone, "the short way for a key that is a set alone");
    assert_eq!((first, print), (PRINT_OF_COUNTER, PRINT_OF_SET));
}

const PRINT_OF_COUNTER: u64 = 8_967_879_890_290_267_040;
const PRINT_OF_SET: u64 = 10_630_831_596_115_449_198;
