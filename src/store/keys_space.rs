//! What a scope sees of a whole database: SCAN, KEYS, RANDOMKEY, DBSIZE, FLUSHDB, SWAPDB.

use super::entry::Entry;
use super::flags::VISIBLE;
use super::keyspace::{db_of, lock_number};
use super::portrait::Portrait;
use super::reaper::Garbage;
use super::shard::Shard;
use super::{KeyRef, Keys};
use crate::base::hash::hash_name;
use crate::crdt::Kind;
use rand::RngExt;
use rand::seq::IndexedRandom;

/// A cursor's low bits: where in the order of hashes a shard is gone on with. With the shard's number
/// above them a cursor stays below 2⁵³, so that clients may hold it in a double.
const PLACE_BITS: u32 = 42;
const PLACE_MASK: u64 = (1 << PLACE_BITS) - 1;

/// Shards that RANDOMKEY looks into before it goes through all of them.
const SHARDS_DRAWN: usize = 256;

/// A shard is gone through in about so many pages at most, whatever COUNT says.
const PAGES_A_SHARD: usize = 32;

/// One answer of SCAN.
#[derive(Debug, Default)]
pub struct ScanPage {
    /// Where to go on; 0: done.
    pub cursor: u64,
    pub names: Vec<Vec<u8>>,
}

impl Keys<'_> {
    /// How many keys a database holds (those included that expired and are not yet reclaimed, as in
    /// Redis).
    #[must_use]
    pub fn len(&self, db: u16) -> usize {
        self.locks_of(db).map(|lock| self.with_shard(lock, Shard::visible)).sum()
    }

    /// Whether a database holds no keys.
    #[must_use]
    pub fn is_empty(&self, db: u16) -> bool {
        self.len(db) == 0
    }

    /// SCAN: about `count` keys from `cursor` on, of which those that `wanted` takes are returned.
    /// More at once of a large database: each page has to look at a whole shard.
    ///
    /// Keys come in the order of their hashes, shard by shard, so a key that is there throughout is
    /// returned exactly once, however the tables grow or shrink meanwhile.
    pub fn scan(
        &self,
        db: u16,
        cursor: u64,
        count: usize,
        wanted: &mut dyn FnMut(&[u8], Kind) -> bool,
    ) -> ScanPage {
        let mut page = ScanPage::default();
        let mut left = count.max(1);
        let (mut shard, mut from) = ((cursor >> PLACE_BITS) as usize, cursor & PLACE_MASK);
        let locks: Vec<u32> = self.locks_of(db).collect();
        while let Some(lock) = locks.get(shard) {
            let next =
                self.with_shard(*lock, |s| self.scan_shard(s, from, &mut left, wanted, &mut page));
            match next {
                Some(place) => {
                    page.cursor = (shard as u64) << PLACE_BITS | place;
                    return page;
                }
                None => (shard, from) = (shard + 1, 0),
            }
            if left == 0 && shard < locks.len() {
                page.cursor = (shard as u64) << PLACE_BITS;
                return page;
            }
        }
        page
    }

    /// Takes up to `left` keys of a shard from the place `from` on; returns where to go on in it.
    fn scan_shard(
        &self,
        shard: &Shard,
        from: u64,
        left: &mut usize,
        wanted: &mut dyn FnMut(&[u8], Kind) -> bool,
        page: &mut ScanPage,
    ) -> Option<u64> {
        *left = (*left).max(shard.len() / PAGES_A_SHARD);
        let places = shard.iter().map(|entry| (hash_name(&entry.name) & PLACE_MASK, entry));
        let mut rest: Vec<(u64, &Box<Entry>)> = places.filter(|(at, _)| *at >= from).collect();
        let last = rest.len().min(*left).saturating_sub(1);
        if last + 1 < rest.len() {
            rest.select_nth_unstable_by_key(last, |(at, _)| *at);
        }
        // Keys at one place are taken together: the cursor cannot tell them apart.
        let end = rest.get(last).map_or(0, |(at, _)| *at);
        let next = rest.iter().map(|(at, _)| *at).filter(|at| *at > end).min();
        rest.retain(|(at, _)| *at <= end);
        *left = left.saturating_sub(rest.len());
        for (_, entry) in &rest {
            if let Some(kind) = entry.seen(self.keyspace.me(), self.now_ms)
                && wanted(&entry.name, kind)
            {
                page.names.push(entry.name.to_vec());
            }
        }
        next
    }

    /// Every visible key of a database.
    pub fn for_each_name(&self, db: u16, visit: &mut dyn FnMut(&[u8])) {
        self.for_each_entry(db, &mut |entry| visit(&entry.name));
    }

    /// Every visible key of a database in a key slot.
    pub fn for_each_in_slot(&self, db: u16, slot: u16, visit: &mut dyn FnMut(&[u8])) {
        self.for_each_entry(db, &mut |entry| {
            if entry.slot == slot {
                visit(&entry.name);
            }
        });
    }

    /// Every visible entry of a database.
    pub(super) fn for_each_entry(&self, db: u16, visit: &mut dyn FnMut(&Entry)) {
        for lock in self.locks_of(db) {
            self.with_shard(lock, |shard| {
                shard.iter().filter(|entry| self.is_visible(entry)).for_each(|entry| visit(entry));
            });
        }
    }

    /// A visible key, about evenly chosen; `None`: there is none.
    #[must_use]
    pub fn random_name(&self, db: u16) -> Option<Vec<u8>> {
        let locks: Vec<u32> = self.locks_of(db).collect();
        // Drawn one by one: going on from the first would favour a key behind many empty shards.
        let drawn = (0..SHARDS_DRAWN).filter_map(|_| locks.choose(&mut rand::rng()));
        let sample = |lock: &u32| {
            let place = rand::rng().random::<u32>() as usize;
            self.with_shard(*lock, |shard| {
                let entry = shard.sample(place, |entry| self.is_visible(entry))?;
                Some(entry.name.to_vec())
            })
        };
        drawn.chain(&locks).find_map(sample)
    }

    /// FLUSHDB. The scope holds everything exclusively; what is taken out is freed after the locks.
    pub fn flush(&mut self, db: u16) {
        if self.keyspace.keeps() {
            for name in self.names_counted(db) {
                let key = KeyRef::new(db, &name);
                // What has expired is gone already, but may still be counted.
                self.settle(key);
                if self.exists(key) == Ok(true) {
                    self.delete(key);
                }
            }
            return;
        }
        for lock in self.locks_held(db) {
            let shard = self.shard_by_lock(lock).take_all();
            self.trash.push(Garbage::Shard(shard));
        }
    }

    /// SWAPDB: each database gets what the other holds, as new writes where peers must learn of it.
    pub fn swap(&mut self, a: u16, b: u16) {
        if a == b {
            return;
        }
        if !self.keyspace.keeps() {
            for (lock_a, lock_b) in self.locks_held(a).into_iter().zip(self.locks_held(b)) {
                self.settle_watched([lock_a, lock_b]);
                let from_a = self.shard_by_lock(lock_a).take_all();
                let from_b = self.shard_by_lock(lock_b).take_all();
                self.shard_by_lock(lock_a).put_all(from_b);
                self.shard_by_lock(lock_b).put_all(from_a);
            }
            return;
        }
        // As a whole they are what they were.
        self.replaces = true;
        let (names_a, names_b) = (self.names(a), self.names(b));
        let from_a: Vec<_> = names_a.iter().filter_map(|n| self.take(KeyRef::new(a, n))).collect();
        for name in &names_b {
            self.rename(KeyRef::new(b, name), KeyRef::new(a, name));
        }
        for (name, portrait) in names_a.iter().zip(&from_a) {
            self.put(KeyRef::new(b, name), portrait);
        }
        self.replaces = false;
    }

    /// Settles in each of two shards what is watched in either: nobody is to see a key come that has expired.
    fn settle_watched(&mut self, locks: [u32; 2]) {
        let hashes: Vec<u64> = locks
            .iter()
            .flat_map(|lock| self.shard_by_lock(*lock).watched_hashes().collect::<Vec<_>>())
            .collect();
        for lock in locks {
            for hash in &hashes {
                let shard = self.shard_by_lock(lock);
                let names: Vec<_> =
                    shard.iter_hash(*hash).map(|entry| entry.name.clone()).collect();
                names.iter().for_each(|name| self.settle(KeyRef::new(db_of(lock), name)));
            }
        }
    }

    fn take(&mut self, key: KeyRef<'_>) -> Option<Portrait> {
        let portrait = self.portrait(key);
        self.delete(key);
        portrait
    }

    fn names(&self, db: u16) -> Vec<Vec<u8>> {
        let mut names = Vec::new();
        self.for_each_name(db, &mut |name| names.push(name.to_vec()));
        names
    }

    /// Of all keys that DBSIZE counts.
    fn names_counted(&self, db: u16) -> Vec<Vec<u8>> {
        let locks = self.locks_of(db);
        let names = locks.flat_map(|lock| {
            self.with_shard(lock, |shard| {
                let counted = shard.iter().filter(|entry| entry.flags.has(VISIBLE));
                counted.map(|entry| entry.name.to_vec()).collect::<Vec<_>>()
            })
        });
        names.collect()
    }

    fn is_visible(&self, entry: &Entry) -> bool {
        entry.seen(self.keyspace.me(), self.now_ms).is_some()
    }

    /// The locks of a database that this scope holds.
    fn locks_held(&self, db: u16) -> Vec<u32> {
        let (first, end) = (lock_number(db, 0), lock_number(db + 1, 0));
        self.guards.locks().filter(|lock| (first..end).contains(lock)).collect()
    }

    /// The locks of a database, none if it was never written.
    fn locks_of(&self, db: u16) -> impl Iterator<Item = u32> + use<> {
        let shards = self.keyspace.shards_in_use(db).len() as u32;
        (0..shards).map(move |shard| lock_number(db, shard))
    }
}
