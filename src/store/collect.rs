//! Dropping what is deleted once nobody can bring it back.
//!
//! Tombstones are noted by generation: periods that the caller closes. Once all members have confirmed
//! that they hold what this node held when it closed one, the caller has its keys *collected*. Lives that have
//! expired stay: later the caller has them *sealed*, and once all members have sealed theirs, *dropped*.

use super::KeyRef;
use super::entry::Entry;
use super::flags::DIRTY;
use super::keyspace::Keyspace;
use super::shard::Account;
use crate::base::{Name, Replica, Tag};
use crate::crdt::Generation;
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

/// A key in which something died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buried {
    pub db: u16,
    pub name: Name,
    /// The deadlines of its lives that were past.
    ended: SmallVec<[Tag; 1]>,
}

impl Buried {
    /// As was noted when the key was buried.
    #[must_use]
    pub fn new(db: u16, name: Name, ended: impl IntoIterator<Item = Tag>) -> Buried {
        Buried { db, name, ended: ended.into_iter().collect() }
    }

    /// The deadlines of its lives that were past.
    #[must_use]
    pub fn ended(&self) -> &[Tag] {
        &self.ended
    }

    /// The keys of both, each once, with all of its ends.
    #[must_use]
    pub fn join(older: &[Buried], newer: &[Buried]) -> Vec<Buried> {
        let mut all: BTreeMap<(u16, &Name), SmallVec<[Tag; 1]>> = BTreeMap::new();
        for Buried { db, name, ended } in older.iter().chain(newer) {
            let known = all.entry((*db, name)).or_default();
            let news = ended.iter().filter(|tag| !known.contains(tag));
            let news: SmallVec<[Tag; 1]> = news.copied().collect();
            known.extend(news);
        }
        let buried = all.into_iter();
        buried.map(|((db, name), ended)| Buried { db, name: name.clone(), ended }).collect()
    }
}

impl Keyspace {
    /// Begins another generation. Returns the one that ended, and the keys that hold tombstones of it:
    /// the next [`Keyspace::drain`] has told of all of them.
    pub fn close_generation(&self, now_ms: u64) -> (Generation, Vec<Buried>) {
        // What is noted between these two stands in the next list, with this generation: it waits a
        // little longer.
        let keys = std::mem::take(&mut *self.noted.lock());
        let generation = Generation(self.generation.fetch_add(1, Ordering::SeqCst));
        let clock_went_back = self.noted_ms.swap(now_ms, Ordering::Relaxed) > now_ms;
        let buried = keys.into_iter().map(|(db, name)| {
            let key = KeyRef::new(db, &name);
            if clock_went_back {
                self.note_ends_again(key, now_ms);
            }
            let shard = self.shard(self.lock_of(key)).read();
            let entry = shard.find(key.hash, &name);
            let ended = entry.map(|entry| entry.ended(self.me(), now_ms)).unwrap_or_default();
            Buried { db, name, ended }
        });
        (generation, buried.collect())
    }

    /// What had ended by a clock that went back since has not, and is to come up again when it does.
    fn note_ends_again(&self, key: KeyRef<'_>, now_ms: u64) {
        let mut shard = self.shard(self.lock_of(key)).write();
        let Some(entry) = shard.find_mut(key.hash, key.name) else { return };
        let before = Account::of(entry);
        let state = entry.take_key(self.me());
        entry.set_key(state, self.me(), now_ms);
        self.account(key.db, entry, &before, now_ms);
        let after = Account::of(entry);
        shard.note_change(key.hash, before, after, now_ms);
        shard.note_again(key.hash, after.due_ms);
    }

    /// How many keys hold tombstones.
    #[must_use]
    pub fn tombstones_waiting(&self) -> usize {
        self.locks_in_use().map(|lock| self.shard(lock).read().buried()).sum()
    }

    /// Drops what all members have confirmed: what was deleted of these keys up to the generation
    /// `upto`. Returns the keys that had lives which were past: those stay.
    #[must_use]
    pub fn collect(&self, keys: &[Buried], upto: Generation, now_ms: u64) -> Vec<Buried> {
        for buried in keys {
            self.collect_key(buried, upto, &[], now_ms);
        }
        keys.iter().filter(|buried| !buried.ended.is_empty()).cloned().collect()
    }

    /// Takes note that all members know which lives of these keys were past. From then on they are not
    /// told to anybody, and whoever tells of one of them something else has begun it anew. `generation`: in
    /// which they were past; 0 for what was sealed before the start.
    pub fn seal(&self, keys: &[Buried], generation: Generation, now_ms: u64) {
        for Buried { db, name, ended } in keys {
            let key = KeyRef::new(*db, name);
            let mut shard = self.shard(self.lock_of(key)).write();
            let Some(entry) = shard.find(key.hash, name) else { continue };
            let held = entry.ended(self.me(), now_ms);
            shard.collected = shard.collected.max(generation);
            let sealed = shard.sealed.entry(key.hash).or_default();
            let news = ended.iter().filter(|tag| held.contains(tag));
            let news: SmallVec<[Tag; 1]> =
                news.filter(|tag| !sealed.contains(tag)).copied().collect();
            sealed.extend(news);
            shard.keep_sealed(key.hash, &held);
        }
    }

    /// Drops the lives that all members have sealed.
    pub fn drop_sealed(&self, keys: &[Buried], now_ms: u64) {
        for buried in keys {
            self.collect_key(buried, Generation(0), &buried.ended, now_ms);
        }
    }

    fn collect_key(&self, buried: &Buried, upto: Generation, ended: &[Tag], now_ms: u64) {
        let key = KeyRef::new(buried.db, &buried.name);
        let mut guard = self.shard(self.lock_of(key)).write();
        let shard = &mut *guard;
        // What is past and was not noted so yet is not confirmed.
        self.settle(shard, key, now_ms);
        let Some(entry) = shard.find_mut(key.hash, key.name) else { return };
        let before = Account::of(entry);
        let mut state = entry.take_key(self.me());
        let forgets = state.forget_expired(now_ms, upto, self.generation());
        state.collect(now_ms, upto, entry.renewed <= upto.0, ended);
        let is_gone = state.lives().is_empty() && !entry.flags.has(DIRTY);
        let is_empty = state.lives().is_empty();
        entry.set_key(state, self.me(), now_ms);
        self.account(key.db, entry, &before, now_ms);
        if is_empty && !is_gone {
            // It goes when it is drained.
            self.note_tombstones(key.db, entry, false);
        }
        let held = entry.ended(self.me(), now_ms);
        if is_gone {
            self.put_fingerprint(key.db, entry, 0);
        }
        let after = Account::of(entry);
        shard.note_change(key.hash, before, after, now_ms);
        shard.keep_sealed(key.hash, &held);
        shard.collected = shard.collected.max(upto);
        if is_gone {
            shard.remove(key.hash, key.name);
        } else if let Some(entry) = shard.find(key.hash, key.name).filter(|_| forgets) {
            self.mark(self.lock_of(key), shard.dirty(), key.hash, entry);
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
