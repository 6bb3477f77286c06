//! Every type against the laws, in states that real operations reached.

use crate::cluster::{Cluster, START_MS, Subject, schedules};
use crate::hashes::{HashOp, apply_to_field};
use crate::lists;
use crate::sorted_sets::{SortedOp, apply_to_sorted};
use headcount::base::decimal::Decimal;
use headcount::base::hll;
use headcount::base::{Replica, Stamp, Tag};
use headcount::crdt::{
    Counter, Deadline, DeadlineRegister, End, FloatSlot, Hash, Key, Kind, MemberDeadline, Register,
    Score, Set, Slot, SortedSet, Tombstones, Visible, Write,
};
use proptest::prelude::*;
use proptest::sample::Index;

/// A merged with b.
fn join<S: Subject>(a: &S, b: &S) -> S {
    let mut joined = a.clone();
    joined.merge(b);
    joined
}

pub fn check_laws<S: Subject>(a: &S, b: &S, c: &S) -> Result<(), TestCaseError> {
    let ab = join(a, b);
    prop_assert_eq!(&ab, &join(b, a), "commutative");
    prop_assert_eq!(&join(&ab, c), &join(a, &join(b, c)), "associative");
    prop_assert_eq!(&join(a, a), a, "idempotent");
    prop_assert_eq!(&join(&ab, a), &ab, "a merged state has nothing to learn from its parts");
    prop_assert_eq!(&join(b, &ab), &ab, "nor has a part anything of its own left");
    Ok(())
}

/// The laws on states picked from a schedule, and that all replicas end in one state.
fn check<S: Subject>(
    steps: &[crate::cluster::Step<S::Op>],
    picks: &[[Index; 3]],
) -> Result<(), TestCaseError> {
    let mut cluster = Cluster::<S>::run(steps);
    let reached = cluster.reached();
    for [a, b, c] in picks {
        check_laws(a.get(&reached), b.get(&reached), c.get(&reached))?;
    }
    cluster.converge();
    for node in &cluster.nodes[1..] {
        prop_assert_eq!(&node.state, &cluster.nodes[0].state, "converged means identical");
    }
    Ok(())
}

fn picks() -> impl Strategy<Value = Vec<[Index; 3]>> {
    prop::collection::vec(any::<[Index; 3]>(), 12)
}

macro_rules! laws {
    ($($name:ident: $subject:ty;)*) => {
        proptest! {
            $(#[test]
            fn $name(steps in schedules::<$subject>(40), picks in picks()) {
                check::<$subject>(&steps, &picks)?;
            })*
        }
    };
}

laws! {
    slots_obey_the_laws: Owned<Slot>;
    float_slots_obey_the_laws: Owned<FloatSlot>;
    registers_obey_the_laws: Register;
    deadline_registers_obey_the_laws: DeadlineRegister;
    counters_obey_the_laws: Counter;
    scores_obey_the_laws: Score;
    sets_obey_the_laws: Set;
    hashes_obey_the_laws: Hash;
    sorted_sets_obey_the_laws: SortedSet;
    keys_obey_the_laws: Key;
}

/// A slot that the first node's first epoch owns; it is absent until something is counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Owned<T>(Option<T>);

impl<T> Default for Owned<T> {
    fn default() -> Self {
        Owned(None)
    }
}

const OWNER: Replica = Replica { node: 1, epoch: 1 };

#[derive(Clone, Debug)]
pub enum SlotOp {
    Add(i64),
    Forget,
}

fn slot_ops() -> BoxedStrategy<SlotOp> {
    prop_oneof![
        4 => (-9i64..10).prop_map(SlotOp::Add),
        1 => prop_oneof![Just(i64::MAX), Just(i64::MIN)].prop_map(SlotOp::Add),
        1 => Just(SlotOp::Forget),
    ]
    .boxed()
}

impl Subject for Owned<Slot> {
    type Op = SlotOp;
    type World = ();

    fn ops() -> BoxedStrategy<SlotOp> {
        slot_ops()
    }

    fn apply(&mut self, op: &SlotOp, write: &Write, _: usize, (): &mut ()) {
        match op {
            SlotOp::Add(by) if write.replica() == OWNER => {
                if self.0.as_ref().is_none_or(Slot::is_forgotten) {
                    self.0 = Some(Slot::new(write.stamp()));
                }
                self.0.iter_mut().for_each(|slot| slot.add(i128::from(*by)));
            }
            SlotOp::Add(_) => {}
            SlotOp::Forget => self.0.iter_mut().for_each(Slot::forget),
        }
    }

    fn merge(&mut self, other: &Self) {
        match (&mut self.0, &other.0) {
            (Some(mine), Some(theirs)) => mine.merge(theirs),
            (mine @ None, theirs) => *mine = theirs.clone(),
            _ => {}
        }
    }

    fn max_stamp(&self) -> Stamp {
        self.0.as_ref().map(Slot::born).unwrap_or_default()
    }
}

impl Subject for Owned<FloatSlot> {
    type Op = SlotOp;
    type World = ();

    fn ops() -> BoxedStrategy<SlotOp> {
        slot_ops()
    }

    fn apply(&mut self, op: &SlotOp, write: &Write, _: usize, (): &mut ()) {
        match op {
            SlotOp::Add(by) if write.replica() == OWNER => {
                if self.0.as_ref().is_none_or(FloatSlot::is_forgotten) {
                    self.0 = Some(FloatSlot::new(write.stamp()));
                }
                let by = Decimal::from(i128::from(*by));
                self.0.iter_mut().for_each(|slot| slot.add(&by));
            }
            SlotOp::Add(_) => {}
            SlotOp::Forget => self.0.iter_mut().for_each(FloatSlot::forget),
        }
    }

    fn merge(&mut self, other: &Self) {
        match (&mut self.0, &other.0) {
            (Some(mine), Some(theirs)) => mine.merge(theirs),
            (mine @ None, theirs) => *mine = theirs.clone(),
            _ => {}
        }
    }

    fn max_stamp(&self) -> Stamp {
        self.0.as_ref().map(FloatSlot::born).unwrap_or_default()
    }
}

#[derive(Clone, Debug)]
pub enum RegisterOp {
    Write(u8),
    Forget,
}

impl Subject for Register {
    type Op = RegisterOp;
    type World = ();

    fn ops() -> BoxedStrategy<RegisterOp> {
        prop_oneof![3 => (0u8..9).prop_map(RegisterOp::Write), 1 => Just(RegisterOp::Forget)]
            .boxed()
    }

    fn apply(&mut self, op: &RegisterOp, write: &Write, _: usize, (): &mut ()) {
        match op {
            RegisterOp::Write(value) => Register::write(self, write.tag, Box::new([*value])),
            RegisterOp::Forget => self.forget(),
        }
    }

    fn merge(&mut self, other: &Self) {
        Register::merge(self, other);
    }

    fn max_stamp(&self) -> Stamp {
        self.tag().stamp
    }
}

#[derive(Clone, Debug)]
pub enum DeadlineOp {
    Write(Option<u64>),
    Forget,
}

impl Subject for DeadlineRegister {
    type Op = DeadlineOp;
    type World = ();

    fn ops() -> BoxedStrategy<DeadlineOp> {
        let at_ms = prop::option::of(0u64..9).prop_map(DeadlineOp::Write);
        prop_oneof![3 => at_ms, 1 => Just(DeadlineOp::Forget)].boxed()
    }

    fn apply(&mut self, op: &DeadlineOp, write: &Write, _: usize, (): &mut ()) {
        match op {
            DeadlineOp::Write(at_ms) => DeadlineRegister::write(self, write.tag, *at_ms),
            DeadlineOp::Forget => self.forget(),
        }
    }

    fn merge(&mut self, other: &Self) {
        DeadlineRegister::merge(self, other);
    }

    fn max_stamp(&self) -> Stamp {
        self.tag().stamp
    }
}

#[derive(Clone, Debug)]
pub enum CounterOp {
    Add(i64),
    AddHundredths(i64),
    Write(i64),
    Forget,
}

impl Subject for Counter {
    type Op = CounterOp;
    type World = ();

    fn ops() -> BoxedStrategy<CounterOp> {
        prop_oneof![
            4 => (-9i64..10).prop_map(CounterOp::Add),
            1 => prop_oneof![Just(i64::MAX), Just(i64::MIN)].prop_map(CounterOp::Add),
            2 => (1i64..99).prop_map(CounterOp::AddHundredths),
            1 => any::<i64>().prop_map(CounterOp::Write),
            1 => Just(CounterOp::Forget),
        ]
        .boxed()
    }

    fn apply(&mut self, op: &CounterOp, write: &Write, _: usize, (): &mut ()) {
        match op {
            CounterOp::Add(by) => self.add(write.tag, i128::from(*by)),
            CounterOp::AddHundredths(by) => {
                let by = Decimal::parse(format!("0.{by:02}").as_bytes()).expect("a decimal");
                self.add_decimal(write.tag, &by);
            }
            CounterOp::Write(value) => {
                Counter::write(self, write.tag, value.to_string().as_bytes());
            }
            CounterOp::Forget => self.forget(),
        }
    }

    fn merge(&mut self, other: &Self) {
        Counter::merge(self, other);
    }

    fn max_stamp(&self) -> Stamp {
        Counter::max_stamp(self)
    }
}

#[derive(Clone, Debug)]
pub enum SetOp {
    Insert(u8, MemberDeadline),
    Remove(u8),
    Settle,
    Forget,
}

pub fn member_deadlines() -> impl Strategy<Value = MemberDeadline> {
    let at_ms = (0u64..300).prop_map(|ms| START_MS + ms);
    prop_oneof![
        3 => Just(MemberDeadline::Keep),
        2 => prop::option::of(at_ms.clone()).prop_map(MemberDeadline::Set),
        1 => at_ms.prop_map(MemberDeadline::IfNew),
    ]
}

impl Subject for Set {
    type Op = SetOp;
    type World = ();

    fn ops() -> BoxedStrategy<SetOp> {
        prop_oneof![
            6 => (0u8..5, member_deadlines()).prop_map(|(name, at)| SetOp::Insert(name, at)),
            3 => (0u8..5).prop_map(SetOp::Remove),
            1 => Just(SetOp::Settle),
            1 => Just(SetOp::Forget),
        ]
        .boxed()
    }

    fn apply(&mut self, op: &SetOp, write: &Write, _: usize, (): &mut ()) {
        self.settle(write.now_ms, Tombstones::KEEP);
        match op {
            SetOp::Insert(name, deadline) => {
                let was_in = self.contains(&[*name]);
                assert_eq!(self.insert(write, &[*name], *deadline), !was_in);
            }
            SetOp::Remove(name) => {
                let was_in = self.contains(&[*name]);
                assert_eq!(self.remove(&[*name], Tombstones::KEEP), was_in);
            }
            SetOp::Settle => {}
            SetOp::Forget => self.forget(Tombstones::KEEP),
        }
    }

    fn merge(&mut self, other: &Self) {
        Set::merge(self, other, Tombstones::KEEP);
    }

    fn max_stamp(&self) -> Stamp {
        Set::max_stamp(self)
    }
}

#[derive(Clone, Debug)]
pub enum KeyOp {
    Add(i64),
    MoveTo(&'static str),
    SetText(&'static str, Deadline),
    Insert(u8, MemberDeadline),
    Remove(u8),
    Field(HashOp),
    Sorted(SortedOp),
    Push(End),
    Pop(End),
    Expire(Option<u64>),
    Delete,
    SetBit(u32, bool),
    Raise(u16, u8),
}

fn deadlines() -> impl Strategy<Value = u64> {
    (0u64..400).prop_map(|ms| START_MS + ms)
}

impl Subject for Key {
    type Op = KeyOp;
    type World = ();

    fn ops() -> BoxedStrategy<KeyOp> {
        let texts = prop::sample::select(vec!["7", "-3", "1.5", "text", ""]);
        let ends = prop_oneof![
            Just(Deadline::Keep),
            Just(Deadline::Clear),
            deadlines().prop_map(Deadline::At)
        ];
        prop_oneof![
            5 => (-9i64..10).prop_map(KeyOp::Add),
            2 => prop::sample::select(vec!["0.5", "-2.25", "10"]).prop_map(KeyOp::MoveTo),
            2 => (texts, ends).prop_map(|(text, ends)| KeyOp::SetText(text, ends)),
            3 => (0u8..4, member_deadlines()).prop_map(|(name, at)| KeyOp::Insert(name, at)),
            2 => (0u8..4).prop_map(KeyOp::Remove),
            4 => Hash::ops().prop_map(KeyOp::Field),
            4 => SortedSet::ops().prop_map(KeyOp::Sorted),
            4 => prop::sample::select(vec![End::Left, End::Right]).prop_map(KeyOp::Push),
            3 => prop::sample::select(vec![End::Left, End::Right]).prop_map(KeyOp::Pop),
            3 => prop::option::weighted(0.8, deadlines()).prop_map(KeyOp::Expire),
            2 => Just(KeyOp::Delete),
            2 => (0u32..20, any::<bool>()).prop_map(|(place, bit)| KeyOp::SetBit(place, bit)),
            2 => (0u16..4, 1u8..5).prop_map(|(at, rank)| KeyOp::Raise(at, rank)),
        ]
        .boxed()
    }

    fn apply(&mut self, op: &KeyOp, write: &Write, _: usize, (): &mut ()) {
        self.settle(write.now_ms, Tombstones::KEEP);
        let kind = self.kind(write.now_ms);
        match op {
            KeyOp::Add(by) if matches!(kind, None | Some(Kind::String)) => {
                self.add(write, i128::from(*by))
            }
            KeyOp::MoveTo(text) if matches!(kind, None | Some(Kind::String)) => {
                let to = Decimal::parse(text.as_bytes()).expect("a decimal");
                let moved = self.move_number_to(write, &to, text.as_bytes());
                assert!(!moved || visible(self.text(write.now_ms).as_ref()) == *text);
            }
            KeyOp::SetText(text, ends) => {
                self.set_text(write, text.as_bytes(), *ends);
                if !matches!(ends, Deadline::At(at_ms) if *at_ms <= write.now_ms) {
                    assert_eq!(visible(self.text(write.now_ms).as_ref()), *text);
                }
            }
            KeyOp::Insert(name, deadline) if matches!(kind, None | Some(Kind::Set)) => {
                self.insert(write, &[*name], *deadline);
            }
            KeyOp::Remove(name) if kind == Some(Kind::Set) => {
                self.remove(write, &[*name]);
                assert!(self.sets(write.now_ms).all(|set| !set.contains(&[*name])));
            }
            KeyOp::Field(op) if matches!(kind, None | Some(Kind::Hash)) => {
                apply_to_field(self, op, write);
            }
            KeyOp::SetBit(place, bit) if kind.is_none_or(|kind| kind == Kind::String) => {
                self.put_bits(write, [(*place, *bit)]);
                let text = self.text(write.now_ms).map(Visible::into_bytes).unwrap_or_default();
                let byte = text.get(*place as usize / 8).copied();
                assert_eq!(byte.map(|byte| byte >> (7 - place % 8) & 1 != 0), Some(*bit));
            }
            KeyOp::Raise(at, rank) if kind.is_none_or(|kind| kind == Kind::String) => {
                let text = self.text(write.now_ms).map(Visible::into_bytes);
                if text.is_none_or(|text| hll::form(&text).is_ok()) {
                    self.raise_registers(write, [(*at, *rank)]);
                }
            }
            KeyOp::Sorted(op) if matches!(kind, None | Some(Kind::SortedSet)) => {
                apply_to_sorted(self, op, write);
            }
            KeyOp::Push(end) if matches!(kind, None | Some(Kind::List)) => {
                lists::push_to(self, *end, write);
            }
            KeyOp::Pop(end) if kind == Some(Kind::List) => lists::pop_from(self, *end, write),
            KeyOp::Expire(at_ms) if kind.is_some() => self.set_deadline(write, *at_ms),
            KeyOp::Delete => {
                self.delete(write);
                assert_eq!(self.kind(write.now_ms), None);
            }
            _ => {}
        }
    }

    fn merge(&mut self, other: &Self) {
        Key::merge(self, other, Tombstones::KEEP);
    }

    fn max_stamp(&self) -> Stamp {
        Key::max_stamp(self)
    }
}

pub fn visible(text: Option<&Visible<'_>>) -> String {
    match text {
        None => "(nil)".into(),
        Some(Visible::Integer(value)) => value.to_string(),
        Some(Visible::Text(text)) => String::from_utf8_lossy(text).into_owned(),
        Some(Visible::Number(text)) => text.clone(),
        Some(Visible::Made(text)) => String::from_utf8_lossy(text).into_owned(),
    }
}

/// Member deadlines that pass change what is seen, not what is known.
#[test]
fn a_set_equals_itself_settled() {
    let mut set = Set::default();
    let tag = Tag::new(Stamp::at_ms(START_MS), OWNER);
    let write = Write { now_ms: START_MS, tag, tombstones: Tombstones::KEEP };
    set.insert(&write, b"a", MemberDeadline::Set(Some(START_MS + 5)));
    set.insert(&write, b"b", MemberDeadline::Keep);
    let before = set.clone();
    assert_eq!(set.settle(START_MS + 5, Tombstones::KEEP), 1);
    assert_eq!(set.len(), 1);
    assert_eq!(set, before);
}
