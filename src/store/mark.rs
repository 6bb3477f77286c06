//! Which keys changed here since the last drain.
//!
//! An entry is marked *before* it is first changed, with its shard held: then the drain, which holds
//! the shard exclusively, sees either the mark or nothing of the change. The bit of its shard is
//! raised before the entry says that it is marked, so whoever finds it marked knows that a drain which
//! begins later looks into the shard.

use super::entry::Entry;
use super::flags::{DIRTY, GROUPED};
use super::keyspace::{Keyspace, SHARDS};
use super::sync::{AtomicU64, Mutex, Ordering};
use crate::base::Stamp;
use crate::crdt::Own;

/// An entry to be drained.
#[derive(Debug)]
pub(super) struct Dirty {
    pub hash: u64,
    /// What this replica had counted on it by the last drain.
    pub own_before: Own,
    /// Not before any stamp that it wrote by then, and before all that it writes later.
    pub since: Stamp,
}

/// The dirty entries of a shard, in the order in which they were marked.
pub(super) type DirtyList = Mutex<DirtyEntries>;

/// By their hashes; what was before is noted only where there may be peers who ask.
#[derive(Debug, Default)]
pub(super) struct DirtyEntries {
    hashes: Vec<u64>,
    befores: Vec<(Own, Stamp)>,
}

impl DirtyEntries {
    pub fn hashes(&self) -> &[u64] {
        &self.hashes
    }

    /// The same, none of them any more, with room for as many.
    pub fn take(&mut self) -> DirtyEntries {
        let (hashes, befores) = (self.hashes.len(), self.befores.len());
        let empty = DirtyEntries {
            hashes: Vec::with_capacity(hashes / 2),
            befores: Vec::with_capacity(befores / 2),
        };
        std::mem::replace(self, empty)
    }

    /// One after the other.
    pub fn each(self) -> impl Iterator<Item = Dirty> {
        let mut befores = self.befores.into_iter();
        self.hashes.into_iter().map(move |hash| {
            let (own_before, since) = befores.next().unwrap_or_default();
            Dirty { hash, own_before, since }
        })
    }

    fn push(&mut self, hash: u64, before: Option<(Own, Stamp)>) {
        self.hashes.push(hash);
        self.befores.extend(before);
    }
}

const WORDS: usize = SHARDS.div_ceil(64);

/// The shards of a database that have dirty entries, a bit each.
#[derive(Debug)]
pub(super) struct DirtyShards([AtomicU64; WORDS]);

impl Default for DirtyShards {
    fn default() -> Self {
        DirtyShards(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

// Sequentially consistent: a client that asks for the number of the next drain after its write
// (`Progress::ticket`) relies on that drain, should it have begun meanwhile, to see its bit.
impl DirtyShards {
    fn raise(&self, shard: usize) {
        let (word, bit) = (&self.0[shard / 64], 1 << (shard % 64));
        if word.load(Ordering::SeqCst) & bit == 0 {
            word.fetch_or(bit, Ordering::SeqCst);
        }
    }

    pub fn any(&self) -> bool {
        self.0.iter().any(|word| word.load(Ordering::SeqCst) != 0)
    }

    /// The shards with dirty entries, rising.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(at, word)| bits(at, word.load(Ordering::SeqCst)))
    }

    /// The same; they are clean from now on.
    pub fn take(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(at, word)| bits(at, word.swap(0, Ordering::SeqCst)))
    }
}

fn bits(word: usize, bits: u64) -> impl Iterator<Item = usize> {
    (0..64).filter(move |bit| bits >> bit & 1 != 0).map(move |bit| word * 64 + bit)
}

impl Keyspace {
    /// Whether an entry has to be marked before it is changed.
    #[inline]
    pub(super) fn is_unmarked(&self, entry: &Entry) -> bool {
        self.keeps() && !entry.flags.has(DIRTY)
    }

    /// Marks an entry that is about to be changed, of a shard that is held, shared or exclusively.
    pub(super) fn mark(&self, lock: u32, dirty: &DirtyList, hash: u64, entry: &Entry) {
        let mut dirty = dirty.lock();
        // Another who holds the shard shared may have been faster.
        if !entry.flags.has(DIRTY) {
            let before = || (entry.own(self.me()), self.clock.last());
            dirty.push(hash, self.tells_peers().then(before));
            self.raise_dirty(lock);
            entry.flags.raise(DIRTY);
        }
    }

    /// Marks an entry that was put in just now, with the shard held exclusively.
    pub(super) fn mark_new(&self, lock: u32, dirty: &DirtyList, hash: u64, entry: &Entry) {
        if self.keeps() {
            let before = || (Own::default(), Stamp::NEVER);
            dirty.lock().push(hash, self.tells_peers().then(before));
            self.raise_dirty(lock);
            entry.flags.raise(DIRTY);
        }
    }

    /// Notes that an entry is changed together with others: all of them go into one drain.
    pub(super) fn group(&self, lock: u32, hash: u64, entry: &Entry) {
        if !entry.flags.has(GROUPED) {
            entry.flags.raise(GROUPED);
            self.grouped.lock().push((lock, hash));
        }
    }

    pub(super) fn raise_dirty(&self, lock: u32) {
        let (db, shard) = (lock as usize / SHARDS, lock as usize % SHARDS);
        if let Some(database) = self.database(db) {
            database.dirty.raise(shard);
        }
    }

    /// Whether anything waits to be drained.
    #[must_use]
    pub fn has_dirty(&self) -> bool {
        self.all_databases().any(|(_, database)| database.dirty.any())
    }

    /// How many keys wait to be drained.
    #[must_use]
    pub fn keys_dirty(&self) -> u64 {
        let shards = self.all_databases().flat_map(|(_, database)| {
            database.dirty.iter().map(|shard| database.shards[shard].read().dirty_len())
        });
        shards.sum()
    }
}
