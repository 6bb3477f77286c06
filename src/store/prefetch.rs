//! Fetching what a pipeline will look at, before its first command runs.

use super::entry::Entry;
use super::keyspace::SHARDS;
use super::shard::Shard;
use super::sync::RwLockReadGuard;
use super::{KeyRef, Keyspace};
use smallvec::SmallVec;
use std::hint::black_box;

/// How many keys are looked for at once: enough to keep the memory busy.
pub(super) const AT_ONCE: usize = 16;

impl Keyspace {
    /// Touches the entries of these keys of a database, so that the cache misses of one pipeline
    /// overlap instead of following one another.
    ///
    /// Each loop does one step for all keys, and no step waits for the one before it of another key.
    /// The shards are held shared for that moment, without waiting for any: one that is taken is left
    /// out. Between the locks being taken and given back there are no atomics, which would keep the
    /// processor from running ahead.
    pub fn prefetch(&self, db: u16, hashes: &[u64]) {
        let shards = self.shards_in_use(db);
        if shards.is_empty() {
            return;
        }
        let shard = |hash| &shards[self.lock_of(KeyRef { db, name: b"", hash }) as usize % SHARDS];
        for hashes in hashes.chunks(AT_ONCE) {
            for &hash in hashes {
                black_box(shard(hash).is_locked());
            }
            let mut held: SmallVec<[(RwLockReadGuard<'_, Shard>, u64); AT_ONCE]> = SmallVec::new();
            held.extend(hashes.iter().filter_map(|&hash| Some((shard(hash).try_read()?, hash))));
            let mut places: SmallVec<[&Entry; AT_ONCE]> = SmallVec::new();
            places.extend(held.iter().filter_map(|(shard, hash)| shard.place(*hash)));
            places.iter().for_each(|entry| entry.load());
            places.iter().for_each(|entry| entry.load_state());
            if self.keeps() {
                places.iter().for_each(|entry| entry.load_parts());
            }
        }
    }

    /// The same of keys that wait to be drained: the first few of each of these shards.
    pub(super) fn prefetch_dirty(&self, db: u16, shards: &[usize]) {
        const OF_EACH: usize = 4;
        let mut hashes: SmallVec<[u64; AT_ONCE * OF_EACH]> = SmallVec::new();
        for shard in shards.iter().filter_map(|shard| self.shards_in_use(db).get(*shard)) {
            if let Some(shard) = shard.try_read() {
                hashes.extend(shard.dirty().lock().hashes().iter().take(OF_EACH).copied());
            }
        }
        self.prefetch(db, &hashes);
    }
}
