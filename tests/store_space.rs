//! What is seen of a whole keyspace: scans, random keys, eviction, copies, flushes and swaps, and that
//! agendas stay small whatever is done with deadlines.

use headcount::base::Replica;
use headcount::config::MaxmemoryPolicy;
use headcount::crdt::{Deadline, MemberDeadline, Tombstones};
use headcount::store::{KeyRef, Keys, Keyspace, Missing, Mode};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashSet};

const START_MS: u64 = 1_000_000;

fn keyspace(databases: u16, tombstones: Tombstones) -> Keyspace {
    Keyspace::new(databases, Replica { node: 1, epoch: 1 }, tombstones, START_MS)
}

fn set(keyspace: &Keyspace, db: u16, name: &[u8], text: &[u8], ends: Deadline) {
    let key = KeyRef::new(db, name);
    keyspace.open([key], Mode::Exclusive, START_MS).set_text(key, text, ends);
}

fn delete(keyspace: &Keyspace, db: u16, name: &[u8]) -> bool {
    let key = KeyRef::new(db, name);
    keyspace.open([key], Mode::Exclusive, START_MS).delete(key)
}

fn name(prefix: &str, number: usize) -> Vec<u8> {
    format!("{prefix}{number}").into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    /// Keys come and go between the pages, by the thousand, so that tables grow and shrink.
    #[test]
    fn a_scan_returns_what_is_there_throughout_exactly_once(
        stay in 1usize..2_000,
        churn in prop::collection::vec((any::<bool>(), 0usize..4_000), 0..60),
        count in 1usize..400,
        kept in any::<bool>(),
    ) {
        let tombstones = if kept { Tombstones::KEEP } else { Tombstones::Drop };
        let keyspace = keyspace(1, tombstones);
        for number in 0..stay {
            set(&keyspace, 0, &name("stay", number), b"1", Deadline::Clear);
        }
        let mut churn = churn.into_iter();
        let (mut cursor, mut returned) = (0, Vec::new());
        loop {
            let page = keyspace.open_browse(START_MS).scan(0, cursor, count, &mut |_, _| true);
            prop_assert!(page.cursor < 1 << 53, "a client may hold cursors as doubles");
            returned.extend(page.names.into_iter().filter(|name| name.starts_with(b"stay")));
            cursor = page.cursor;
            if cursor == 0 {
                break;
            }
            match churn.next() {
                Some((true, upto)) => (0..upto)
                    .for_each(|n| set(&keyspace, 0, &name("churn", n), b"1", Deadline::Clear)),
                Some((false, upto)) => {
                    (0..upto).for_each(|n| { delete(&keyspace, 0, &name("churn", n)); });
                }
                None => {}
            }
        }
        prop_assert_eq!(returned.len(), stay, "none twice");
        let distinct: HashSet<Vec<u8>> = returned.into_iter().collect();
        prop_assert_eq!(distinct.len(), stay, "none left out");
    }

    #[test]
    fn a_scan_of_a_set_returns_every_member_that_stays(
        stay in 1usize..300,
        churn in prop::collection::vec((any::<bool>(), 0usize..300), 0..100),
        count in 1usize..40,
    ) {
        let keyspace = keyspace(1, Tombstones::Drop);
        let key = KeyRef::new(0, b"set");
        let add = |names: &mut dyn Iterator<Item = Vec<u8>>| {
            let mut keys = keyspace.open([key], Mode::Exclusive, START_MS);
            let done = keys.edit_set(key, Missing::Create, |set| {
                for name in names {
                    set.insert(&name, MemberDeadline::Keep);
                }
            });
            assert!(matches!(done, Ok(Some(()))));
        };
        // Members that will go lie among those that stay.
        for number in 0..stay {
            add(&mut [name("churn", number), name("stay", number)].into_iter());
        }
        let mut churn = churn.into_iter();
        let (mut cursor, mut seen) = (0, BTreeSet::new());
        loop {
            let keys = keyspace.open([key], Mode::Shared, START_MS);
            let Ok(Some(view)) = keys.set(key) else { panic!("the set is there") };
            let (next, page) = view.scan(cursor, count);
            seen.extend(page.into_iter().filter(|name| name.starts_with(b"stay")).map(<[u8]>::to_vec));
            drop(keys);
            cursor = next;
            if cursor == 0 {
                break;
            }
            match churn.next() {
                Some((true, from)) => add(&mut (from..from + 20).map(|n| name("churn", n))),
                Some((false, from)) => {
                    let mut keys = keyspace.open([key], Mode::Exclusive, START_MS);
                    let done = keys.edit_set(key, Missing::Skip, |set| {
                        (from..from + 20).for_each(|n| { set.remove(&name("churn", n)); });
                    });
                    prop_assert!(done.is_ok());
                }
                None => {}
            }
        }
        prop_assert_eq!(seen.len(), stay);
    }
}

/// Each page looks at a whole shard: were there as many pages as keys, a scan would be quadratic.
#[test]
fn a_scan_of_many_keys_takes_a_bounded_number_of_pages_a_shard() {
    const KEYS: usize = 150_000;
    let keyspace = keyspace(1, Tombstones::Drop);
    for number in 0..KEYS {
        set(&keyspace, 0, &name("key", number), b"1", Deadline::Clear);
    }
    let (mut cursor, mut pages, mut returned) = (0, 0, 0);
    loop {
        let page = keyspace.open_browse(START_MS).scan(0, cursor, 1, &mut |_, _| true);
        (cursor, pages, returned) = (page.cursor, pages + 1, returned + page.names.len());
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(returned, KEYS);
    assert!(pages < KEYS / 3, "{pages}");
}

#[test]
fn random_keys_reach_every_key_and_nothing_else() {
    for tombstones in [Tombstones::Drop, Tombstones::KEEP] {
        let keyspace = keyspace(2, tombstones);
        let browse = || keyspace.open_browse(START_MS + 50);
        assert_eq!(browse().random_name(0), None);
        let mut names = BTreeSet::new();
        for number in 0..40 {
            set(&keyspace, 0, &name("k", number), b"1", Deadline::Clear);
            set(&keyspace, 0, &name("past", number), b"1", Deadline::At(START_MS + 20));
            set(&keyspace, 0, &name("gone", number), b"1", Deadline::Clear);
            delete(&keyspace, 0, &name("gone", number));
            names.insert(name("k", number));
        }
        let mut seen = BTreeSet::new();
        // 40 keys take about 40 · ln 40 draws on average: far fewer than these.
        for _ in 0..4_000 {
            seen.extend(browse().random_name(0));
        }
        assert_eq!(seen, names);
        assert_eq!(browse().random_name(1), None);
    }
}

#[test]
fn eviction_takes_what_its_policy_names_until_nothing_is_left() {
    use MaxmemoryPolicy::{AllkeysLru, AllkeysRandom, NoEviction, VolatileLru, VolatileTtl};
    for policy in [AllkeysLru, AllkeysRandom, VolatileLru, VolatileTtl] {
        for tombstones in [Tombstones::Drop, Tombstones::KEEP] {
            let keyspace = keyspace(3, tombstones);
            for number in 0..30 {
                let ends = Deadline::At(START_MS + 10_000 + number as u64);
                set(&keyspace, (number % 3) as u16, &name("ends", number), b"1", ends);
                set(&keyspace, (number % 3) as u16, &name("stays", number), b"1", Deadline::Clear);
            }
            assert!(!keyspace.evict(NoEviction, 5, START_MS));
            let mut evicted = 0;
            while keyspace.evict(policy, 5, START_MS) {
                evicted += 1;
                assert!(evicted <= 60, "{policy:?} evicts for ever");
            }
            let all = matches!(policy, AllkeysLru | AllkeysRandom);
            assert_eq!(evicted, if all { 60 } else { 30 }, "{policy:?}");
            let stats = keyspace.stats(START_MS);
            assert_eq!(stats.evicted_keys, evicted);
            let left: usize = stats.databases.iter().map(|db| db.keys).sum();
            assert_eq!(left as u64, 60 - evicted, "{policy:?}");
        }
    }
}

/// With as many samples as there are keys, about the one that ends first goes first.
#[test]
fn volatile_ttl_prefers_what_ends_first() {
    let keyspace = keyspace(1, Tombstones::Drop);
    for number in 0..100 {
        let ends = Deadline::At(START_MS + 1_000 * (1 + number as u64));
        set(&keyspace, 0, &name("k", number), b"1", ends);
    }
    for _ in 0..20 {
        assert!(keyspace.evict(MaxmemoryPolicy::VolatileTtl, 200, START_MS));
    }
    let left: usize = (0..40).filter(|n| exists(&keyspace, 0, &name("k", *n))).count();
    assert!(left <= 28, "of the 40 that end first {left} are left after 20 evictions");
}

fn exists(keyspace: &Keyspace, db: u16, name: &[u8]) -> bool {
    let key = KeyRef::new(db, name);
    keyspace.open([key], Mode::Exclusive, START_MS).exists(key) == Ok(true)
}

#[derive(Clone, Debug)]
enum Op {
    Set(u16, u8, u8, Option<u64>),
    Insert(u16, u8, u8, Option<u64>),
    Copy((u16, u8), (u16, u8)),
    Rename((u16, u8), (u16, u8)),
    Swap(u16, u16),
    Flush(u16),
}

/// A value, its deadline, and for sets each member's.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Text(u8),
    Members(BTreeMap<u8, Option<u64>>),
}

type Model = BTreeMap<(u16, u8), (Value, Option<u64>)>;

fn ops() -> impl Strategy<Value = Op> {
    let key = (0u16..3, 0u8..4);
    let ends = prop::option::of((1u64..1_000).prop_map(|ms| START_MS + ms));
    prop_oneof![
        4 => (key.clone(), any::<u8>(), ends.clone())
            .prop_map(|((db, name), text, ends)| Op::Set(db, name, text, ends)),
        4 => (key.clone(), 0u8..4, ends)
            .prop_map(|((db, name), member, ends)| Op::Insert(db, name, member, ends)),
        2 => (key.clone(), key.clone()).prop_map(|(from, to)| Op::Copy(from, to)),
        2 => (key.clone(), key).prop_map(|(from, to)| Op::Rename(from, to)),
        1 => (0u16..3, 0u16..3).prop_map(|(a, b)| Op::Swap(a, b)),
        1 => (0u16..3).prop_map(Op::Flush),
    ]
}

fn run(keyspace: &Keyspace, op: &Op) {
    let open = |keys: &[KeyRef<'_>]| {
        let keys: Vec<KeyRef<'_>> = keys.to_vec();
        keyspace.open(keys.iter().copied(), Mode::Exclusive, START_MS)
    };
    match op {
        Op::Set(db, name, text, ends) => {
            let ends = ends.map_or(Deadline::Clear, Deadline::At);
            set(keyspace, *db, &[*name], &[*text], ends);
        }
        Op::Insert(db, name, member, ends) => {
            let (name, member) = ([*name], [*member]);
            let key = KeyRef::new(*db, &name);
            let add = |set: &mut headcount::store::SetEdit<'_>| {
                set.insert(&member, MemberDeadline::Set(*ends))
            };
            // Refused on a text, as the model does.
            let _ = open(&[key]).edit_set(key, Missing::Create, add);
        }
        Op::Copy((from_db, from), (to_db, to)) | Op::Rename((from_db, from), (to_db, to)) => {
            let (from_name, to_name) = ([*from], [*to]);
            let (from, to) = (KeyRef::new(*from_db, &from_name), KeyRef::new(*to_db, &to_name));
            let mut keys = open(&[from, to]);
            let is_same = (from_db, from.name) == (to_db, to.name);
            if keys.copy(from, to) && matches!(op, Op::Rename(..)) && !is_same {
                keys.delete(from);
            }
        }
        Op::Swap(a, b) => keyspace.open_whole(&[*a, *b], Mode::Exclusive, START_MS).swap(*a, *b),
        Op::Flush(db) => keyspace.open_whole(&[], Mode::Exclusive, START_MS).flush(*db),
    }
}

fn run_on_model(model: &mut Model, op: &Op) {
    match *op {
        Op::Set(db, name, text, ends) => {
            model.insert((db, name), (Value::Text(text), ends));
        }
        Op::Insert(db, name, member, ends) => {
            let empty = || (Value::Members(BTreeMap::new()), None);
            if let Value::Members(members) = &mut model.entry((db, name)).or_insert_with(empty).0 {
                members.insert(member, ends);
            }
        }
        Op::Copy(from, to) | Op::Rename(from, to) => {
            let Some(value) = model.get(&from).cloned() else { return };
            if matches!(op, Op::Rename(..)) {
                model.remove(&from);
            }
            model.insert(to, value);
        }
        Op::Swap(a, b) => {
            let swap = |db| {
                if db == a {
                    b
                } else if db == b {
                    a
                } else {
                    db
                }
            };
            let swapped = std::mem::take(model).into_iter();
            *model = swapped.map(|((db, name), value)| ((swap(db), name), value)).collect();
        }
        Op::Flush(db) => model.retain(|(of, _), _| *of != db),
    }
}

fn seen(keys: &Keys<'_>) -> Model {
    let mut model = Model::new();
    for db in 0..3 {
        keys.for_each_name(db, &mut |name| {
            let key = KeyRef::new(db, name);
            let ends = keys.deadline(key).expect("all is settled").expect("it is there");
            let value = match keys.text(key) {
                Ok(Some(text)) => Value::Text(text[0]),
                _ => {
                    let set = keys.set(key).expect("a set").expect("it is there");
                    let members = set.iter().map(|name| (name[0], set.deadline(name).flatten()));
                    Value::Members(members.collect())
                }
            };
            model.insert((db, name[0]), (value, ends));
        });
    }
    model
}

proptest! {
    #[test]
    fn copies_renames_swaps_and_flushes_move_what_is_visible(
        ops in prop::collection::vec(ops(), 1..60),
        kept in any::<bool>(),
    ) {
        let keyspace = keyspace(3, if kept { Tombstones::KEEP } else { Tombstones::Drop });
        let mut model = Model::new();
        for op in &ops {
            run(&keyspace, op);
            run_on_model(&mut model, op);
            let keys = keyspace.open_whole(&[], Mode::Exclusive, START_MS);
            prop_assert_eq!(&seen(&keys), &model, "after {:?}", op);
            for db in 0..3 {
                prop_assert_eq!(keys.len(db), model.keys().filter(|(of, _)| *of == db).count());
            }
        }
    }
}

/// A heartbeat is a store of a number; what comes due is looked at once a period.
#[test]
fn heartbeats_do_not_pile_up() {
    let keyspace = keyspace(1, Tombstones::Drop);
    let key = KeyRef::new(0, b"online");
    let mut sizes = Vec::new();
    for beat in 0..500_000u64 {
        // Deadlines that move on, and back, and are taken away.
        let ahead_ms = if beat % 3 == 0 { 50_000 } else { 10_000 };
        let at_ms = (beat % 7 != 0).then_some(START_MS + beat + ahead_ms);
        let mut keys = keyspace.open([key], Mode::Exclusive, START_MS + beat);
        let done = keys.edit_set(key, Missing::Create, |set| {
            set.insert(b"member", MemberDeadline::Set(at_ms));
        });
        assert!(done.is_ok());
        keys.set_deadline(key, at_ms);
        drop(keys);
        if beat % 1_000 == 0 {
            assert!(keyspace.expire(START_MS + beat, 1_000) < 1_000);
        }
        if beat % 100_000 == 999 {
            let keys = keyspace.open([key], Mode::Exclusive, START_MS + beat);
            sizes.push(keys.memory_bytes(key).expect("settled").expect("it is there"));
        }
    }
    assert!(sizes.iter().all(|size| *size < 8_192), "{sizes:?}");
    assert!(keyspace.agenda_bytes() < 8_192, "{}", keyspace.agenda_bytes());
}

#[test]
fn what_was_due_is_forgotten_with_its_keys() {
    let keyspace = keyspace(1, Tombstones::Drop);
    for number in 0..200_000 {
        set(&keyspace, 0, &name("k", number), b"1", Deadline::At(START_MS + 1_000_000_000));
    }
    let full = keyspace.agenda_bytes();
    (0..200_000).for_each(|number| assert!(delete(&keyspace, 0, &name("k", number))));
    let empty = keyspace.agenda_bytes();
    assert!(empty * 2 < full, "{empty} bytes of {full} are left for no key at all");
    assert_eq!(keyspace.expire(START_MS + 2_000_000_000, 1_000_000), 0, "nor is there work left");
}

#[test]
fn expiry_takes_all_that_is_past_within_its_budget() {
    for tombstones in [Tombstones::Drop, Tombstones::KEEP] {
        let keyspace = keyspace(4, tombstones);
        for number in 0..5_000 {
            let ends = Deadline::At(START_MS + 1 + number as u64 % 100);
            set(&keyspace, (number % 4) as u16, &name("k", number), b"1", ends);
        }
        set(&keyspace, 0, b"stays", b"1", Deadline::Clear);
        let mut looked_at = 0;
        loop {
            let step = keyspace.expire(START_MS + 100, 300);
            assert!(step <= 300);
            looked_at += step;
            if step < 300 {
                break;
            }
        }
        assert_eq!(looked_at, 5_000);
        let stats = keyspace.stats(START_MS + 100);
        assert_eq!(stats.databases.len(), 1);
        assert_eq!((stats.databases[0].keys, stats.databases[0].with_deadline), (1, 0));
    }
}

/// Also what had expired and was not reclaimed yet.
#[test]
fn nothing_is_counted_after_a_flush() {
    for tombstones in [Tombstones::Drop, Tombstones::KEEP] {
        let keyspace = keyspace(1, tombstones);
        set(&keyspace, 0, b"stays", b"1", Deadline::Clear);
        set(&keyspace, 0, b"expires", b"1", Deadline::At(START_MS + 5));
        let mut keys = keyspace.open_whole(&[], Mode::Exclusive, START_MS + 10);
        assert_eq!(keys.len(0), 2);
        keys.flush(0);
        assert_eq!(keys.len(0), 0, "{tombstones:?}");
    }
}
