//! Lists against a row of texts on each node, and against sets of what was pushed and what was removed.

use crate::cluster::{Cluster, START_MS, Step, Subject, schedules};
use headcount::base::{Replica, Stamp, Tag};
use headcount::crdt::{End, Item, Key, List, Side, Tombstones, Write, Writer};
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::BTreeSet;

/// A list, and what its node has heard of. No two elements have one text.
#[derive(Clone, Debug, Default, PartialEq)]
struct Listed {
    list: List,
    pushed: BTreeSet<String>,
    removed: BTreeSet<String>,
}

#[derive(Clone, Debug)]
enum ListOp {
    Push(bool, u8),
    Pop(bool),
    Insert(Index, bool),
    Set(Index),
    Remove(Index),
    Forget,
}

fn end(is_left: bool) -> End {
    if is_left { End::Left } else { End::Right }
}

impl Listed {
    fn texts(&self) -> Vec<String> {
        let texts = self.list.texts(0..self.list.len());
        texts.map(|text| String::from_utf8(text.to_vec()).expect("digits")).collect()
    }

    fn put(&mut self, write: &Write, place: &[u8], text: &str) {
        self.list.put_in(write, place, text.as_bytes());
        self.pushed.insert(text.to_owned());
    }

    fn remove(&mut self, write: &Write, at: usize) {
        let text = self.texts()[at].clone();
        let place = self.list.place(at).expect("an element").clone();
        assert!(self.list.remove(&place, write.tombstones));
        self.removed.insert(text);
    }

    /// What the operation does to a row of texts, and to the list.
    fn apply_both(&mut self, row: &mut Vec<String>, op: &ListOp, write: &Write, world: &mut u32) {
        let mut writer = Writer::new(*write);
        let mut text = || {
            *world += 1;
            world.to_string()
        };
        match op {
            ListOp::Push(is_left, count) => {
                for _ in 0..*count {
                    let (text, end) = (text(), end(*is_left));
                    let place = writer.pushed(&self.list, end);
                    self.put(write, &place, &text);
                    row.insert(if *is_left { 0 } else { row.len() }, text);
                }
            }
            ListOp::Forget => {
                self.removed.extend(row.drain(..));
                self.list.forget(Tombstones::KEEP);
            }
            _ if row.is_empty() => {}
            ListOp::Pop(is_left) => {
                let at = if *is_left { 0 } else { row.len() - 1 };
                row.remove(at);
                self.remove(write, at);
            }
            ListOp::Remove(at) => {
                let at = at.index(row.len());
                row.remove(at);
                self.remove(write, at);
            }
            ListOp::Insert(at, is_before) => {
                let (at, text) = (at.index(row.len()), text());
                let side = if *is_before { Side::Before } else { Side::After };
                let place = writer.inserted(&self.list, at, side);
                self.put(write, &place, &text);
                row.insert(at + usize::from(!is_before), text);
            }
            ListOp::Set(at) => {
                let (at, text) = (at.index(row.len()), text());
                let place = writer.replaced(&self.list, at).expect("an element");
                self.remove(write, at);
                self.put(write, &place, &text);
                row[at] = text;
            }
        }
    }

    fn check(&self) {
        let texts = self.texts();
        assert_eq!(texts.len(), self.list.len());
        let seen: BTreeSet<String> = texts.into_iter().collect();
        let expected: BTreeSet<String> = self.pushed.difference(&self.removed).cloned().collect();
        assert_eq!(seen, expected, "what was pushed is there, but for what was removed");
        assert_eq!(self.list.digest(), self.list.digest_from_scratch());
    }
}

impl Subject for Listed {
    type Op = ListOp;
    type World = u32;

    fn ops() -> BoxedStrategy<ListOp> {
        prop_oneof![
            6 => (any::<bool>(), 1u8..4).prop_map(|(left, count)| ListOp::Push(left, count)),
            4 => any::<bool>().prop_map(ListOp::Pop),
            3 => any::<(Index, bool)>().prop_map(|(at, before)| ListOp::Insert(at, before)),
            2 => any::<Index>().prop_map(ListOp::Set),
            1 => any::<Index>().prop_map(ListOp::Remove),
            1 => Just(ListOp::Forget),
        ]
        .boxed()
    }

    fn apply(&mut self, op: &ListOp, write: &Write, _: usize, world: &mut u32) {
        let mut row = self.texts();
        self.apply_both(&mut row, op, write, world);
        assert_eq!(self.texts(), row, "a list on one node is a row of texts");
        self.check();
    }

    fn merge(&mut self, other: &Self) {
        self.list.merge(&other.list, Tombstones::KEEP);
        self.pushed.extend(other.pushed.iter().cloned());
        self.removed.extend(other.removed.iter().cloned());
        self.check();
    }

    fn max_stamp(&self) -> Stamp {
        self.list.max_stamp()
    }
}

/// The list of a key, of all its lives that are not past.
fn list_of(key: &Key, now_ms: u64) -> List {
    let mut all = List::default();
    for list in key.members::<Item>(now_ms) {
        all.merge(&list.loose(), Tombstones::KEEP);
    }
    all
}

pub fn push_to(key: &mut Key, end: End, write: &Write) {
    let list = list_of(key, write.now_ms);
    let place = Writer::new(*write).pushed(&list, end);
    key.put_element(write, &place, write.stamp().0.to_string().as_bytes());
    assert_eq!(list_of(key, write.now_ms).len(), list.len() + 1);
}

pub fn pop_from(key: &mut Key, end: End, write: &Write) {
    let list = list_of(key, write.now_ms);
    let at = if end == End::Left { 0 } else { list.len() - 1 };
    let place = list.place(at).expect("a list has elements").clone();
    assert!(key.remove_member::<Item>(write, &place));
    assert_eq!(list_of(key, write.now_ms).len(), list.len() - 1);
}

/// The texts of both, in the order of the first.
fn common(first: &[String], second: &[String]) -> Vec<String> {
    first.iter().filter(|text| second.contains(text)).cloned().collect()
}

proptest! {
    #[test]
    fn lists_obey_the_laws(
        steps in schedules::<Listed>(40),
        picks in prop::collection::vec(any::<[Index; 3]>(), 12),
    ) {
        let mut cluster = Cluster::<Listed>::run(&steps);
        let reached = cluster.reached();
        for [a, b, c] in &picks {
            let (a, b, c) = (a.get(&reached), b.get(&reached), c.get(&reached));
            let (first, second) = (a.texts(), b.texts());
            prop_assert_eq!(common(&first, &second), common(&second, &first), "one order");
            crate::lattices::check_laws(a, b, c)?;
        }
        cluster.converge();
        for node in &cluster.nodes[1..] {
            prop_assert_eq!(&node.state, &cluster.nodes[0].state, "converged means identical");
            prop_assert_eq!(node.state.texts(), cluster.nodes[0].state.texts());
        }
    }
}

fn write(at: u64, node: u32) -> Write {
    let tag = Tag::new(Stamp::at_ms(START_MS + at), Replica { node, epoch: 1 });
    Write { now_ms: START_MS + at, tag, tombstones: Tombstones::KEEP }
}

fn push(list: &mut List, at: u64, node: u32, end: End, texts: &[&str]) {
    let mut writer = Writer::new(write(at, node));
    for text in texts {
        let place = writer.pushed(list, end);
        list.put_in(writer.write(), &place, text.as_bytes());
    }
}

fn shown(list: &List) -> String {
    let texts = list.texts(0..list.len()).map(|text| String::from_utf8_lossy(text));
    texts.collect::<Vec<_>>().join(" ")
}

fn both(a: &List, b: &List) -> String {
    let (mut one, mut other) = (a.clone(), b.clone());
    one.merge(b, Tombstones::KEEP);
    other.merge(a, Tombstones::KEEP);
    assert_eq!(shown(&one), shown(&other));
    shown(&one)
}

/// What one command pushes stays together, and what was pushed first comes first, on whichever node.
#[test]
fn concurrent_pushes_are_both_kept_in_the_order_of_their_times() {
    let (mut a, mut b) = (List::default(), List::default());
    push(&mut a, 2, 1, End::Right, &["3", "4"]);
    push(&mut b, 1, 2, End::Right, &["1", "2"]);
    push(&mut b, 3, 2, End::Right, &["5"]);
    push(&mut a, 5, 1, End::Left, &["-1", "-2"]);
    push(&mut b, 4, 2, End::Left, &["0"]);
    assert_eq!(both(&a, &b), "-2 -1 0 1 2 3 4 5");
}

/// Both nodes hand out what they see; what one of them pushed meanwhile stays.
#[test]
fn an_element_may_be_popped_on_two_nodes_and_is_gone_then() {
    let mut a = List::default();
    push(&mut a, 1, 1, End::Right, &["job", "next"]);
    let mut b = a.clone();
    for (list, node) in [(&mut a, 1), (&mut b, 2)] {
        let place = list.place(0).expect("an element").clone();
        assert_eq!(list.text(0), Some(&b"job"[..]));
        list.remove(&place, write(2, node).tombstones);
    }
    push(&mut b, 3, 2, End::Right, &["last"]);
    assert_eq!(both(&a, &b), "next last");
    b.forget(Tombstones::KEEP);
    push(&mut a, 4, 1, End::Right, &["unseen"]);
    assert_eq!(both(&a, &b), "unseen");
}

/// The schedules above are not long enough to see what many elements cost.
#[test]
fn a_queue_holds_no_more_than_what_is_in_it() {
    let mut cluster = Cluster::<Listed>::new();
    for round in 0..200 {
        for op in [ListOp::Push(false, 3), ListOp::Pop(true), ListOp::Pop(true), ListOp::Pop(true)]
        {
            cluster.step(&Step::Write { node: 0, op });
        }
        if round == 0 {
            continue;
        }
        let list = &mut cluster.nodes[0].state.list;
        list.collect(headcount::crdt::Generation(u32::MAX), true);
        assert!(list.heap_bytes() < 4096, "{} bytes", list.heap_bytes());
    }
}
