//! All databases of a node.

use super::KeyRef;
use super::entry::{Entry, NEVER_DUE, START_TENTHS};
use super::flags::VISIBLE;
use super::keys::{Keys, Mode};
use super::lanes::{Lanes, Patience};
use super::mark::DirtyShards;
use super::shard::Shard;
use super::slots::SlotDigests;
use super::stats::{Counts, DatabaseStats, KeyspaceStats};
use super::sync::RwLock;
use crate::base::clock::Clock;
use crate::base::{Name, Replica, Stamp};
use crate::crdt::{Generation, Tombstones};
use crossbeam::utils::CachePadded;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// Shards of a database: small ones, so that a table that grows, a SCAN or an expiry holds up little.
/// (A model of all interleavings needs them few.)
pub(super) const SHARDS: usize = if cfg!(feature = "model") { 4 } else { 1024 };
/// Which bits of a hash choose the shard: not the lowest (buckets) nor the highest seven (tags).
const SHARD_SHIFT: u32 = 44;

/// The database of what ONCE has run, which no client can select: the tokens are its keys. Its number is above
/// all others, whatever their number is on a node.
pub const TOKENS: u16 = u16::MAX;

type Shards = Box<[CachePadded<RwLock<Shard>>]>;

/// A database that was written.
pub(super) struct Database {
    pub shards: Shards,
    pub dirty: DirtyShards,
    pub digests: SlotDigests,
}

/// The sharded store of all databases.
///
/// Locks are taken in this order: `lanes`, the engine's (which is not here), `grouping`, shards by rising number, a shard's list of dirty entries,
/// `opening`, `grouped`, `evicted`, `noted`, the bell.
pub struct Keyspace {
    /// Made when a database is first written.
    databases: Box<[OnceLock<Database>]>,
    /// [`TOKENS`].
    tokens: OnceLock<Database>,
    /// Held while a database is made, and by who holds everything.
    pub(super) opening: Mutex<()>,
    pub(super) clock: Clock,
    /// Who this node writes as, packed. It changes with everything locked.
    me: AtomicU64,
    keeps: bool,
    tells_peers: bool,
    /// The period in which tombstones are noted now.
    pub(super) generation: AtomicU32,
    /// Keys that were evicted before their shard was drained the last time; see [`Keyspace::take_evicted`].
    pub(super) evicted: Mutex<Vec<(u16, Name)>>,
    /// Of memory that they take, and those whose shard was not drained since.
    pub(super) evicted_bytes: AtomicU64,
    /// Keys that were noted in it.
    pub(super) noted: Mutex<Vec<(u16, Name)>>,
    /// The latest time at which anything was.
    pub(super) noted_ms: AtomicU64,
    /// Scripts, and who does not run beside one.
    pub(super) lanes: Lanes,
    /// Held shared by whoever writes several shards: its effects are drained together.
    pub(super) grouping: RwLock<()>,
    /// What was written so since the last drain: locks and hashes.
    pub(super) grouped: super::sync::Mutex<Vec<(u32, u64)>>,
    pub(super) started_ms: u64,
    pub(super) counts: Counts,
    /// Looked at with every change: away from what is written.
    pub(super) observed: CachePadded<super::observer::Observed>,
    pub(super) sweep: super::expiry::Sweep,
    pub(super) reaper: super::reaper::Reaper,
    pub(super) pool: Mutex<super::eviction::Pool>,
    /// When nothing could be evicted the last time, and by which policy.
    pub(super) exhausted_at: AtomicU64,
    /// Rung for keys for which clients wait.
    pub(super) bell: Arc<super::waiting::Bell>,
}

impl Keyspace {
    /// `databases` empty databases, written as replica `me`. `now_ms`: Unix milliseconds.
    #[must_use]
    pub fn new(databases: u16, me: Replica, tombstones: Tombstones, now_ms: u64) -> Keyspace {
        Keyspace {
            databases: (0..databases).map(|_| OnceLock::new()).collect(),
            tokens: OnceLock::new(),
            opening: Mutex::default(),
            clock: Clock::default(),
            me: AtomicU64::new(pack(me)),
            keeps: tombstones != Tombstones::Drop,
            tells_peers: tombstones != Tombstones::Drop,
            generation: AtomicU32::new(1),
            evicted: Mutex::default(),
            evicted_bytes: AtomicU64::new(0),
            noted: Mutex::default(),
            noted_ms: AtomicU64::new(0),
            lanes: Lanes::default(),
            grouping: RwLock::new(()),
            grouped: super::sync::Mutex::default(),
            started_ms: now_ms,
            counts: Counts::default(),
            observed: CachePadded::default(),
            sweep: super::expiry::Sweep::default(),
            reaper: super::reaper::Reaper::default(),
            pool: Mutex::default(),
            exhausted_at: AtomicU64::default(),
            bell: Arc::default(),
        }
    }

    /// The same for a node that tells what changes to its disk and to nobody else: it needs neither digests
    /// nor what it had counted before.
    #[must_use]
    pub fn alone(self) -> Keyspace {
        Keyspace { tells_peers: false, ..self }
    }

    /// Whether there are, or may be, peers that compare.
    #[inline]
    #[must_use]
    pub fn tells_peers(&self) -> bool {
        self.tells_peers
    }

    #[must_use]
    pub fn databases(&self) -> u16 {
        self.databases.len() as u16
    }

    /// Whether there is a database of that number, be it that of tokens.
    #[must_use]
    pub fn has_database(&self, db: u16) -> bool {
        db < self.databases() || db == TOKENS
    }

    /// Who this node writes as.
    #[must_use]
    pub fn me(&self) -> Replica {
        let packed = self.me.load(Ordering::Relaxed);
        Replica { node: (packed >> 32) as u32, epoch: packed as u32 }
    }

    /// The caller holds everything exclusively.
    pub(super) fn set_me(&self, me: Replica) {
        self.me.store(pack(me), Ordering::Relaxed);
    }

    /// Whether there are, or may be, peers to whom changes and deletions must be told.
    #[inline]
    pub(super) fn keeps(&self) -> bool {
        self.keeps
    }

    /// What becomes now of what is forgotten.
    pub(super) fn tombstones(&self) -> Tombstones {
        match self.keeps {
            true => Tombstones::Keep(self.generation()),
            false => Tombstones::Drop,
        }
    }

    pub(super) fn generation(&self) -> Generation {
        Generation(self.generation.load(Ordering::SeqCst))
    }

    /// A stamp that this node's clock gives to nothing else.
    pub fn stamp(&self, now_ms: u64) -> Stamp {
        self.clock.stamp(now_ms)
    }

    /// Takes note of a stamp of another node: later ones exceed it.
    pub fn observe(&self, stamp: Stamp) {
        self.clock.observe(stamp);
    }

    /// The last stamp that was given or observed.
    #[must_use]
    pub fn last_stamp(&self) -> Stamp {
        self.clock.last()
    }

    /// Goes on as another replica, before anybody has written: as either of them.
    pub fn begin_as(&self, me: Replica) {
        self.set_me(me);
    }

    /// The scope of a command on `keys`: their shards locked in one order.
    pub fn open<'k, 'n>(
        &'k self,
        keys: impl IntoIterator<Item = KeyRef<'n>, IntoIter: Clone>,
        mode: Mode,
        now_ms: u64,
    ) -> Keys<'k> {
        let keys = keys.into_iter();
        loop {
            let opened = Keys::open(self, keys.clone(), mode, Patience::Endless, now_ms);
            if let Some(scope) = opened {
                return scope;
            }
        }
    }

    /// The same; `None`: a script has held it up for too long.
    pub fn try_open<'k, 'n>(
        &'k self,
        keys: impl IntoIterator<Item = KeyRef<'n>, IntoIter: Clone>,
        mode: Mode,
        now_ms: u64,
    ) -> Option<Keys<'k>> {
        Keys::open(self, keys.into_iter(), mode, Patience::UntilHeldUp, now_ms)
    }

    /// The scope of a command on one key.
    pub fn open_one(&self, key: KeyRef<'_>, mode: Mode, now_ms: u64) -> Keys<'_> {
        loop {
            let opened = Keys::open_one(self, key, mode, Patience::Endless, now_ms);
            if let Some(scope) = opened {
                return scope;
            }
        }
    }

    /// The same; `None`: a script has held it up for too long.
    #[inline]
    pub fn try_open_one(&self, key: KeyRef<'_>, mode: Mode, now_ms: u64) -> Option<Keys<'_>> {
        Keys::open_one(self, key, mode, Patience::UntilHeldUp, now_ms)
    }

    /// The scope of a command on everything: all shards of the databases that are in use, and of
    /// `named` ones, which it may write first (SWAPDB). `None`: a script has held it up for too long.
    pub fn try_open_whole(&self, named: &[u16], mode: Mode, now_ms: u64) -> Option<Keys<'_>> {
        self.open_databases(named);
        Keys::open_whole(self, mode, now_ms)
    }

    /// As [`Keyspace::try_open_whole`], for who waits.
    pub fn open_whole(&self, named: &[u16], mode: Mode, now_ms: u64) -> Keys<'_> {
        loop {
            if let Some(scope) = self.try_open_whole(named, mode, now_ms) {
                return scope;
            }
        }
    }

    /// The scope of a script, which names its keys as it comes to them ([`Keys::hold`]). `None`: another has held it up
    /// for too long.
    pub fn try_open_script(&self, now_ms: u64) -> Option<Keys<'_>> {
        self.take_lane(Patience::UntilHeldUp).map(|lane| Keys::open_lane(self, lane, now_ms))
    }

    /// The same if it need not wait.
    pub fn open_script_now(&self, now_ms: u64) -> Option<Keys<'_>> {
        self.try_take_lane().map(|lane| Keys::open_lane(self, lane, now_ms))
    }

    pub(super) fn open_databases(&self, named: &[u16]) {
        for db in named.iter().filter_map(|db| self.place_of(usize::from(*db))) {
            self.open_database(db);
        }
    }

    fn open_database<'k>(&self, database: &'k OnceLock<Database>) -> &'k Database {
        database.get().unwrap_or_else(|| {
            let _nobody_holds_all = self.opening.lock();
            database.get_or_init(make_database)
        })
    }

    /// The scope of who goes from shard to shard.
    pub fn open_browse(&self, now_ms: u64) -> Keys<'_> {
        loop {
            if let Some(scope) = self.try_open_browse(now_ms) {
                return scope;
            }
        }
    }

    /// The same of a command, which may ask the engine too. `None`: a script has held it up for too long.
    pub fn try_open_browse(&self, now_ms: u64) -> Option<Keys<'_>> {
        Keys::open_browse(self, now_ms)
    }

    /// Numbers for INFO. Looks at every shard, not at every key.
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

    /// How many tokens of ONCE there are. Looks at every shard.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.shards_in_use(TOKENS).iter().map(|shard| shard.read().visible() as u64).sum()
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
            stats.keys += shard.visible();
            stats.with_deadline += shard.with_deadline();
            if sampled < SAMPLE as u64 && shard.with_deadline() > 0 {
                let ends = |entry: &Entry| entry.ends_ms != NEVER_DUE && entry.flags.has(VISIBLE);
                for entry in shard.iter().filter(|entry| ends(entry)).take(8) {
                    sampled += 1;
                    ttl_sum_ms = ttl_sum_ms.saturating_add(entry.ends_ms.saturating_sub(now_ms));
                }
            }
        }
        stats.average_ttl_ms = ttl_sum_ms.checked_div(sampled).unwrap_or_default();
        stats
    }

    /// The number of a lock: they are taken in rising order.
    pub(super) fn lock_of(&self, key: KeyRef<'_>) -> u32 {
        let shard = (key.hash >> SHARD_SHIFT) as usize % SHARDS;
        u32::from(key.db) * SHARDS as u32 + shard as u32
    }

    pub(super) fn shard(&self, lock: u32) -> &RwLock<Shard> {
        let (db, shard) = (lock as usize / SHARDS, lock as usize % SHARDS);
        if db == usize::from(TOKENS) {
            return &self.open_database(&self.tokens).shards[shard];
        }
        // An unknown database is refused by SELECT, MOVE, COPY and SWAPDB; a last one is always there.
        let db = db.min(self.databases.len() - 1);
        &self.open_database(&self.databases[db]).shards[shard]
    }

    /// A database, if it was ever written.
    pub(super) fn database(&self, db: usize) -> Option<&Database> {
        self.place_of(db).and_then(OnceLock::get)
    }

    fn place_of(&self, db: usize) -> Option<&OnceLock<Database>> {
        let tokens = (db == usize::from(TOKENS)).then_some(&self.tokens);
        self.databases.get(db).or(tokens)
    }

    /// The databases that were ever written.
    pub(super) fn all_databases(&self) -> impl Iterator<Item = (u16, &Database)> {
        let numbered = (0u16..).zip(&self.databases).chain([(TOKENS, &self.tokens)]);
        numbered.filter_map(|(db, database)| Some((db, database.get()?)))
    }

    /// The shards of a database, none if it was never written.
    pub(super) fn shards_in_use(&self, db: u16) -> &[CachePadded<RwLock<Shard>>] {
        self.database(usize::from(db)).map_or(&[], |database| &database.shards)
    }

    /// The locks of all databases that are in use, in order.
    pub(super) fn locks_in_use(&self) -> impl Iterator<Item = u32> {
        let all = |db: u16| (0..SHARDS as u32).map(move |shard| lock_number(db, shard));
        self.all_databases().flat_map(move |(db, _)| all(db))
    }

    /// Tenths of a second: the clock of IDLETIME and eviction. It began long before the start, for RESTORE
    /// may say that a key has been idle since then.
    pub(super) fn tenths(&self, now_ms: u64) -> u32 {
        let since_start =
            (u64::from(START_TENTHS) * 100).saturating_add(now_ms).saturating_sub(self.started_ms);
        u32::try_from(since_start / 100).unwrap_or(u32::MAX)
    }
}

/// The number of the lock of a shard.
pub(super) fn lock_number(db: u16, shard: u32) -> u32 {
    u32::from(db) * SHARDS as u32 + shard
}

/// The database that a lock is of.
pub(super) fn db_of(lock: u32) -> u16 {
    (lock as usize / SHARDS) as u16
}

fn make_database() -> Database {
    Database {
        shards: (0..SHARDS).map(|_| CachePadded::new(RwLock::new(Shard::default()))).collect(),
        dirty: DirtyShards::default(),
        digests: SlotDigests::default(),
    }
}

fn pack(replica: Replica) -> u64 {
    u64::from(replica.node) << 32 | u64::from(replica.epoch)
}
