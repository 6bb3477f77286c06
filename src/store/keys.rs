//! The locked scope in which one command (later: one transaction or script) sees and changes keys.
//!
//! Whoever opens a [`Keys`] names the keys; their shards are locked in one order, shared or
//! exclusive, until it is dropped. So a multi-key command is atomic, and a command function never
//! takes a lock. Everything seen through it is settled: what has expired at `now_ms` is not there.

use super::entry::{Entry, State};
use super::flags::VISIBLE;
use super::guards::{Guard, Guards};
use super::lanes::{Lane, Patience};
use super::reaper::Garbage;
use super::shard::{Account, Shard};
use super::sync::RwLockReadGuard;
use super::watch::Outcome;
use super::{AccessError, Keyspace};
use crate::base::Name;
use crate::base::hash::hash_name;
use crate::crdt::{Deadline, Kind, Write};
use smallvec::SmallVec;
use std::cell::{Cell, RefCell};

/// A key of a database, with its hash computed once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRef<'a> {
    pub db: u16,
    pub name: &'a [u8],
    pub hash: u64,
}

impl<'a> KeyRef<'a> {
    #[must_use]
    pub fn new(db: u16, name: &'a [u8]) -> KeyRef<'a> {
        KeyRef { db, name, hash: hash_name(name) }
    }
}

/// How a scope holds its shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Shared,
    Exclusive,
}

/// Locked access to keys.
pub struct Keys<'k> {
    pub(super) keyspace: &'k Keyspace,
    pub(super) now_ms: u64,
    /// CLIENT NO-TOUCH: accesses leave the LRU clock alone.
    pub no_touch: bool,
    /// The client whose command it is; 0: none's.
    pub by: u64,
    hits: Cell<u32>,
    misses: Cell<u32>,
    /// Keys that were asked for in vain, where anybody wants to know.
    pub(super) missed: RefCell<Vec<(u16, Name)>>,
    /// What is put in now takes the place of what was there.
    pub(super) replaces: bool,
    pub(super) guards: Guards<'k>,
    /// Held by who writes several shards, while others drain what is changed.
    pub(super) grouping: Option<RwLockReadGuard<'k, ()>>,
    /// Held by who may touch several shards; given back last.
    pub(super) lane: Option<Lane<'k>>,
    /// What was taken out and is large: freed after the locks.
    pub(super) trash: Vec<Garbage>,
    /// Whether it is freed elsewhere.
    frees_later: bool,
}

impl<'k> Keys<'k> {
    pub(super) fn open<'n>(
        keyspace: &'k Keyspace,
        keys: impl Iterator<Item = KeyRef<'n>> + Clone,
        mode: Mode,
        patience: Patience,
        now_ms: u64,
    ) -> Option<Keys<'k>> {
        let mut locks: SmallVec<[u32; 8]> = keys.clone().map(|key| keyspace.lock_of(key)).collect();
        locks.sort_unstable();
        locks.dedup();
        let mut scope = match locks[..] {
            [] => Keys::with_guards(keyspace, Guards::Many(Vec::new()), now_ms),
            [only] => {
                let guards = Guards::one(keyspace, only, mode, patience)?;
                Keys::with_guards(keyspace, guards, now_ms)
            }
            _ => {
                let lane = match patience {
                    Patience::Beside => None,
                    _ => Some(keyspace.share_lane(patience)?),
                };
                let grouping = keyspace.group_writes(mode);
                let locks = locks.iter().copied();
                let guards = Guards::many(keyspace, locks, mode, patience)?;
                let mut scope = Keys::with_guards(keyspace, guards, now_ms);
                (scope.lane, scope.grouping) = (lane, grouping);
                scope
            }
        };
        if mode == Mode::Exclusive {
            keys.for_each(|key| scope.settle(key));
        }
        Some(scope)
    }

    pub(super) fn open_one(
        keyspace: &'k Keyspace,
        key: KeyRef<'_>,
        mode: Mode,
        patience: Patience,
        now_ms: u64,
    ) -> Option<Keys<'k>> {
        let guards = Guards::one(keyspace, keyspace.lock_of(key), mode, patience)?;
        let mut scope = Keys::with_guards(keyspace, guards, now_ms);
        if mode == Mode::Exclusive {
            scope.settle(key);
        }
        Some(scope)
    }

    pub(super) fn with_guards(keyspace: &'k Keyspace, guards: Guards<'k>, now_ms: u64) -> Keys<'k> {
        Keys {
            keyspace,
            now_ms,
            no_touch: false,
            by: 0,
            hits: Cell::new(0),
            misses: Cell::new(0),
            missed: RefCell::default(),
            replaces: false,
            guards,
            grouping: None,
            lane: None,
            trash: Vec::new(),
            frees_later: false,
        }
    }

    /// Unix milliseconds at which this scope sees the keyspace.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Whether everything is locked exclusively.
    #[must_use]
    pub fn all_exclusive(&self) -> bool {
        self.guards.all_exclusive()
    }

    /// How many reads found their key, and how many did not (keyspace_hits, keyspace_misses).
    ///
    /// Since it was asked the last time: one scope may serve many commands.
    #[must_use]
    pub fn take_lookups(&self) -> (u32, u32) {
        (self.hits.take(), self.misses.take())
    }

    /// The visible type.
    ///
    /// # Errors
    /// [`AccessError::NeedsExclusive`], as of every access here, when members are due to expire.
    pub fn kind(&self, key: KeyRef<'_>) -> Result<Option<Kind>, AccessError> {
        let entry = self.entry(key)?;
        self.note_lookup(key, entry.is_some());
        Ok(entry.and_then(|entry| entry.kind(self.now_ms)))
    }

    /// Whether a user sees the key.
    pub fn exists(&self, key: KeyRef<'_>) -> Result<bool, AccessError> {
        self.kind(key).map(|kind| kind.is_some())
    }

    /// When the key ends: `None`, no such key; `Some(None)`, not by itself.
    pub fn deadline(&self, key: KeyRef<'_>) -> Result<Option<Option<u64>>, AccessError> {
        let entry = self.entry(key)?;
        self.note_lookup(key, entry.is_some());
        Ok(entry.map(|entry| entry.deadline_ms(self.now_ms)))
    }

    /// Notes an access; false when there is no such key.
    pub fn touch(&self, key: KeyRef<'_>) -> Result<bool, AccessError> {
        Ok(self.entry_touched(key)?.is_some())
    }

    /// Milliseconds since the last access, in steps of 100.
    pub fn idle_ms(&self, key: KeyRef<'_>) -> Result<Option<u64>, AccessError> {
        let tenths = self.keyspace.tenths(self.now_ms);
        Ok(self.entry(key)?.map(|entry| u64::from(entry.idle_tenths(tenths)) * 100))
    }

    /// Notes that the last access was so many milliseconds ago (RESTORE … IDLETIME); at the earliest five
    /// years before the node started.
    pub fn set_idle(&self, key: KeyRef<'_>, idle_ms: u64) -> Result<(), AccessError> {
        let tenths = self.keyspace.tenths(self.now_ms.saturating_sub(idle_ms));
        self.entry(key)?.iter().for_each(|entry| entry.touch(tenths));
        Ok(())
    }

    /// Bytes of heap that the key's entry holds (MEMORY USAGE).
    pub fn memory_bytes(&self, key: KeyRef<'_>) -> Result<Option<usize>, AccessError> {
        Ok(self.entry(key)?.map(|entry| entry.heap_bytes() + size_of::<usize>()))
    }

    /// EXPIRE, PERSIST: true when the key was there. A deadline that has passed removes it.
    pub fn set_deadline(&mut self, key: KeyRef<'_>, at_ms: Option<u64>) -> bool {
        let me = self.keyspace.me();
        let visible = self.change(key, |entry, write| {
            let visible = entry.kind(write.now_ms).is_some();
            if visible && entry.is_compact() {
                entry.set_ends(write.stamp(), at_ms);
            } else if visible {
                let mut whole = entry.take_key(me);
                whole.set_deadline(write, at_ms);
                entry.set_key(whole, me, write.now_ms);
            }
            visible
        });
        visible.unwrap_or(false)
    }

    /// What this scope removes and is large is freed by [`Keyspace::free_garbage`] (UNLINK, ASYNC).
    pub fn free_later(&mut self) {
        self.frees_later = true;
    }

    /// Whether something large was removed, which is freed when this scope ends.
    #[must_use]
    pub fn has_garbage(&self) -> bool {
        !self.trash.is_empty()
    }

    /// DEL: true when the key was there.
    pub fn delete(&mut self, key: KeyRef<'_>) -> bool {
        let (me, now_ms) = (self.keyspace.me(), self.now_ms);
        if self.keyspace.keeps() {
            let visible = self.change(key, |entry, write| {
                let visible = entry.kind(write.now_ms).is_some();
                let mut whole = entry.take_key(me);
                whole.delete(write);
                entry.set_key(whole, me, write.now_ms);
                visible
            });
            return visible.unwrap_or(false);
        }
        let Some(entry) = self.shard_mut(key).remove(key.hash, key.name) else {
            return false;
        };
        let visible = entry.seen(me, now_ms).is_some();
        if visible {
            self.tell_watchers(key);
        }
        if entry.is_large() {
            self.trash.push(Garbage::Entry(entry));
        }
        visible
    }

    /// Replaces `to` by a copy of what is visible of `from`, deadlines included. False when there is
    /// no `from`. The copy is a new write: contributions never move between keys.
    pub fn copy(&mut self, from: KeyRef<'_>, to: KeyRef<'_>) -> bool {
        let portrait = self.portrait(from);
        portrait.as_ref().inspect(|portrait| self.put(to, portrait)).is_some()
    }

    /// RENAME, MOVE: `to`, another key, becomes what is visible of `from`, which is gone. False when
    /// there is no `from`.
    pub fn rename(&mut self, from: KeyRef<'_>, to: KeyRef<'_>) -> bool {
        if self.keyspace.keeps() {
            // Contributions never move between keys: peers learn of new writes.
            return self.copy(from, to) && self.delete(from);
        }
        self.settle(from);
        let Some(mut entry) = self.shard_mut(from).remove(from.hash, from.name) else {
            return false;
        };
        self.tell_watchers(from);
        self.delete(to);
        entry.name = Name::from_slice(to.name);
        self.insert(to, entry);
        true
    }

    /// Runs `look` without noting accesses, in vain or not: OBJECT looks at a value and must not make it young.
    pub fn without_touching<R>(&mut self, look: impl FnOnce(&Keys<'_>) -> R) -> R {
        let before = std::mem::replace(&mut self.no_touch, true);
        let result = look(self);
        self.no_touch = before;
        self.missed.borrow_mut().clear();
        result
    }

    /// Takes out of sight what has expired of a key, so that it may be read. A scope that was opened
    /// exclusively on a key has done so; one on the whole keyspace does it key by key.
    pub fn settle(&mut self, key: KeyRef<'_>) {
        let (keyspace, now_ms) = (self.keyspace, self.now_ms);
        keyspace.settle(self.shard_mut(key), key, now_ms);
    }

    /// The entry of a key that a user sees.
    pub(super) fn entry(&self, key: KeyRef<'_>) -> Result<Option<&Entry>, AccessError> {
        let Some(guard) = self.guard(key) else { return Ok(None) };
        let Some(entry) = guard.shard().find(key.hash, key.name) else { return Ok(None) };
        if entry.due_ms() > self.now_ms {
            return Ok(self.is_seen(entry).then_some(entry));
        }
        let is_past = entry.is_past(self.now_ms);
        if is_past && self.keyspace.keeps() && !entry.flags.has(VISIBLE) {
            return Ok(None);
        }
        // Whoever comes across something that has expired takes it away, or out of sight.
        match guard {
            Guard::Shared(_) => Err(AccessError::NeedsExclusive),
            Guard::Exclusive(_) => Ok((!is_past && self.is_seen(entry)).then_some(entry)),
        }
    }

    /// The same for a read or write of the value: counts as an access.
    pub(super) fn entry_touched(&self, key: KeyRef<'_>) -> Result<Option<&Entry>, AccessError> {
        let entry = self.entry(key)?;
        self.note_lookup(key, entry.is_some());
        if let Some(entry) = entry
            && !self.no_touch
        {
            entry.touch(self.keyspace.tenths(self.now_ms));
        }
        Ok(entry)
    }

    fn is_seen(&self, entry: &Entry) -> bool {
        // Without tombstones an entry that is not due is always visible: save the look.
        !self.keyspace.keeps() || entry.kind(self.now_ms).is_some()
    }

    fn note_lookup(&self, key: KeyRef<'_>, found: bool) {
        if !found {
            self.note_miss(key);
        }
        let counter = if found { &self.hits } else { &self.misses };
        counter.set(counter.get() + 1);
    }

    /// Whether this scope may change `key`.
    pub(super) fn is_exclusive(&self, key: KeyRef<'_>) -> bool {
        matches!(self.guard(key), Some(Guard::Exclusive(_)))
    }

    /// Changes an entry that is there (visible or not), settled; removes it if nothing is left. What comes of
    /// it says whether anything has changed.
    pub(super) fn change<R: Outcome>(
        &mut self,
        key: KeyRef<'_>,
        change: impl FnOnce(&mut Entry, &Write) -> R,
    ) -> Option<R> {
        let (keyspace, now_ms, no_touch) = (self.keyspace, self.now_ms, self.no_touch);
        let by = self.by;
        let (lock, is_grouped) = (keyspace.lock_of(key), self.grouping.is_some());
        let shard = self.shard_by_lock(lock);
        let (mut entry, mut dirty) = shard.find_to_change(key.hash, key.name)?;
        if entry.due_ms() <= now_ms {
            keyspace.settle(shard, key, now_ms);
            (entry, dirty) = shard.find_to_change(key.hash, key.name)?;
        }
        if keyspace.is_unmarked(entry) {
            keyspace.mark(lock, dirty, key.hash, entry);
        }
        if is_grouped {
            keyspace.group(lock, key.hash, entry);
        }
        let before = Account::of(entry);
        let result = change(entry, &keyspace.write(now_ms));
        if !no_touch {
            entry.touch(keyspace.tenths(now_ms));
        }
        keyspace.account(key.db, entry, &before, now_ms);
        let (gone, after) = (keyspace.is_gone(entry, now_ms), Account::of(entry));
        shard.note_change(key.hash, before, after, now_ms);
        if result.has_changed() {
            keyspace.tell_change(shard, key, by);
        }
        if gone {
            shard.remove(key.hash, key.name);
        }
        if after.visible && !before.visible {
            self.notify_new(key);
        }
        Some(result)
    }

    /// Puts in an entry for a key that has none.
    pub(super) fn put_new(&mut self, key: KeyRef<'_>, state: State, ends: Deadline, write: &Write) {
        let (keyspace, now_ms) = (self.keyspace, self.now_ms);
        let mut entry = keyspace.new_entry(key.name, state);
        entry.write_ends(write, ends);
        if entry.ends_ms <= now_ms && !keyspace.keeps() {
            return;
        }
        entry.touch(keyspace.tenths(now_ms));
        self.insert(key, Box::new(entry));
    }

    pub(super) fn insert(&mut self, key: KeyRef<'_>, mut entry: Box<Entry>) {
        let (keyspace, now_ms) = (self.keyspace, self.now_ms);
        let (lock, is_grouped) = (keyspace.lock_of(key), self.grouping.is_some());
        let shard = self.shard_by_lock(lock);
        keyspace.mark_new(lock, shard.dirty(), key.hash, &entry);
        if is_grouped {
            keyspace.group(lock, key.hash, &entry);
        }
        keyspace.account(key.db, &mut entry, &Account::NOTHING, now_ms);
        let after = Account::of(&entry);
        shard.insert(key.hash, entry);
        shard.note_change(key.hash, Account::NOTHING, after, now_ms);
        self.tell_watchers(key);
        if after.visible {
            self.notify_new(key);
        }
    }

    /// Marks an entry that is about to be changed, while its shard is held shared.
    #[inline]
    pub(super) fn mark_shared(&self, key: KeyRef<'_>, entry: &Entry) {
        if self.keyspace.is_unmarked(entry)
            && let Some(guard) = self.guard(key)
        {
            let lock = self.keyspace.lock_of(key);
            self.keyspace.mark(lock, guard.shard().dirty(), key.hash, entry);
        }
    }

    /// After a change, of a key whose shard is held, shared or exclusively.
    #[inline]
    pub(super) fn tell_watchers(&self, key: KeyRef<'_>) {
        if let Some(guard) = self.guard(key) {
            self.keyspace.tell_change(guard.shard(), key, self.by);
        }
    }

    fn guard(&self, key: KeyRef<'_>) -> Option<&Guard<'k>> {
        self.guards.get(self.keyspace.lock_of(key))
    }

    /// The shard of a key that this scope holds exclusively.
    pub(super) fn shard_mut(&mut self, key: KeyRef<'_>) -> &mut Shard {
        let lock = self.keyspace.lock_of(key);
        self.shard_by_lock(lock)
    }

    /// A shard that this scope holds exclusively.
    ///
    /// # Panics
    /// When it does not: the command's row in the table does not say what the command does. Nothing
    /// has been changed by then, and the dispatcher answers for the panic.
    pub(super) fn shard_by_lock(&mut self, lock: u32) -> &mut Shard {
        match self.guards.get_mut(lock) {
            Some(Guard::Exclusive(guard)) => guard,
            Some(Guard::Shared(_)) => panic!("a command changes a key that its row only reads"),
            None => panic!("a command changes a key that its row does not name"),
        }
    }

    /// Looks at a shard. A scope that holds none looks at any, one after the other. One that holds
    /// some waits for no other, or two of them could wait for each other: what it does not hold is
    /// empty to it, as a database is that came into use after everything was locked.
    pub(super) fn with_shard<R>(&self, lock: u32, look: impl FnOnce(&Shard) -> R) -> R {
        match self.guards.get(lock) {
            Some(guard) => look(guard.shard()),
            None if self.guards.is_empty() => look(&self.keyspace.shard(lock).read()),
            None => look(&Shard::default()),
        }
    }
}

/// Gives the locks back before it frees anything.
impl Drop for Keys<'_> {
    fn drop(&mut self) {
        if self.trash.is_empty() {
            return;
        }
        self.guards.release();
        (self.grouping, self.lane) = (None, None);
        if self.frees_later {
            self.keyspace.reaper.take(std::mem::take(&mut self.trash));
        }
    }
}
