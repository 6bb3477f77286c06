//! Keys that clients watch, or wait for.
//!
//! Each shard has a table of those in it, by hash; nearly all have none. It changes only with the shard held
//! exclusively. Whoever changes what users see of a key holds the shard too, and looks there afterwards:
//! commands, merges of what peers say, expiry, eviction, flushes.

use super::flags::VISIBLE;
use super::lanes::Patience;
use super::shard::Shard;
use super::waiting::Waiter;
use super::{AccessError, KeyRef, Keys, Keyspace};
use crate::base::Name;
use crate::base::hash::hash_name;
use hashbrown::HashMap;
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether one of the keys changed that a client watches.
#[derive(Debug, Default)]
pub struct Watch {
    // With a shard held, as all that is written and read here: no order of its own.
    changed: AtomicBool,
}

impl Watch {
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.changed.load(Ordering::Relaxed)
    }

    /// Of a client that watches nothing any more.
    pub fn reset(&self) {
        self.changed.store(false, Ordering::Relaxed);
    }
}

/// A key that a client watches.
#[derive(Debug)]
pub struct WatchedKey {
    db: u16,
    hash: u64,
    name: Name,
}

impl WatchedKey {
    pub(super) fn of(key: KeyRef<'_>) -> WatchedKey {
        WatchedKey { db: key.db, hash: key.hash, name: Name::from_slice(key.name) }
    }

    #[must_use]
    pub fn key(&self) -> KeyRef<'_> {
        KeyRef { db: self.db, name: &self.name, hash: self.hash }
    }

    /// Bytes of memory that it takes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        size_of::<WatchedKey>() + self.name.len()
    }
}

/// Who watches which keys of a shard, and who waits for them, by the hashes of their names.
#[derive(Debug, Default)]
pub(super) struct WatchTable(HashMap<u64, Watchers, foldhash::fast::FixedState>);

/// Who looks at the keys of one hash.
#[derive(Debug, Default)]
struct Watchers {
    watches: SmallVec<[Arc<Watch>; 1]>,
    /// By the order in which they came.
    waiters: BTreeMap<u64, Arc<Waiter>>,
}

impl WatchTable {
    fn tell(&self, hash: u64) {
        let Some(watchers) = self.0.get(&hash) else { return };
        watchers.watches.iter().for_each(|watch| watch.changed.store(true, Ordering::Relaxed));
        watchers.waiters.values().next().inspect(|waiter| waiter.ring(hash));
    }

    /// False: it does already.
    fn add(&mut self, hash: u64, watch: &Arc<Watch>) -> bool {
        let watches = &mut self.0.entry(hash).or_default().watches;
        let is_new = !watches.iter().any(|known| Arc::ptr_eq(known, watch));
        if is_new {
            watches.push(watch.clone());
        }
        is_new
    }

    pub fn wait(&mut self, hash: u64, waiter: &Arc<Waiter>) {
        self.0.entry(hash).or_default().waiters.insert(waiter.number(), waiter.clone());
    }

    /// Who waits for a key, the first after number `last`.
    pub fn next_waiter(&self, key: KeyRef<'_>, last: u64) -> Option<Arc<Waiter>> {
        let later = (Bound::Excluded(last), Bound::Unbounded);
        let mut waiters = self.0.get(&key.hash)?.waiters.range(later).map(|(_, waiter)| waiter);
        waiters.find(|waiter| waiter.awaits(key)).cloned()
    }

    fn change(&mut self, hash: u64, change: impl FnOnce(&mut Watchers)) {
        let Some(watchers) = self.0.get_mut(&hash) else { return };
        change(watchers);
        if watchers.watches.is_empty() && watchers.waiters.is_empty() {
            self.0.remove(&hash);
        }
    }
}

impl Keyspace {
    /// After what users see of a key was changed, by the client `by` (0: by none).
    #[inline]
    pub(super) fn tell_change(&self, shard: &Shard, key: KeyRef<'_>, by: u64) {
        shard.tell_watchers(key.hash);
        self.observed.changed(key, by);
    }
}

impl Shard {
    #[inline]
    fn tell_watchers(&self, hash: u64) {
        if let Some(watched) = &self.watched {
            watched.tell(hash);
        }
    }

    /// The same of all keys that are there.
    pub fn tell_all_watchers(&self) {
        let Some(watched) = &self.watched else { return };
        let is_there = |hash: &&u64| {
            let known = self.iter_hash(**hash).filter(|entry| hash_name(&entry.name) == **hash);
            known.into_iter().any(|entry| entry.flags.has(VISIBLE))
        };
        watched.0.keys().filter(is_there).for_each(|hash| watched.tell(*hash));
    }

    /// The hashes of the keys that are watched.
    pub fn watched_hashes(&self) -> impl Iterator<Item = u64> {
        self.watched.iter().flat_map(|watched| watched.0.keys().copied())
    }

    fn unwatch(&mut self, hash: u64, watch: &Arc<Watch>) {
        self.change_watchers(hash, |watchers| {
            watchers.watches.retain(|known| !Arc::ptr_eq(known, watch));
        });
    }

    pub fn stop_waiting(&mut self, hash: u64, number: u64) {
        self.change_watchers(hash, |watchers| {
            watchers.waiters.remove(&number);
        });
    }

    fn change_watchers(&mut self, hash: u64, change: impl FnOnce(&mut Watchers)) {
        let Some(watched) = &mut self.watched else { return };
        watched.change(hash, change);
        if watched.0.is_empty() {
            self.watched = None;
        }
    }
}

impl Keys<'_> {
    /// WATCH: from now on `watch` says whether the key has changed. `None`: it does already.
    ///
    /// # Errors
    /// [`AccessError::NeedsExclusive`]
    pub fn watch(
        &mut self,
        key: KeyRef<'_>,
        watch: &Arc<Watch>,
    ) -> Result<Option<WatchedKey>, AccessError> {
        if !self.is_exclusive(key) {
            return Err(AccessError::NeedsExclusive);
        }
        let watched = self.shard_mut(key).watched.get_or_insert_default();
        let is_new = watched.add(key.hash, watch);
        Ok(is_new.then(|| WatchedKey::of(key)))
    }

    /// The end of it, of keys that are held exclusively.
    pub fn unwatch(&mut self, keys: &[WatchedKey], watch: &Arc<Watch>) {
        for key in keys {
            self.shard_mut(key.key()).unwatch(key.hash, watch);
        }
    }
}

impl Keyspace {
    /// The end of it. The caller holds no scope. What a script holds for too long stays watched: `watch` may say that
    /// it has changed when nobody asks any more, or once too often.
    pub fn unwatch(&self, keys: &[WatchedKey], watch: &Arc<Watch>) {
        for key in keys {
            let shard = self.shard(self.lock_of(key.key()));
            if let Some(mut shard) = self.write_patiently(shard, Patience::UntilHeldUp) {
                shard.unwatch(key.hash, watch);
            }
        }
    }
}

/// Whether what was done to an entry has changed what users see of it, by what came of it.
pub(super) trait Outcome {
    fn has_changed(&self) -> bool;
}

/// What a caller's edit answered, and whether it has changed anything.
pub(super) struct Edited<R> {
    pub result: R,
    pub changed: bool,
}

impl<R> Outcome for Edited<R> {
    fn has_changed(&self) -> bool {
        self.changed
    }
}

/// Nothing to say: it was done.
impl Outcome for () {
    fn has_changed(&self) -> bool {
        true
    }
}

/// Whether there was anything to do it to.
impl Outcome for bool {
    fn has_changed(&self) -> bool {
        *self
    }
}

/// The sum of a counter.
impl Outcome for i64 {
    fn has_changed(&self) -> bool {
        true
    }
}

/// The length of a text.
impl Outcome for usize {
    fn has_changed(&self) -> bool {
        true
    }
}

impl<T: Outcome> Outcome for Option<T> {
    fn has_changed(&self) -> bool {
        self.as_ref().is_some_and(T::has_changed)
    }
}

impl<T: Outcome, E> Outcome for Result<T, E> {
    fn has_changed(&self) -> bool {
        self.as_ref().is_ok_and(T::has_changed)
    }
}
