//! The forms in which the store holds keys are encodings and nothing more: random operations on a
//! keyspace show after every step what the same operations on whole merging states show, and a peer
//! that is told either state sees the same.

#[path = "store_forms/ops.rs"]
mod ops;

use headcount::base::clock::Clock;
use headcount::base::decimal::Decimal;
use headcount::base::number::parse_i64;
use headcount::base::{Replica, Stamp, Tag};
use headcount::crdt::{Deadline, Key, Kind, MemberDeadline, Score, Tombstones, Visible, Write};
use headcount::store::{AccessError, KeyRef, Keys, Keyspace, Missing, Mode};
use ops::{Op, ops};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

pub const START_MS: u64 = 1_000_000;
const ME: Replica = Replica { node: 1, epoch: 7 };
const PEER: Replica = Replica { node: 2, epoch: 9 };
const NAMES: [&[u8]; 3] = [b"a", b"a key with a name that is long", b""];

#[derive(Clone, Debug)]
enum Step {
    Run { key: usize, op: Op },
    OnPeer { key: usize, op: Op },
    FromPeer { key: usize },
    ToPeer { key: usize },
    Wait { ms: u64 },
    Reclaim,
}

fn steps(with_peer: bool) -> impl Strategy<Value = Vec<Step>> {
    let key = 0..NAMES.len();
    let peer = u32::from(with_peer);
    let step = prop_oneof![
        12 => (key.clone(), ops()).prop_map(|(key, op)| Step::Run { key, op }),
        3 * peer => (key.clone(), ops()).prop_map(|(key, op)| Step::OnPeer { key, op }),
        4 * peer => key.clone().prop_map(|key| Step::FromPeer { key }),
        3 * peer => key.prop_map(|key| Step::ToPeer { key }),
        2 => (1u64..200).prop_map(|ms| Step::Wait { ms }),
        1 => Just(Step::Reclaim),
    ];
    prop::collection::vec(step, 1..40)
}

/// What a command answers.
#[derive(Debug, PartialEq)]
enum Reply {
    Done,
    Integer(i64),
    Bool(bool),
    Error(AccessError),
}

/// What a user sees of a key.
#[derive(Debug, PartialEq)]
enum View {
    Nothing,
    Text(String, Option<u64>),
    Members(BTreeMap<u8, Option<u64>>, Option<u64>),
    /// Members by score.
    Scores(Vec<(u8, f64)>, Option<u64>),
}

/// One key as plain merging state, with the commands' conditions around it.
#[derive(Clone, Default)]
struct Model {
    key: Key,
}

impl Model {
    fn view(&self, now_ms: u64) -> View {
        let mut key = self.key.clone();
        key.settle(now_ms, Tombstones::KEEP);
        let ends_ms = key.deadline_ms(now_ms);
        match key.kind(now_ms) {
            None => View::Nothing,
            Some(Kind::String) => View::Text(show(key.text(now_ms)), ends_ms),
            Some(Kind::Set) => {
                let sets = key.sets(now_ms);
                let members = sets.flat_map(|set| {
                    set.iter().map(|name| (name[0], set.deadline_ms(name).flatten()))
                });
                View::Members(members.collect(), ends_ms)
            }
            Some(Kind::SortedSet) => {
                let names: BTreeSet<u8> =
                    key.members::<Score>(now_ms).flat_map(|set| set.iter().map(|n| n[0])).collect();
                let scored = |name| (name, key.score(now_ms, &[name]).expect("it is in"));
                let mut members: Vec<(u8, f64)> = names.into_iter().map(scored).collect();
                members.sort_by(|(_, a), (_, b)| a.total_cmp(b));
                View::Scores(members, ends_ms)
            }
            Some(kind) => panic!("no {kind:?} was written"),
        }
    }

    fn run(&mut self, op: &Op, write: &Write) -> Reply {
        self.key.settle(write.now_ms, write.tombstones);
        if write.tombstones == Tombstones::Drop {
            self.key.collect_all(write.now_ms);
        }
        let reply = self.apply(op, write).unwrap_or_else(Reply::Error);
        if write.tombstones == Tombstones::Drop {
            self.key.collect_all(write.now_ms);
        }
        reply
    }

    fn apply(&mut self, op: &Op, write: &Write) -> Result<Reply, AccessError> {
        let (key, now_ms) = (&mut self.key, write.now_ms);
        let kind = key.kind(now_ms);
        match op {
            Op::Add { by, .. } => {
                let visible = text_of(key, now_ms)?;
                let value = match visible {
                    None => 0,
                    Some(text) => parse_i64(text.as_bytes()).ok_or(AccessError::NotInteger)?,
                };
                value.checked_add(*by).ok_or(AccessError::Overflow)?;
                key.add(write, i128::from(*by));
                let after = text_of(key, now_ms)?.unwrap_or_default();
                Ok(Reply::Integer(after.parse().expect("an integer")))
            }
            Op::AddFloat(by) => {
                let text = text_of(key, now_ms)?.unwrap_or("0".into());
                let Some(to) = float_sum(&text, by) else { return Ok(Reply::Done) };
                let number = Decimal::parse(to.as_bytes()).expect("a decimal");
                match key.move_number_to(write, &number, to.as_bytes()) {
                    true => Ok(Reply::Done),
                    false => Err(AccessError::NotFloat),
                }
            }
            Op::Set(text, ends) => {
                key.set_text(write, text.as_bytes(), *ends);
                Ok(Reply::Done)
            }
            Op::Overwrite(at, bytes) => {
                let mut text = text_of(key, now_ms)?.unwrap_or_default().into_bytes();
                text.resize(text.len().max(at + bytes.len()), 0);
                text[*at..at + bytes.len()].copy_from_slice(bytes.as_bytes());
                key.set_text(write, &text, Deadline::Keep);
                Ok(Reply::Integer(text.len() as i64))
            }
            _ if kind.is_some_and(|kind| wanted(op).is_some_and(|wanted| kind != wanted)) => {
                Err(AccessError::WrongType)
            }
            Op::Score { name, score, counts } => {
                let (score, before) = (f64::from(*score), key.score(now_ms, &[*name]));
                match counts {
                    true => key.count_score_to(write, &[*name], before.unwrap_or(0.0) + score),
                    false => key.write_score(write, &[*name], score),
                }
                Ok(Reply::Bool(before.is_none()))
            }
            Op::RemoveScored(name) => Ok(Reply::Bool(key.remove_member::<Score>(write, &[*name]))),
            Op::Insert(name, ends) => Ok(Reply::Bool(key.insert(write, &[*name], *ends))),
            Op::Remove(_) | Op::MemberDeadline(..) if kind.is_none() => Ok(Reply::Bool(false)),
            Op::Remove(name) => Ok(Reply::Bool(key.remove(write, &[*name]))),
            Op::MemberDeadline(name, at_ms) => {
                let is_in = key.sets(now_ms).any(|set| set.contains(&[*name]));
                if is_in && at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
                    key.remove(write, &[*name]);
                } else if is_in {
                    key.insert(write, &[*name], MemberDeadline::Set(*at_ms));
                }
                Ok(Reply::Bool(is_in))
            }
            Op::Expire(at_ms) => {
                if kind.is_some() {
                    key.set_deadline(write, *at_ms);
                }
                Ok(Reply::Bool(kind.is_some()))
            }
            Op::Delete => {
                key.delete(write);
                Ok(Reply::Bool(kind.is_some()))
            }
        }
    }
}

/// The type that an operation on members is about.
fn wanted(op: &Op) -> Option<Kind> {
    match op {
        Op::Insert(..) | Op::Remove(_) | Op::MemberDeadline(..) => Some(Kind::Set),
        Op::Score { .. } | Op::RemoveScored(_) => Some(Kind::SortedSet),
        _ => None,
    }
}

fn show(text: Option<Visible<'_>>) -> String {
    match text {
        None => "(nil)".into(),
        Some(Visible::Integer(value)) => value.to_string(),
        Some(Visible::Text(text)) => text.iter().map(|byte| char::from(*byte)).collect(),
        Some(Visible::Number(text)) => text,
        Some(Visible::Made(text)) => text.iter().map(|byte| char::from(*byte)).collect(),
    }
}

fn text_of(key: &Key, now_ms: u64) -> Result<Option<String>, AccessError> {
    match key.kind(now_ms) {
        None => Ok(None),
        Some(Kind::String) => Ok(Some(show(key.text(now_ms)))),
        Some(_) => Err(AccessError::WrongType),
    }
}

/// The sum of two short numbers (Redis's own float arithmetic is not the matter here).
fn float_sum(text: &str, by: &str) -> Option<String> {
    let mut sum = Decimal::parse(text.as_bytes())?;
    sum += &Decimal::parse(by.as_bytes())?;
    Some(sum.to_string())
}

/// The commands on the store, as the dispatcher runs them: again with exclusive access where shared
/// access is refused.
fn run(keyspace: &Keyspace, name: &[u8], op: &Op, now_ms: u64) -> Reply {
    let key = KeyRef::new(0, name);
    if let Op::Add { by, shared: true } = op {
        let added = keyspace.open([key], Mode::Shared, now_ms).add(key, *by);
        match added {
            Err(AccessError::NeedsExclusive) => {}
            Ok(value) => return Reply::Integer(value),
            Err(error) => return Reply::Error(error),
        }
    }
    let mut keys = keyspace.open([key], Mode::Exclusive, now_ms);
    apply(&mut keys, key, op).unwrap_or_else(Reply::Error)
}

fn apply(keys: &mut Keys<'_>, key: KeyRef<'_>, op: &Op) -> Result<Reply, AccessError> {
    match op {
        Op::Add { by, .. } => keys.add(key, *by).map(Reply::Integer),
        Op::AddFloat(by) => {
            let text = keys.text(key)?.map_or(b"0".to_vec(), |text| text.to_vec());
            let text = String::from_utf8_lossy(&text).into_owned();
            let Some(to) = float_sum(&text, by) else { return Ok(Reply::Done) };
            keys.move_number_to(key, &to).map(|()| Reply::Done)
        }
        Op::Set(text, ends) => {
            keys.set_text(key, text.as_bytes(), *ends);
            Ok(Reply::Done)
        }
        Op::Overwrite(at, bytes) => {
            let len = keys.overwrite(key, *at, bytes.as_bytes())?;
            Ok(Reply::Integer(len as i64))
        }
        Op::Insert(name, ends) => {
            let new = keys.edit_set(key, Missing::Create, |set| set.insert(&[*name], *ends))?;
            Ok(Reply::Bool(new == Some(true)))
        }
        Op::Remove(name) => {
            let gone = keys.edit_set(key, Missing::Skip, |set| set.remove(&[*name]))?;
            Ok(Reply::Bool(gone == Some(true)))
        }
        Op::MemberDeadline(name, at_ms) => {
            let set =
                |set: &mut headcount::store::SetEdit<'_>| set.set_member_deadline(&[*name], *at_ms);
            Ok(Reply::Bool(keys.edit_set(key, Missing::Skip, set)? == Some(true)))
        }
        Op::Score { name, score, counts } => {
            let put = |set: &mut headcount::store::SortedEdit<'_>| {
                let (score, before) = (f64::from(*score), set.score(&[*name]));
                match counts {
                    true => set.count_to(&[*name], before.unwrap_or(0.0) + score),
                    false => set.write(&[*name], score),
                }
                before.is_none()
            };
            Ok(Reply::Bool(keys.edit_sorted(key, Missing::Create, put)? == Some(true)))
        }
        Op::RemoveScored(name) => {
            let gone = keys.edit_sorted(key, Missing::Skip, |set| set.remove(&[*name]))?;
            Ok(Reply::Bool(gone == Some(true)))
        }
        Op::Expire(at_ms) => Ok(Reply::Bool(keys.set_deadline(key, *at_ms))),
        Op::Delete => Ok(Reply::Bool(keys.delete(key))),
    }
}

fn look(keys: &Keys<'_>, key: KeyRef<'_>) -> Result<View, AccessError> {
    let Some(ends_ms) = keys.deadline(key)? else { return Ok(View::Nothing) };
    match keys.kind(key)? {
        None => Ok(View::Nothing),
        Some(Kind::String) => {
            let text = keys.text(key)?.map(|text| text.iter().map(|b| char::from(*b)).collect());
            Ok(View::Text(text.unwrap_or("(nil)".into()), ends_ms))
        }
        Some(Kind::Set) => {
            let set = keys.set(key)?.ok_or(AccessError::WrongType)?;
            let members = set.iter().map(|name| (name[0], set.deadline(name).flatten()));
            Ok(View::Members(members.collect(), ends_ms))
        }
        Some(Kind::SortedSet) => {
            let set = keys.sorted(key)?.ok_or(AccessError::WrongType)?;
            let members: Vec<_> = set.range(0..set.len()).map(|(n, score)| (n[0], score)).collect();
            for (rank, (name, score)) in members.iter().enumerate() {
                assert_eq!(set.rank(&[*name]), Some((rank, *score)));
            }
            Ok(View::Scores(members, ends_ms))
        }
        Some(_) => Err(AccessError::WrongType),
    }
}

/// The store, the model, and a peer of each.
struct Bench {
    keyspace: Keyspace,
    tombstones: Tombstones,
    models: [Model; NAMES.len()],
    /// Told by the store, and told by the models.
    peers: [[Model; NAMES.len()]; 2],
    clock: Clock,
    now_ms: u64,
}

impl Bench {
    fn new(tombstones: Tombstones) -> Bench {
        Bench {
            keyspace: Keyspace::new(4, ME, tombstones, START_MS),
            tombstones,
            models: Default::default(),
            peers: Default::default(),
            clock: Clock::default(),
            now_ms: START_MS,
        }
    }

    /// Every step has a millisecond of its own, so stamps fall in the same order on both sides.
    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        self.now_ms += 1;
        let now_ms = self.now_ms;
        let write = |replica, tombstones| {
            let tag = Tag::new(self.clock.stamp(now_ms), replica);
            Write { now_ms, tag, tombstones }
        };
        match step {
            Step::Run { key, op } => {
                let expected = self.models[*key].run(op, &write(ME, self.tombstones));
                prop_assert_eq!(run(&self.keyspace, NAMES[*key], op, now_ms), expected);
            }
            Step::OnPeer { key, op } => {
                let write = write(PEER, Tombstones::KEEP);
                for models in &mut self.peers {
                    models[*key].run(op, &write);
                }
            }
            Step::FromPeer { key } => {
                let theirs = &self.peers[0][*key].key;
                self.keyspace.merge_part(0, NAMES[*key], theirs, now_ms);
                self.models[*key].key.merge(&self.peers[1][*key].key, Tombstones::KEEP);
            }
            Step::ToPeer { key } => {
                let name = KeyRef::new(0, NAMES[*key]);
                let state = self.keyspace.open([name], Mode::Exclusive, now_ms).state(name);
                self.peers[0][*key].key.merge(&state.unwrap_or_default(), Tombstones::KEEP);
                self.peers[1][*key].key.merge(&self.models[*key].key, Tombstones::KEEP);
            }
            Step::Wait { ms } => self.now_ms += ms,
            Step::Reclaim => {
                let looked_at = self.keyspace.expire(now_ms, 1_000);
                prop_assert!(looked_at < 1_000, "reclaiming goes round in circles");
            }
        }
        Ok(())
    }

    fn compare(&self) -> Result<(), TestCaseError> {
        for (key, name) in NAMES.iter().enumerate() {
            let expected = self.models[key].view(self.now_ms);
            let name = KeyRef::new(0, name);
            let shared = look(&self.keyspace.open([name], Mode::Shared, self.now_ms), name);
            if shared != Err(AccessError::NeedsExclusive) {
                prop_assert_eq!(shared, Ok(self.models[key].view(self.now_ms)));
            }
            let keys = self.keyspace.open([name], Mode::Exclusive, self.now_ms);
            prop_assert_eq!(look(&keys, name), Ok(expected));
            drop(keys);
            let told = self.peers.each_ref().map(|models| models[key].view(self.now_ms));
            prop_assert_eq!(&told[0], &told[1], "peers told by the store and by the model");
        }
        Ok(())
    }

    /// INFO counts what is there, once what is due has been reclaimed.
    fn compare_counts(&self) -> Result<(), TestCaseError> {
        self.keyspace.expire(self.now_ms, 1_000);
        let views: Vec<View> = self.models.iter().map(|model| model.view(self.now_ms)).collect();
        let ends = |view: &&View| {
            matches!(
                view,
                View::Text(_, Some(_)) | View::Members(_, Some(_)) | View::Scores(_, Some(_))
            )
        };
        let stats = self.keyspace.stats(self.now_ms);
        let counted = stats.databases.first().map_or((0, 0), |db| (db.keys, db.with_deadline));
        let there = views.iter().filter(|view| **view != View::Nothing).count();
        prop_assert_eq!(counted, (there, views.iter().filter(ends).count()));
        let browse = self.keyspace.open_browse(self.now_ms);
        prop_assert_eq!(browse.len(0), there);
        Ok(())
    }
}

fn check(steps: &[Step], tombstones: Tombstones) -> Result<(), TestCaseError> {
    let mut bench = Bench::new(tombstones);
    for step in steps {
        bench.step(step)?;
        bench.compare()?;
    }
    bench.compare_counts()?;
    bench.now_ms = START_MS + 2_000;
    bench.compare_counts()?;
    bench.compare()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]
    #[test]
    fn a_store_without_peers_shows_what_the_plain_states_show(steps in steps(false)) {
        check(&steps, Tombstones::Drop)?;
    }

    #[test]
    fn a_store_with_peers_shows_what_the_plain_states_show(steps in steps(true)) {
        check(&steps, Tombstones::KEEP)?;
    }
}

/// Deadlines beyond the clock's reach are no deadlines that pass.
#[test]
fn deadlines_at_the_end_of_time_do_not_pass() {
    for tombstones in [Tombstones::Drop, Tombstones::KEEP] {
        let keyspace = Keyspace::new(1, ME, tombstones, START_MS);
        for (name, at_ms) in [(b"a", u64::MAX), (b"b", u64::MAX - 1), (b"c", i64::MAX as u64)] {
            let key = KeyRef::new(0, name);
            let mut keys = keyspace.open([key], Mode::Exclusive, START_MS);
            keys.set_text(key, b"1", Deadline::At(at_ms));
            assert_eq!(keys.add(key, 1), Ok(2));
            assert!(keys.set_deadline(key, Some(at_ms)));
            drop(keys);
            assert_eq!(keyspace.expire(START_MS + 10, 100), 0);
            let keys = keyspace.open([key], Mode::Exclusive, START_MS + 10);
            assert_eq!(keys.exists(key), Ok(true));
        }
        assert_eq!(keyspace.stats(START_MS).databases[0].keys, 3);
    }
}

/// The stamp at which a state was first set decides, also against what a peer wrote before.
#[test]
fn the_first_set_of_a_key_also_says_that_it_does_not_end() {
    let keyspace = Keyspace::new(1, ME, Tombstones::KEEP, START_MS);
    let key = KeyRef::new(0, b"k");
    let mut theirs = Key::default();
    let tag = Tag::new(Stamp::at_ms(START_MS), PEER);
    let write = Write { now_ms: START_MS, tag, tombstones: Tombstones::KEEP };
    theirs.set_text(&write, b"1", Deadline::At(START_MS + 500));
    let mut keys = keyspace.open([key], Mode::Exclusive, START_MS + 20);
    keys.set_text(key, b"2", Deadline::Clear);
    drop(keys);
    keyspace.merge_part(0, key.name, &theirs, START_MS + 20);
    let keys = keyspace.open([key], Mode::Exclusive, START_MS + 20);
    assert_eq!(keys.deadline(key), Ok(Some(None)));
}
