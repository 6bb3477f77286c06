//! All databases of a node.

use super::KeyRef;
use super::entry::NEVER_DUE;
use super::keys::{Keys, Mode};
use super::shard::Shard;
use super::stats::{Counts, DatabaseStats, KeyspaceStats};
use super::sync::RwLock;
use crate::base::Replica;
use crate::base::clock::Clock;
use crate::crdt::Tombstones;
use crossbeam::utils::CachePadded;
use parking_lot::Mutex;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Shards of a database: small ones, so that a table that grows, a SCAN or an expiry holds up little.
/// (A model of all interleavings needs them few.)
pub(super) const SHARDS: usize = if cfg!(feature = "model") { 4 } else { 1024 };
/// Which bits of a hash choose the shard: not the lowest (buckets) nor the highest seven (tags).
const SHARD_SHIFT: u32 = 44;

type Shards = Box<[CachePadded<RwLock<Shard>>]>;

/// The sharded store of all databases.
pub struct Keyspace {
    /// Made when a database is first written.
    databases: Box<[OnceLock<Shards>]>,
    pub(super) clock: Clock,
    /// Who this node writes as.
    pub(super) me: Replica,
    pub(super) tombstones: Tombstones,
    pub(super) started_ms: u64,
    pub(super) counts: Counts,
    pub(super) sweep: super::expiry::Sweep,
    pub(super) reaper: super::reaper::Reaper,
    pub(super) pool: Mutex<super::eviction::Pool>,
    /// When nothing could be evicted the last time, and by which policy.
    pub(super) exhausted_at: AtomicU64,
}

impl Keyspace {
    /// `databases` empty databases, written as replica `me`. `now_ms`: Unix milliseconds.
    #[must_use]
    pub fn new(databases: u16, me: Replica, tombstones: Tombstones, now_ms: u64) -> Keyspace {
        Keyspace {
            databases: (0..databases).map(|_| OnceLock::new()).collect(),
            clock: Clock::default(),
            me,
            tombstones,
            started_ms: now_ms,
            counts: Counts::default(),
            sweep: super::expiry::Sweep::default(),
            reaper: super::reaper::Reaper::default(),
            pool: Mutex::default(),
            exhausted_at: AtomicU64::default(),
        }
    }

    #[must_use]
    pub fn databases(&self) -> u16 {
        self.databases.len() as u16
    }

    /// The scope of a command on `keys`: their shards locked in one order.
    pub fn open<'k, 'n>(
        &'k self,
        keys: impl IntoIterator<Item = KeyRef<'n>, IntoIter: Clone>,
        mode: Mode,
        now_ms: u64,
    ) -> Keys<'k> {
        Keys::open(self, keys, mode, now_ms)
    }

    /// The scope of a command on one key.
    pub fn open_one(&self, key: KeyRef<'_>, mode: Mode, now_ms: u64) -> Keys<'_> {
        Keys::open_one(self, key, mode, now_ms)
    }

    /// The scope of a command on everything: all shards of the databases that are in use, and of
    /// `named` ones, which it may write first (SWAPDB).
    pub fn open_whole(&self, named: &[u16], mode: Mode, now_ms: u64) -> Keys<'_> {
        for db in named.iter().filter_map(|db| self.databases.get(usize::from(*db))) {
            db.get_or_init(make_shards);
        }
        Keys::open_whole(self, mode, now_ms)
    }

    /// The scope of a command that goes from shard to shard, or touches no key.
    pub fn open_browse(&self, now_ms: u64) -> Keys<'_> {
        Keys::open_browse(self, now_ms)
    }

    /// Numbers for INFO. Walks over all shards.
    #[must_use]
    pub fn stats(&self, now_ms: u64) -> KeyspaceStats {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let databases = (0..self.databases()).map(|db| self.database_stats(db, now_ms));
        KeyspaceStats {
            databases: databases.filter(|stats| stats.keys > 0).collect(),
            expired_keys: load(&self.counts.expired_keys),
            expired_members: load(&self.counts.expired_members),
            evicted_keys: load(&self.counts.evicted_keys),
        }
    }

    /// CONFIG RESETSTAT.
    pub fn reset_stats(&self) {
        self.counts.reset();
    }

    fn database_stats(&self, db: u16, now_ms: u64) -> DatabaseStats {
        const SAMPLE: usize = 1_000;
        let mut stats = DatabaseStats { db, ..DatabaseStats::default() };
        let (mut sampled, mut ttl_sum_ms) = (0u64, 0u64);
        for shard in self.shards_in_use(db) {
            let shard = shard.read();
            let (keys, with_deadline) = self.count(&shard, now_ms);
            stats.keys += keys;
            stats.with_deadline += with_deadline;
            if sampled < SAMPLE as u64 && shard.with_deadline() > 0 {
                for entry in shard.iter().filter(|entry| entry.ends_ms != NEVER_DUE).take(8) {
                    sampled += 1;
                    ttl_sum_ms = ttl_sum_ms.saturating_add(entry.ends_ms.saturating_sub(now_ms));
                }
            }
        }
        stats.average_ttl_ms = ttl_sum_ms.checked_div(sampled).unwrap_or_default();
        stats
    }

    /// How many keys a shard holds, those included that expired and are not yet reclaimed, and how
    /// many of them have a deadline. With tombstones, only those that are seen: O(n).
    pub(super) fn count(&self, shard: &Shard, now_ms: u64) -> (usize, usize) {
        if self.tombstones == Tombstones::Drop {
            return (shard.len(), shard.with_deadline());
        }
        let seen = shard.iter().filter(|entry| entry.seen(self.me, now_ms).is_some());
        seen.fold((0, 0), |(keys, with_deadline), entry| {
            (keys + 1, with_deadline + usize::from(entry.ends_ms != NEVER_DUE))
        })
    }

    /// The number of a lock: they are taken in rising order.
    pub(super) fn lock_of(&self, key: KeyRef<'_>) -> u32 {
        let shard = (key.hash >> SHARD_SHIFT) as usize % SHARDS;
        u32::from(key.db) * SHARDS as u32 + shard as u32
    }

    pub(super) fn shard(&self, lock: u32) -> &RwLock<Shard> {
        let (db, shard) = (lock as usize / SHARDS, lock as usize % SHARDS);
        // An unknown database is refused by SELECT, MOVE, COPY and SWAPDB; a last one is always there.
        let db = db.min(self.databases.len() - 1);
        &self.databases[db].get_or_init(make_shards)[shard]
    }

    /// The shards of a database, none if it was never written.
    pub(super) fn shards_in_use(&self, db: u16) -> &[CachePadded<RwLock<Shard>>] {
        self.databases.get(usize::from(db)).and_then(OnceLock::get).map_or(&[], |shards| shards)
    }

    /// The locks of all databases that are in use, in order.
    pub(super) fn locks_in_use(&self) -> impl Iterator<Item = u32> {
        let used = self.databases.iter().enumerate().filter(|(_, shards)| shards.get().is_some());
        used.flat_map(|(db, _)| (0..SHARDS).map(move |shard| (db * SHARDS + shard) as u32))
    }

    /// Tenths of a second since the start: the clock of IDLETIME and eviction.
    pub(super) fn tenths(&self, now_ms: u64) -> u32 {
        u32::try_from(now_ms.saturating_sub(self.started_ms) / 100).unwrap_or(u32::MAX)
    }
}

fn make_shards() -> Shards {
    (0..SHARDS).map(|_| CachePadded::new(RwLock::new(Shard::default()))).collect()
}
