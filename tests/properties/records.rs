//! What holds for any records that a start may read. The tests and the fuzz target share it.

use headcount::base::{Name, Replica, Tag};
use headcount::crdt::{Key, Tombstones};
use headcount::replication::Replay;
use headcount::replication::batch::States;
use headcount::replication::replay::merge;
use headcount::store::{KeyRef, Keyspace, Mode, Part};
use std::convert::Infallible;

pub const NOW_MS: u64 = 1_700_000_000_000;
pub const DATABASES: u16 = 4;

/// A kind and a payload.
pub type Record = (u8, Vec<u8>);

/// An empty store, as a start has it.
pub fn empty() -> Keyspace {
    let me = Replica { node: 1, epoch: 1 };
    Keyspace::new(DATABASES, me, Tombstones::KEEP, NOW_MS)
}

/// Each record is taken or refused, where the start would end, and what was taken is a state: it can be
/// read whole, and what is past goes.
pub fn are_taken_or_refused(records: &[Record]) {
    let (keyspace, mut replay) = (empty(), Replay::default());
    for (kind, payload) in records {
        // The next one may say something all the same.
        let _ = replay.apply(&keyspace, *kind, payload, NOW_MS);
    }
    is_a_state(&keyspace);
    if let Some(memory) = replay.into_memory() {
        let _ = (memory.node(), memory.goes_on_as());
    }
}

/// The same of a snapshot's block of states.
pub fn states_are_taken_or_refused(states: &[u8], count: u32) {
    let keyspace = empty();
    let _ = merge(&keyspace, States { bytes: states, count }, Part::WHOLE, NOW_MS);
    is_a_state(&keyspace);
}

/// It can be read whole, and what is past goes.
pub fn is_a_state(keyspace: &Keyspace) {
    let mut names: Vec<(u16, Name)> = Vec::new();
    for db in keyspace.databases_in_use() {
        assert!(db < DATABASES, "a database that is not there");
        for part in 0..keyspace.parts() {
            let saved = keyspace.save(db, part, |name: &Name, _: &Key, _: &[Tag]| {
                names.push((db, name.clone()));
                Ok::<(), Infallible>(())
            });
            saved.expect("it cannot fail");
        }
    }
    for (db, name) in &names {
        let key = KeyRef::new(*db, name);
        let keys = keyspace.open_one(key, Mode::Exclusive, NOW_MS);
        let _ = (keys.exists(key), keys.text(key));
    }
    keyspace.expire(NOW_MS, usize::MAX);
    keyspace.drain(NOW_MS, &mut |_| {});
    let _ = (0..DATABASES).map(|db| keyspace.root(db)).fold(0, |all, root| all ^ root);
}
