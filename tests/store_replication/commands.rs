//! Random commands of every kind.

use headcount::crdt::{Deadline, MemberDeadline};
use headcount::store::{AccessError, KeyRef, Keyspace, Missing, Mode, SortedEdit};
use proptest::prelude::*;

pub const DATABASES: u16 = 2;
pub const NAMES: [&[u8]; 4] = [b"a", b"b", b"{b}c", b"a key with a name that is long"];

/// A key, by database and place among [`NAMES`].
type Place = (u16, usize);

/// Deadlines are so many milliseconds from now.
#[derive(Clone, Debug)]
pub enum Command {
    Add(Place, i64),
    AddFloat(Place, &'static str),
    Set(Place, &'static str, Option<u64>),
    SetMany(Vec<Place>, &'static str),
    Append(Place, &'static str),
    Insert(Place, u8, MemberDeadline),
    Remove(Place, u8),
    WriteScore(Place, u8, f64),
    CountScore(Place, u8, f64),
    RemoveScored(Place, u8),
    PopLeast(Place),
    Expire(Place, Option<u64>),
    Delete(Place),
    Store(Place, Vec<u8>),
    Copy(Place, Place),
    Rename(Place, Place),
    Flush(u16),
    Swap,
}

/// Commands on so many keys of each database.
pub fn commands(names: usize) -> impl Strategy<Value = Command> {
    let place = move || (0..DATABASES, 0..names);
    let text = || prop::sample::select(vec!["5", "-3", "1.5", "text", ""]);
    let ends = || prop::option::of(1u64..200);
    let member_ends = prop_oneof![
        2 => Just(MemberDeadline::Keep),
        1 => ends().prop_map(MemberDeadline::Set),
        1 => (1u64..200).prop_map(MemberDeadline::IfNew),
    ];
    let score = || prop::sample::select(vec![1.0, 2.5, -7.0, 0.1, 1e17, 1e300, f64::INFINITY]);
    prop_oneof![
        10 => (place(), -9i64..10).prop_map(|(key, by)| Command::Add(key, by)),
        2 => (place(), prop::sample::select(vec!["0.5", "-1.25", "2"]))
            .prop_map(|(key, to)| Command::AddFloat(key, to)),
        4 => (place(), text(), ends()).prop_map(|(key, text, ends)| Command::Set(key, text, ends)),
        2 => (prop::collection::vec(place(), 1..4), text())
            .prop_map(|(keys, text)| Command::SetMany(keys, text)),
        2 => (place(), text()).prop_map(|(key, text)| Command::Append(key, text)),
        8 => (place(), 0u8..4, member_ends)
            .prop_map(|(key, member, ends)| Command::Insert(key, member, ends)),
        4 => (place(), 0u8..4).prop_map(|(key, member)| Command::Remove(key, member)),
        3 => (place(), 0u8..4, score())
            .prop_map(|(key, member, score)| Command::WriteScore(key, member, score)),
        6 => (place(), 0u8..4, score())
            .prop_map(|(key, member, by)| Command::CountScore(key, member, by)),
        2 => (place(), 0u8..4).prop_map(|(key, member)| Command::RemoveScored(key, member)),
        1 => place().prop_map(Command::PopLeast),
        4 => (place(), ends()).prop_map(|(key, ends)| Command::Expire(key, ends)),
        4 => place().prop_map(Command::Delete),
        1 => (place(), prop::collection::vec(0u8..4, 0..4))
            .prop_map(|(key, members)| Command::Store(key, members)),
        1 => (place(), place()).prop_map(|(from, to)| Command::Copy(from, to)),
        1 => (place(), place()).prop_map(|(from, to)| Command::Rename(from, to)),
        1 => (0..DATABASES).prop_map(Command::Flush),
        1 => Just(Command::Swap),
    ]
}

fn key((db, name): Place) -> KeyRef<'static> {
    KeyRef::new(db, NAMES[name])
}

impl Command {
    /// Runs it as the dispatcher would. Whether it is refused does not matter here.
    pub fn run(&self, keyspace: &Keyspace, now_ms: u64) {
        let exclusive = |place| keyspace.open_one(key(place), Mode::Exclusive, now_ms);
        let at = |ends: &Option<u64>| ends.map(|ms| now_ms + ms);
        match self {
            Command::Add(place, by) => {
                let shared = keyspace.open_one(key(*place), Mode::Shared, now_ms);
                let added = { shared }.add(key(*place), *by);
                if added == Err(AccessError::NeedsExclusive) {
                    let _ = exclusive(*place).add(key(*place), *by);
                }
            }
            Command::AddFloat(place, to) => {
                let _ = exclusive(*place).move_number_to(key(*place), to);
            }
            Command::Set(place, text, ends) => {
                let ends = at(ends).map_or(Deadline::Clear, Deadline::At);
                exclusive(*place).set_text(key(*place), text.as_bytes(), ends);
            }
            Command::Append(place, text) => {
                let mut keys = exclusive(*place);
                let len = keys.text(key(*place)).ok().flatten().map_or(0, |text| text.len());
                let _ = keys.overwrite(key(*place), len, text.as_bytes());
            }
            Command::Expire(place, ends) => {
                exclusive(*place).set_deadline(key(*place), at(ends));
            }
            Command::Delete(place) => {
                exclusive(*place).delete(key(*place));
            }
            Command::Insert(place, member, ends) => {
                let ends = match ends {
                    MemberDeadline::Keep => MemberDeadline::Keep,
                    MemberDeadline::Set(ends) => MemberDeadline::Set(at(ends)),
                    MemberDeadline::IfNew(ms) => MemberDeadline::IfNew(now_ms + ms),
                };
                let insert = |set: &mut headcount::store::SetEdit<'_>| set.insert(&[*member], ends);
                let _ = exclusive(*place).edit_set(key(*place), Missing::Create, insert);
            }
            Command::Remove(place, member) => {
                let remove = |set: &mut headcount::store::SetEdit<'_>| set.remove(&[*member]);
                let _ = exclusive(*place).edit_set(key(*place), Missing::Skip, remove);
            }
            Command::WriteScore(place, member, score) => {
                let write = |set: &mut SortedEdit<'_>| set.write(&[*member], *score);
                let _ = exclusive(*place).edit_sorted(key(*place), Missing::Create, write);
            }
            Command::CountScore(place, member, by) => {
                let count = |set: &mut SortedEdit<'_>| {
                    let to = set.score(&[*member]).map_or(*by, |seen| seen + by);
                    set.count_to(&[*member], to);
                };
                let _ = exclusive(*place).edit_sorted(key(*place), Missing::Create, count);
            }
            Command::RemoveScored(place, member) => {
                let remove = |set: &mut SortedEdit<'_>| set.remove(&[*member]);
                let _ = exclusive(*place).edit_sorted(key(*place), Missing::Skip, remove);
            }
            Command::PopLeast(place) => {
                let pop = |set: &mut SortedEdit<'_>| {
                    let least = set.view().range(0..1).next().map(|(member, _)| member.to_vec());
                    least.is_some_and(|member| set.remove(&member))
                };
                let _ = exclusive(*place).edit_sorted(key(*place), Missing::Skip, pop);
            }
            _ => self.run_on_many(keyspace, now_ms),
        }
    }

    fn run_on_many(&self, keyspace: &Keyspace, now_ms: u64) {
        let open = |places: &[Place]| {
            let keys: Vec<_> = places.iter().map(|place| key(*place)).collect();
            keyspace.open(keys, Mode::Exclusive, now_ms)
        };
        match self {
            Command::SetMany(places, text) => {
                let mut keys = open(places);
                for place in places {
                    keys.set_text(key(*place), text.as_bytes(), Deadline::Clear);
                }
            }
            Command::Store(place, members) => {
                open(&[*place]).replace_set(key(*place), members.chunks(1));
            }
            Command::Copy(from, to) => {
                open(&[*from, *to]).copy(key(*from), key(*to));
            }
            Command::Rename(from, to) if from != to => {
                open(&[*from, *to]).rename(key(*from), key(*to));
            }
            Command::Flush(db) => keyspace.open_whole(&[], Mode::Exclusive, now_ms).flush(*db),
            Command::Swap => keyspace.open_whole(&[0, 1], Mode::Exclusive, now_ms).swap(0, 1),
            _ => {}
        }
    }
}
