//! Digests of what is live, a number per key slot: where two nodes differ is where these do.

use super::entry::Entry;
use super::keyspace::{Keyspace, lock_number};
use crate::base::KEY_SLOTS;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Some of the key slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotSet(Box<[u64]>);

impl SlotSet {
    #[must_use]
    pub fn contains(&self, slot: u16) -> bool {
        let word = self.0.get(usize::from(slot) / 64);
        word.is_some_and(|word| word >> (slot % 64) & 1 != 0)
    }

    /// Rising.
    pub fn iter(&self) -> impl Iterator<Item = u16> {
        (0..KEY_SLOTS as u16).filter(|slot| self.contains(*slot))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
}

/// Numbers that are no slots are left out.
impl FromIterator<u16> for SlotSet {
    fn from_iter<I: IntoIterator<Item = u16>>(slots: I) -> SlotSet {
        let mut set = SlotSet(vec![0; KEY_SLOTS / 64].into());
        for slot in slots {
            if let Some(word) = set.0.get_mut(usize::from(slot) / 64) {
                *word |= 1 << (slot % 64);
            }
        }
        set
    }
}

/// The sum of a database's keys' fingerprints, per slot and of all.
#[derive(Debug, Default)]
pub(super) struct SlotDigests {
    slots: OnceLock<Box<[AtomicU64]>>,
    all: AtomicU64,
}

impl SlotDigests {
    fn change(&self, slot: u16, before: u64, after: u64) {
        let slots = self.slots.get_or_init(|| (0..KEY_SLOTS).map(|_| AtomicU64::new(0)).collect());
        slots[usize::from(slot)].fetch_add(after.wrapping_sub(before), Ordering::Relaxed);
        self.all.fetch_add(after.wrapping_sub(before), Ordering::Relaxed);
    }

    /// Nothing is live.
    pub fn clear(&self) {
        let slots = self.slots.get().into_iter().flatten();
        slots.chain([&self.all]).for_each(|digest| digest.store(0, Ordering::Relaxed));
    }

    fn get(&self) -> impl Iterator<Item = u64> {
        let slots = self.slots.get().map_or(&[][..], |slots| slots);
        slots.iter().map(|digest| digest.load(Ordering::Relaxed))
    }
}

impl Keyspace {
    /// Brings an entry's fingerprint, and its slot's digest, up to date; its shard is held exclusively.
    pub(super) fn refresh_digest(&self, db: u16, entry: &mut Entry, now_ms: u64) {
        if self.tells_peers() {
            let fingerprint = entry.fingerprint_now(self.me(), now_ms);
            self.put_fingerprint(db, entry, fingerprint);
        }
    }

    pub(super) fn put_fingerprint(&self, db: u16, entry: &mut Entry, fingerprint: u64) {
        let before = std::mem::replace(&mut entry.fingerprint, fingerprint);
        if before != fingerprint
            && let Some(database) = self.database(usize::from(db))
        {
            database.digests.change(entry.slot, before, fingerprint);
        }
    }

    /// The digest of each key slot of a database, of what is live. What expired counts until it is
    /// reclaimed, and changes count from the drain on.
    #[must_use]
    pub fn slot_digests(&self, db: u16) -> Vec<u64> {
        let mut digests: Vec<u64> = self.digests_of(db).collect();
        digests.resize(KEY_SLOTS, 0);
        digests
    }

    /// One number for all of them; 0 when nothing is live. A fingerprint is of the name, too, so a sum
    /// tells as much as a hash of the slots would, and is at hand.
    #[must_use]
    pub fn root(&self, db: u16) -> u64 {
        let database = self.database(usize::from(db));
        database.map_or(0, |database| database.digests.all.load(Ordering::Relaxed))
    }

    /// The databases that were ever written.
    #[must_use]
    pub fn databases_in_use(&self) -> Vec<u16> {
        self.all_databases().map(|(db, _)| db).collect()
    }

    fn digests_of(&self, db: u16) -> impl Iterator<Item = u64> {
        let database = self.database(usize::from(db));
        database.into_iter().flat_map(|database| database.digests.get())
    }

    /// Visits the live keys of some slots of a database, each with its fingerprint, from `cursor` on
    /// (0: from the beginning), and stops at the end of a shard when it has looked at `limit` entries of
    /// any slots. Returns the cursor to go on with; `None`: done. What has expired at `now_ms` is
    /// reclaimed on the way, within the same limit.
    pub fn walk(
        &self,
        db: u16,
        slots: &SlotSet,
        cursor: u64,
        limit: usize,
        now_ms: u64,
        visit: &mut dyn FnMut(&[u8], u64),
    ) -> Option<u64> {
        let shards = self.shards_in_use(db);
        let mut looked_at = 0;
        let from = usize::try_from(cursor).unwrap_or(usize::MAX);
        for (at, shard) in shards.iter().enumerate().skip(from) {
            if looked_at >= limit {
                return Some(at as u64);
            }
            let lock = lock_number(db, at as u32);
            looked_at += self.expire_shard(lock, now_ms, limit - looked_at);
            let shard = shard.read();
            looked_at += shard.len();
            let live = shard.iter().filter(|entry| entry.fingerprint != 0);
            for entry in live.filter(|entry| slots.contains(entry.slot)) {
                visit(&entry.name, entry.fingerprint);
            }
        }
        None
    }
}
