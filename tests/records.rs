//! Any records, of any kind and with any bytes: a start takes them or ends with an error.

mod engines;
#[allow(dead_code)]
#[path = "support/faulty_storage.rs"]
mod faulty_storage;
#[path = "properties/records.rs"]
mod properties;
#[allow(dead_code)]
#[path = "simulation/simulator/random.rs"]
mod random;

use faulty_storage::FaultyStorage;

use headcount::base::{Replica, Stamp};
use headcount::config::MaxmemoryPolicy;
use headcount::crdt::{Deadline, MemberDeadline, Tombstones};
use headcount::log::{
    Identity, RecordKind, Recovered, Settings as LogSettings, Storage, Writer, find, replay,
};
use headcount::replication::batch::{Deltas, Of, StatesHead};
use headcount::replication::{Engine, Now, Replay, Settings};
use headcount::store::{KeyRef, Keyspace, Missing, Mode};
use properties::{
    NOW_MS, Record, are_taken_or_refused, empty, is_a_state, states_are_taken_or_refused,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::BTreeSet;
use std::sync::LazyLock;

const BATCH: u8 = 1;
const STATES: u8 = 2;
const MEMORY: u8 = 3;
const SEALED: u8 = 4;
const DROPPED: u8 = 5;
const ANEW: u8 = 6;
const OWN: u8 = 32;
const COMPRESSED: u8 = 64;

fn at(ms: u64) -> Now {
    Now { wall_ms: NOW_MS - 100_000 + ms, mono_ms: ms }
}

fn settings() -> Settings {
    let alone = engines::settings(1, 1);
    Settings {
        incarnation: 1,
        address: String::new(),
        tick_ms: 1_000,
        grace_ms: 0,
        databases: properties::DATABASES,
        survives: true,
        ..alone
    }
}

fn write(keyspace: &Keyspace, ms: u64) {
    let now_ms = at(ms).wall_ms;
    let on = |db: u16, name: &[u8], run: &dyn Fn(&mut headcount::store::Keys<'_>, KeyRef<'_>)| {
        let key = KeyRef::new(db, name);
        run(&mut keyspace.open_one(key, Mode::Exclusive, now_ms), key);
    };
    on(0, b"count", &|keys, key| _ = keys.add(key, 5));
    on(1, b"count", &|keys, key| _ = keys.add(key, -7));
    on(2, b"text", &|keys, key| keys.set_text(key, b"hello", Deadline::Clear));
    on(0, b"long", &|keys, key| keys.set_text(key, &[b'x'; 20_000], Deadline::Clear));
    on(0, b"ends", &|keys, key| {
        keys.set_text(key, b"1", Deadline::At(now_ms + 1_500));
    });
    on(3, b"set", &|keys, key| {
        let edited = keys.edit_set(key, Missing::Create, |set| {
            for member in [&b"x"[..], b"y", b"z"] {
                set.insert(member, MemberDeadline::Set(Some(now_ms + 1_500)));
            }
            set.remove(b"y")
        });
        edited.expect("a set");
    });
    on(0, b"gone", &|keys, key| {
        _ = keys.add(key, 5);
        keys.delete(key);
    });
}

/// What a node writes down in its life.
fn life(keyspace: &Keyspace) -> Vec<Record> {
    let mut engine = Engine::new(settings(), 1, at(0));
    engine.keep_journal();
    let mut records = Vec::new();
    for ms in (0..12_000).step_by(1_000) {
        if ms % 4_000 == 0 {
            write(keyspace, ms);
        }
        if ms == 9_000 {
            keyspace.evict(MaxmemoryPolicy::AllkeysRandom, 5, at(ms).wall_ms);
        }
        engine.tick(keyspace, at(ms));
        while let Some(group) = engine.take_group(keyspace, at(ms)) {
            records.extend(group.records.into_iter().map(|record| (record.kind, record.payload)));
            engine.kept(group.number);
        }
    }
    records
}

/// Records of all kinds, as they are written.
fn written() -> Vec<Record> {
    let keyspace = || Keyspace::new(4, Replica { node: 1, epoch: 1 }, Tombstones::KEEP, NOW_MS);
    let mut records = life(&keyspace());
    records.extend(life(&keyspace().alone()));
    // The same from a peer.
    let own = |(kind, _): &&Record| kind & !COMPRESSED == BATCH | OWN;
    let of_peer =
        |(kind, payload): &Record| (kind & !OWN, [&9u32.to_le_bytes()[..], &payload[4..]].concat());
    let theirs: Vec<Record> = records.iter().filter(own).map(of_peer).collect();
    records.extend(theirs);
    let states = keyspace();
    write(&states, 0);
    let deltas = || {
        let mut deltas = Deltas::new(Stamp::at_ms(NOW_MS));
        for (db, name) in [(0, &b"count"[..]), (2, b"text"), (3, b"set")] {
            deltas.push(db, name, &states.state(db, name).expect("a state"));
        }
        deltas
    };
    let may = [(Replica { node: 9, epoch: 3 }, 7)].into();
    let head = StatesHead { round: 1, of: Of::Tombstones { next: Some(4) }, may, states: 3 };
    records.push((STATES, deltas().finish(&head)));
    let memory = records.iter().find(|(kind, _)| *kind == MEMORY).expect("a memory").1.clone();
    let states = postcard::to_stdvec(&(3u32, deltas().finish(&()))).expect("plain");
    records.push((ANEW, [memory, states].concat()));
    records
}

static WRITTEN: LazyLock<Vec<Record>> = LazyLock::new(written);

/// A record that was written, or any bytes as one of any kind.
fn record() -> impl Strategy<Value = Record> {
    let places = vec((any::<Index>(), prop_oneof![Just(0), Just(0xff), any::<u8>()]), 0..5);
    let changed = (any::<Index>(), places, proptest::option::weighted(0.2, any::<Index>()));
    let changed = changed.prop_map(|(which, places, cut)| {
        let (kind, mut payload) = which.get(&WRITTEN).clone();
        for (place, byte) in places {
            let at = place.index(payload.len());
            payload[at] = byte;
        }
        if let Some(cut) = cut {
            payload.truncate(cut.index(payload.len()));
        }
        (kind, payload)
    });
    let as_another = (any::<u8>(), any::<Index>());
    let as_another = as_another.prop_map(|(kind, which)| (kind, which.get(&WRITTEN).1.clone()));
    let any_bytes = (any::<u8>(), vec(prop_oneof![0..8u8, any::<u8>()], 0..60));
    prop_oneof![6 => changed, 1 => as_another, 2 => any_bytes]
}

/// The files of a log that has them all.
fn files() -> Vec<(String, Vec<u8>)> {
    let storage = FaultyStorage::new(1);
    let settings = LogSettings { segment_bytes: 1_500, held_bytes_max: 1 << 20 };
    let identity = Identity { node: 1, incarnation: 1 };
    let log = Writer::open(storage.clone(), settings, identity, 1, &Recovered::default());
    let mut log = log.expect("an empty directory");
    for (kind, payload) in &*WRITTEN {
        log.append(RecordKind::new(*kind).expect("a kind"), payload).expect("there is room");
        log.commit().expect("a good disk");
    }
    log.close().expect("a good disk");
    let names = storage.list().expect("names").into_iter();
    names.map(|name| (name.clone(), storage.contents(&name))).collect()
}

static FILES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(files);

/// Reads a directory as a start does: what is read was written.
fn start(files: &[(String, Vec<u8>)]) -> bool {
    let storage = FaultyStorage::new(2);
    files.iter().for_each(|(name, bytes)| storage.put(name, bytes.clone()));
    let (keyspace, mut state) = (empty(), Replay::default());
    let read = find(&storage).and_then(|found| {
        replay(&storage, &found, |record| {
            let written = &WRITTEN[record.number as usize - 1];
            assert_eq!((record.kind, record.payload), (written.0, &written.1[..]));
            let taken = state.apply(&keyspace, record.kind, record.payload, NOW_MS);
            taken.expect("as it was written");
        })
    });
    is_a_state(&keyspace);
    read.is_ok()
}

#[test]
fn files_that_nobody_changed_are_read() {
    assert!(FILES.len() > 3 && start(&FILES));
}

#[test]
fn what_was_written_is_of_all_kinds_and_is_taken() {
    let kinds: BTreeSet<u8> = WRITTEN.iter().map(|(kind, _)| kind & !(OWN | COMPRESSED)).collect();
    assert_eq!(kinds, (1..=7).collect());
    assert!(WRITTEN.iter().any(|(kind, _)| kind & COMPRESSED != 0));
    let (keyspace, mut replay) = (empty(), Replay::default());
    for (kind, payload) in &*WRITTEN {
        replay.apply(&keyspace, *kind, payload, NOW_MS).expect("as it was written");
    }
    is_a_state(&keyspace);
}

#[test]
fn lives_in_a_database_that_is_not_there_are_refused() {
    let tag = (Stamp::at_ms(NOW_MS), Replica { node: 1, epoch: 1 });
    for (db, is_taken) in [(properties::DATABASES - 1, true), (properties::DATABASES, false)] {
        let lives = (NOW_MS, vec![(db, b"key".to_vec(), vec![tag])]);
        let payload = postcard::to_stdvec(&lives).expect("plain");
        for kind in [SEALED, DROPPED] {
            let taken = Replay::default().apply(&empty(), kind, &payload, NOW_MS);
            assert_eq!(taken.is_ok(), is_taken, "kind {kind}, database {db}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_records_are_taken_or_refused(records in vec(record(), 1..12)) {
        are_taken_or_refused(&records);
    }

    #[test]
    fn any_states_are_taken_or_refused(
        bytes in vec(prop_oneof![0..8u8, any::<u8>()], 0..80),
        count in prop_oneof![0..4u32, any::<u32>()],
    ) {
        states_are_taken_or_refused(&bytes, count);
    }

    #[test]
    fn files_that_were_changed_are_read_or_refused(
        places in vec((any::<Index>(), any::<Index>(), any::<u8>()), 0..4),
        cut in proptest::option::of((any::<Index>(), any::<Index>())),
        gone in proptest::option::of(any::<Index>()),
        swapped in proptest::option::of((any::<Index>(), any::<Index>())),
    ) {
        let mut files = FILES.clone();
        for (file, at, byte) in places {
            let bytes = &mut files[file.index(FILES.len())].1;
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some((file, at)) = cut {
            let bytes = &mut files[file.index(FILES.len())].1;
            bytes.truncate(at.index(bytes.len() + 1));
        }
        if let Some((one, other)) = swapped {
            let (one, other) = (one.index(files.len()), other.index(files.len()));
            let bytes = std::mem::take(&mut files[one].1);
            let bytes = std::mem::replace(&mut files[other].1, bytes);
            files[one].1 = bytes;
        }
        if let Some(gone) = gone {
            files.remove(gone.index(FILES.len()));
        }
        start(&files);
    }
}
