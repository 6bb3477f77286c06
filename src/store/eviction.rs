//! Making room: what goes when `maxmemory` is reached. Approximated by sampling, as in Redis.

use super::entry::{Entry, NEVER_DUE};
use super::lanes::Patience;
use super::reaper::Garbage;
use super::shard::Shard;
use super::stats::Counts;
use super::{EventClasses, KeyRef, Keys, Keyspace, Mode, TOKENS};
use crate::base::Name;
use crate::base::Replica;
use crate::config::{Config, MaxmemoryPolicy};
use crate::metrics::memory::used_bytes;
use rand::RngExt;
use rand::seq::IndexedRandom;
use std::sync::atomic::Ordering;

/// A key that may go.
#[derive(Debug)]
struct Candidate {
    db: u16,
    name: Name,
    /// The higher, the sooner it goes.
    rank: u64,
}

fn only_volatile(policy: MaxmemoryPolicy) -> bool {
    use MaxmemoryPolicy::{VolatileLru, VolatileRandom, VolatileTtl};
    matches!(policy, VolatileLru | VolatileRandom | VolatileTtl)
}

/// A millisecond and what may go in it, in one word.
fn moment(policy: MaxmemoryPolicy, now_ms: u64) -> u64 {
    now_ms << 3 | policy as u64
}

/// Shards looked into at random for one candidate; then all are.
const SHARDS_TRIED: usize = 256;
/// Keys that one command evicts at most: more would hold up whoever waits for its thread.
const EVICTIONS_A_STEP: usize = 64;

/// What a name takes on its way to the log, beside its bytes: in a list, then in a longer one, each with some room.
const EVICTED_BYTES: u64 = 3 * size_of::<(u16, Name)>() as u64;

/// What [`Keyspace::make_room`] has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// No more than `maxmemory` is used.
    Enough,
    /// More is used, and more could be evicted: go on.
    Unfinished,
    /// More is used, and nothing may go.
    Exhausted,
}

impl Keyspace {
    /// Evicts keys until no more than `maxmemory` is used, or 64 are gone. The caller holds no scope.
    ///
    /// `is_needed`: the caller has to know. Who has not, as a read, may be told again what another was
    /// told in the same millisecond: to find that nothing may go takes a look at every shard.
    ///
    /// `uncounted_bytes`: what waits to be written to disk. Evicting does not make it less.
    pub fn make_room(
        &self,
        config: &Config,
        uncounted_bytes: u64,
        now_ms: u64,
        is_needed: bool,
    ) -> Room {
        let samples = config.maxmemory_samples as usize;
        // With peers, what is deleted is deleted on all nodes, and takes memory until all have confirmed it:
        // evicting until there is room would evict everything.
        let policy = match config.cluster_port {
            0 => config.maxmemory_policy,
            _ => MaxmemoryPolicy::NoEviction,
        };
        let limit_bytes = config.maxmemory_bytes.saturating_add(uncounted_bytes);
        for _ in 0..EVICTIONS_A_STEP {
            if used_bytes() <= limit_bytes {
                return Room::Enough;
            }
            let now = moment(policy, now_ms);
            if !is_needed && self.exhausted_at.load(Ordering::Relaxed) == now {
                return Room::Exhausted;
            }
            if !self.evict(policy, samples, now_ms) {
                self.exhausted_at.store(now, Ordering::Relaxed);
                return Room::Exhausted;
            }
        }
        Room::Unfinished
    }

    /// Evicts one key by `policy`, the best of `samples` new ones and of those that were next best
    /// before; false when none may go. The caller holds no scope.
    pub fn evict(&self, policy: MaxmemoryPolicy, samples: usize, now_ms: u64) -> bool {
        if policy == MaxmemoryPolicy::NoEviction {
            return false;
        }
        let choice = Choice { policy, me: self.me(), now_ms, tenths: self.tenths(now_ms) };
        let candidate = {
            let mut pool = self.pool.lock();
            pool.begin(policy);
            self.sample(&choice, samples, &mut pool);
            std::iter::from_fn(|| pool.take_best()).find(|known| self.still_holds(&choice, known))
        };
        let Some(candidate) = candidate.or_else(|| self.search(&choice)) else { return false };
        let key = KeyRef::new(candidate.db, &candidate.name);
        // One that a script holds for too long is left for later.
        let Some(mut keys) = self.try_open_one(key, Mode::Exclusive, now_ms) else { return true };
        if keys.evict(key) {
            keys.notify(EventClasses::EVICTED, "evicted", key);
            Counts::add(&self.counts.evicted_keys, 1);
        }
        true
    }

    /// A token that is gone would let its command run again.
    fn databases_to_evict(&self) -> Vec<u16> {
        self.databases_in_use().into_iter().filter(|db| *db != TOKENS).collect()
    }

    /// Puts keys of random shards into the pool.
    fn sample(&self, choice: &Choice, samples: usize, pool: &mut Pool) {
        let used = self.databases_to_evict();
        let mut rng = rand::rng();
        let mut found = 0;
        for _ in 0..SHARDS_TRIED {
            let Some(db) = used.choose(&mut rng) else { return };
            let shard = self.shards_in_use(*db).choose(&mut rng).and_then(|shard| shard.try_read());
            let Some(shard) = shard else { continue };
            let place = rng.random::<u32>() as usize;
            let Some(seen) = choice.candidate(&shard, place, *db) else { continue };
            pool.put(seen);
            found += 1;
            if found >= samples {
                return;
            }
        }
    }

    /// The best of one key of every shard: few are left that may go.
    fn search(&self, choice: &Choice) -> Option<Candidate> {
        let place = rand::rng().random::<u32>() as usize;
        let of_shards = self.databases_to_evict().into_iter().flat_map(|db| {
            let shards = self.shards_in_use(db).iter();
            let patience = Patience::UntilHeldUp;
            let readable = shards.filter_map(move |shard| self.read_patiently(shard, patience));
            readable.filter_map(move |shard| choice.candidate(&shard, place, db))
        });
        of_shards.max_by_key(|candidate| candidate.rank)
    }

    /// Whether a candidate of before is still there and not a worse one, by being used since.
    fn still_holds(&self, choice: &Choice, candidate: &Candidate) -> bool {
        let key = KeyRef::new(candidate.db, &candidate.name);
        let shard = self.shard(self.lock_of(key)).try_read();
        let entry = shard.as_ref().and_then(|shard| shard.find(key.hash, key.name));
        entry.is_some_and(|entry| choice.may_go(entry) && choice.rank(entry) >= candidate.rank)
    }
}

impl Keys<'_> {
    /// Removes a key, at once and with all that is known of it, where nobody but a log could ever tell of it again.
    fn evict(&mut self, key: KeyRef<'_>) -> bool {
        if !self.keyspace.keeps() || self.keyspace.tells_peers() {
            return self.delete(key);
        }
        let (me, now_ms) = (self.keyspace.me(), self.now_ms);
        let shard = self.shard_mut(key);
        let Some(entry) = shard.remove(key.hash, key.name) else { return false };
        shard.evicted.push(entry.name.clone());
        let bytes = EVICTED_BYTES + entry.name.len() as u64;
        self.keyspace.evicted_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.keyspace.raise_dirty(self.keyspace.lock_of(key));
        let visible = entry.seen(me, now_ms).is_some();
        self.tell_watchers(key);
        self.trash.push(Garbage::Entry(entry));
        visible
    }
}

impl Keyspace {
    /// The keys that were evicted. Of each, what the drains told before is gone, and what they tell from now on,
    /// the last one included, is of a key that was made anew.
    pub fn take_evicted(&self) -> Vec<(u16, Name)> {
        let evicted = std::mem::take(&mut *self.evicted.lock());
        let bytes: u64 = evicted.iter().map(|(_, name)| EVICTED_BYTES + name.len() as u64).sum();
        self.evicted_bytes.fetch_sub(bytes, Ordering::Relaxed);
        evicted
    }

    /// Bytes of memory that the names of evicted keys take, until the log is told of them.
    #[must_use]
    pub fn evicted_bytes(&self) -> u64 {
        self.evicted_bytes.load(Ordering::Relaxed)
    }

    /// Removes a key that was evicted, with all that is known of it.
    pub fn forget(&self, db: u16, name: &[u8]) {
        let key = KeyRef::new(db, name);
        self.shard(self.lock_of(key)).write().remove(key.hash, name);
    }
}

/// By what a key is chosen.
struct Choice {
    policy: MaxmemoryPolicy,
    me: Replica,
    now_ms: u64,
    tenths: u32,
}

impl Choice {
    /// The first key of a shard at or behind `place` that may go.
    fn candidate(&self, shard: &Shard, place: usize, db: u16) -> Option<Candidate> {
        if only_volatile(self.policy) && shard.with_deadline() == 0 {
            return None;
        }
        let entry = shard.sample(place, |entry| self.may_go(entry))?;
        Some(Candidate { db, name: entry.name.clone(), rank: self.rank(entry) })
    }

    fn may_go(&self, entry: &Entry) -> bool {
        (!only_volatile(self.policy) || entry.ends_ms != NEVER_DUE)
            && entry.seen(self.me, self.now_ms).is_some()
    }

    fn rank(&self, entry: &Entry) -> u64 {
        match self.policy {
            MaxmemoryPolicy::VolatileTtl => u64::MAX - entry.ends_ms,
            MaxmemoryPolicy::AllkeysLru | MaxmemoryPolicy::VolatileLru => {
                u64::from(entry.idle_tenths(self.tenths))
            }
            _ => 0,
        }
    }
}

/// The best candidates that samples have shown so far, as in Redis: the few of one sample are a
/// poor choice, but the best of many samples are nearly the best of all.
#[derive(Debug, Default)]
pub(super) struct Pool {
    policy: Option<MaxmemoryPolicy>,
    /// The best one last.
    candidates: Vec<Candidate>,
}

impl Pool {
    /// As many as Redis keeps.
    const SIZE: usize = 16;

    /// What was good by another policy is forgotten.
    fn begin(&mut self, policy: MaxmemoryPolicy) {
        if self.policy.replace(policy) != Some(policy) {
            self.candidates.clear();
        }
    }

    fn put(&mut self, seen: Candidate) {
        self.candidates.retain(|known| (known.db, &known.name) != (seen.db, &seen.name));
        let at = self.candidates.partition_point(|known| known.rank <= seen.rank);
        self.candidates.insert(at, seen);
        if self.candidates.len() > Pool::SIZE {
            self.candidates.remove(0);
        }
    }

    fn take_best(&mut self) -> Option<Candidate> {
        self.candidates.pop()
    }
}
