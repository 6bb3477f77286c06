//! Merging what another replica says of a key, and telling it ours.

use super::entry::{Entry, State};
use super::keyspace::Keyspace;
use super::shard::{Account, Shard};
use super::{KeyRef, Keys};
use crate::base::{Replica, Tag};
use crate::crdt::{Key, Life};

/// What a merge came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merged {
    /// False: something before it was missed, so the whole key must be asked for.
    pub whole: bool,
    /// Two types are living at once.
    pub conflict: bool,
    /// What is live has changed by it.
    pub news: bool,
}

impl Keyspace {
    /// Merges another replica's state of a key, or a part of it. It is not handed to this node's own
    /// stream: who told it tells the others.
    pub fn merge_part(&self, db: u16, name: &[u8], theirs: &Key, now_ms: u64) -> Merged {
        self.clock.observe(theirs.max_stamp());
        let key = KeyRef::new(db, name);
        self.merge_locked(&mut self.shard(self.lock_of(key)).write(), key, theirs, now_ms)
    }

    /// The same of a key whose shard is held, and of stamps that were taken note of.
    pub(super) fn merge_locked(
        &self,
        shard: &mut Shard,
        key: KeyRef<'_>,
        theirs: &Key,
        now_ms: u64,
    ) -> Merged {
        let KeyRef { db, name, .. } = key;
        self.settle(shard, key, now_ms);
        if shard.find(key.hash, name).is_none() {
            shard.insert(key.hash, Box::new(self.new_entry(name, State::whole(Key::default()))));
        }
        let sealed = shard.sealed_of(key.hash);
        let nothing = Merged { whole: true, conflict: false, news: false };
        let Some(entry) = shard.find_mut(key.hash, name) else { return nothing };
        let before = Account::of(entry);
        let fingerprint = entry.fingerprint;
        let (whole, conflict) = self.merge_entry(entry, theirs, &sealed, now_ms);
        self.account(db, entry, &before, now_ms);
        if self.keeps() {
            self.refresh_digest(db, entry, now_ms);
        }
        let news = entry.fingerprint != fingerprint;
        let (after, gone) = (Account::of(entry), self.is_gone(entry, now_ms));
        let ended = if sealed.is_empty() { sealed } else { entry.ended(self.me(), now_ms) };
        shard.note_change(key.hash, before, after, now_ms);
        shard.keep_sealed(key.hash, &ended);
        if news {
            self.tell_change(shard, key, 0);
        }
        if gone {
            shard.remove(key.hash, name);
        }
        Merged { whole, conflict, news }
    }

    pub(super) fn merge_entry(
        &self,
        entry: &mut Entry,
        theirs: &Key,
        sealed: &[Tag],
        now_ms: u64,
    ) -> (bool, bool) {
        let (me, tombstones) = (self.me(), self.tombstones());
        let mut key = entry.take_key(me);
        key.drop_lives(|life| {
            is_ended(sealed, life) && theirs.lives().iter().any(|l| is_anew(l, life))
        });
        let whole = key.merge(theirs, tombstones);
        key.settle(now_ms, tombstones);
        if !self.keeps() {
            key.collect_all(now_ms);
        }
        let conflict = key.has_type_conflict(now_ms);
        entry.set_key(key, me, now_ms);
        (whole, conflict)
    }

    /// All that is known of a key, with changes that are not drained yet; `None`: nothing. Lives that
    /// all members know to be past are left out: some have collected them, and begun them anew.
    #[must_use]
    pub fn state(&self, db: u16, name: &[u8]) -> Option<Key> {
        self.told(db, name, Entry::to_key)
    }

    /// Of a key only what is forgotten or past, for a peer that has the rest.
    #[must_use]
    pub fn tombstones_of(&self, db: u16, name: &[u8], now_ms: u64) -> Option<Key> {
        self.told(db, name, |entry, me| entry.tombstones_part(me, now_ms))
    }

    fn told(&self, db: u16, name: &[u8], tell: impl FnOnce(&Entry, Replica) -> Key) -> Option<Key> {
        let key = KeyRef::new(db, name);
        let shard = self.shard(self.lock_of(key)).read();
        told_of(&shard, key, |entry| tell(entry, self.me()))
    }
}

fn told_of(shard: &Shard, key: KeyRef<'_>, tell: impl FnOnce(&Entry) -> Key) -> Option<Key> {
    let mut told = tell(shard.find(key.hash, key.name)?);
    let sealed = shard.sealed_of(key.hash);
    told.drop_lives(|life| is_ended(&sealed, life));
    (!told.lives().is_empty()).then_some(told)
}

impl Keys<'_> {
    /// As [`Keyspace::state`], of a key that is held.
    #[must_use]
    pub fn told(&self, key: KeyRef<'_>) -> Option<Key> {
        let me = self.keyspace.me();
        let tell = |entry: &Entry| entry.to_key(me);
        self.with_shard(self.keyspace.lock_of(key), |shard| told_of(shard, key, tell))
    }

    /// The whole state of a key, for COUNTER.INFO; `None`: nothing is known of it.
    #[must_use]
    pub fn state(&self, key: KeyRef<'_>) -> Option<Key> {
        let me = self.keyspace.me();
        self.with_shard(self.keyspace.lock_of(key), |shard| {
            shard.find(key.hash, key.name).map(|entry| entry.to_key(me))
        })
    }
}

/// Whether all members know that the life has ended.
pub(super) fn is_ended(sealed: &[Tag], life: &Life) -> bool {
    sealed.contains(&life.deadline().tag())
}

/// Whether `theirs` is not what is known here as a life that has ended: whoever tells of it has
/// collected that one and begun it anew, or by its clock the end had not come when it moved it on. In
/// both cases the teller has all of it that there is.
fn is_anew(theirs: &Life, ended: &Life) -> bool {
    theirs.id() == ended.id() && theirs.deadline().tag() != ended.deadline().tag()
}
