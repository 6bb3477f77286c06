//! Dropping what is deleted once nobody can bring it back.
//!
//! Tombstones are noted by generation: periods that the caller closes. Once all members have confirmed
//! that they hold what this node held when it closed one, the caller has its keys *sealed*: all members
//! know by then which of their lives are past. Once all members have sealed theirs, it has them
//! *collected*.

use super::KeyRef;
use super::entry::Entry;
use super::flags::{BURIED, DIRTY};
use super::keyspace::Keyspace;
use super::shard::{Account, Shard};
use crate::base::{Name, Replica, Tag};
use crate::crdt::Generation;
use smallvec::SmallVec;
use std::sync::atomic::Ordering;

impl Keyspace {
    /// Begins another generation. Returns the one that ended, and the keys that hold tombstones of it:
    /// the next [`Keyspace::drain`] has told of all of them.
    pub fn close_generation(&self) -> (Generation, Vec<(u16, Name)>) {
        // What is noted between these two stands in the next list, with this generation: it waits a
        // little longer.
        let keys = std::mem::take(&mut *self.noted.lock());
        (Generation(self.generation.fetch_add(1, Ordering::SeqCst)), keys)
    }

    /// How many keys hold tombstones.
    #[must_use]
    pub fn tombstones_waiting(&self) -> usize {
        self.locks_in_use().map(|lock| self.shard(lock).read().buried()).sum()
    }

    /// Takes note that all members know the lives of these keys to be past that were so in generation
    /// `upto`. From then on they are not told to anybody, and whoever tells of one of them something
    /// else has begun it anew.
    pub fn seal(&self, keys: &[(u16, Name)], upto: Generation, now_ms: u64) {
        for (db, name) in keys {
            let key = KeyRef::new(*db, name);
            let mut shard = self.shard(self.lock_of(key)).write();
            self.settle(&mut shard, key, now_ms);
            let Some(entry) = shard.find(key.hash, name) else { continue };
            let ended = entry.ended(self.me(), now_ms);
            if entry.renewed <= upto.0 && !ended.is_empty() {
                shard.sealed.insert(key.hash, ended);
            }
        }
    }

    /// Drops what was deleted of these keys up to the generation `upto`. Lives that are past go too
    /// unless that was noted later; but older ones than the newest go `grace_ms` after their end.
    pub fn collect(&self, keys: &[(u16, Name)], upto: Generation, now_ms: u64, grace_ms: u64) {
        for (db, name) in keys {
            let key = KeyRef::new(*db, name);
            let mut shard = self.shard(self.lock_of(key)).write();
            self.collect_key(&mut shard, key, upto, now_ms, grace_ms);
        }
    }

    fn collect_key(
        &self,
        shard: &mut Shard,
        key: KeyRef<'_>,
        upto: Generation,
        now_ms: u64,
        grace_ms: u64,
    ) {
        // What is past and was not noted so yet is not confirmed.
        self.settle(shard, key, now_ms);
        let Some(entry) = shard.find_mut(key.hash, key.name) else { return };
        let before = Account::of(entry);
        let whole = entry.renewed <= upto.0;
        let mut state = entry.take_key(self.me());
        state.collect(now_ms, upto, whole, grace_ms);
        let is_gone = state.lives().is_empty() && !entry.flags.has(DIRTY);
        entry.set_key(state, self.me(), now_ms);
        self.account(key.db, entry, &before, now_ms);
        if whole && !is_gone && entry.flags.has(BURIED) {
            // Not all of it may go yet.
            self.note_tombstones(key.db, entry, false);
        }
        let ended = entry.ended(self.me(), now_ms);
        if is_gone {
            self.put_fingerprint(key.db, entry, 0);
        }
        let after = Account::of(entry);
        shard.note_change(key.hash, before, after, now_ms);
        shard.keep_sealed(key.hash, &ended);
        if is_gone {
            shard.remove(key.hash, key.name);
        }
    }
}

impl Entry {
    /// The deadlines of lives that are past.
    pub(super) fn ended(&self, me: Replica, now_ms: u64) -> SmallVec<[Tag; 1]> {
        match self.key() {
            Some(key) => {
                let past = key.lives().iter().filter(|life| life.is_past(now_ms));
                past.map(|life| life.deadline().tag()).collect()
            }
            None if self.is_past(now_ms) => SmallVec::from_iter([Tag::new(self.ends_stamp, me)]),
            None => SmallVec::new(),
        }
    }
}
