//! The states of a snapshot, in the form in which [`Replay`](super::Replay) reads them.

use super::batch::Deltas;
use super::journal::{Lives, SEALED};
use super::{Engine, Fault, Record};
use crate::base::{Name, Stamp, Tag};
use crate::crdt::Key;
use crate::store::{Buried, Keyspace};

/// About how many keys each database has, which is in snapshots only: (database, keys)*.
pub const SIZES: u8 = 8;

/// What is to be read before the states, so that there is room for them.
#[must_use]
pub fn sizes(keyspace: &Keyspace) -> Record {
    let databases = keyspace.databases_in_use().into_iter();
    let sizes: Vec<(u16, u64)> = databases.map(|db| (db, keyspace.entries(db))).collect();
    Record { kind: SIZES, payload: postcard::to_stdvec(&sizes).unwrap_or_default() }
}

/// Makes room for what a record of kind [`SIZES`] says; `keys_max`: more than that cannot follow.
///
/// # Errors
/// It makes no sense.
pub fn make_room(keyspace: &Keyspace, sizes: &[u8], keys_max: u64) -> Result<(), Fault> {
    let sizes: Vec<(u16, u64)> =
        postcard::from_bytes(sizes).map_err(|_| Fault::Malformed("sizes that make no sense"))?;
    let mut left = keys_max;
    for (db, keys) in sizes.into_iter().filter(|(db, _)| keyspace.has_database(*db)) {
        let keys = keys.min(left);
        left -= keys;
        keyspace.reserve(db, keys);
    }
    Ok(())
}

/// States that go into one block.
pub struct StateBlock {
    pub count: u32,
    pub bytes: Vec<u8>,
}

/// A snapshot's states, block by block.
pub struct Saving {
    base: Stamp,
    deltas: Deltas,
    sealed: Vec<Buried>,
}

impl Saving {
    /// `base`: about when much of it was written.
    #[must_use]
    pub fn new(base: Stamp) -> Saving {
        Saving { base, deltas: Deltas::new(base), sealed: Vec::new() }
    }

    /// `sealed`: the deadlines of those of its lives that are. False: the state is too large.
    #[must_use]
    pub fn push(&mut self, db: u16, name: &Name, state: &Key, sealed: &[Tag]) -> bool {
        let before = self.deltas.count();
        self.deltas.push(db, name, state);
        if !sealed.is_empty() {
            self.sealed.push(Buried::new(db, name.clone(), sealed.iter().copied()));
        }
        self.deltas.count() > before
    }

    /// Bytes since the last block.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.deltas.bytes()
    }

    pub fn take(&mut self) -> StateBlock {
        let deltas = std::mem::replace(&mut self.deltas, Deltas::new(self.base));
        StateBlock { count: deltas.count(), bytes: deltas.finish(&()) }
    }

    /// What follows the last block.
    #[must_use]
    pub fn finish(self) -> Option<Record> {
        // They were past when they were sealed, whatever the clock says when this is read.
        let lives = Lives::of(&self.sealed, u64::MAX)?;
        Some(Record { kind: SEALED, payload: postcard::to_stdvec(&lives).unwrap_or_default() })
    }
}

impl Engine {
    /// Until the next call no lives are dropped: a snapshot that is being read must not be older than what
    /// it was read beside.
    pub fn hold_drops(&mut self, hold: bool) {
        self.collector.hold_drops(hold);
    }
}
