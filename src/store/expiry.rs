//! Active expiry: reclaims what nobody asks for any more.
//!
//! Deadlines live in the entries; each shard's agenda promises to come up no later than the first of
//! them. A heartbeat only stores a new deadline. Reads never see what has expired, so this is about
//! memory and about keys that nobody reads.

use super::entry::Entry;
use super::flags::{DIRTY, PAST};
use super::keyspace::db_of;
use super::shard::{Account, Shard};
use super::stats::Counts;
use super::{EventClasses, KeyRef, Keyspace, Kind};
use std::sync::atomic::{AtomicU32, Ordering};

/// Where the last tick stopped, so that a budget that runs out is fair to all shards.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    next: AtomicU32,
}

/// How many entries and members are looked at before a shard's lock is given back.
const BATCH: usize = 64;

impl Keyspace {
    /// Reclaims what is due at `now_ms` (Unix time), looking at about `budget` entries and members, in
    /// steps that hold one shard for about 64 of them. Returns how many it looked at: as many as the
    /// budget, or more, means that there is more to do. While a script runs it does nothing.
    pub fn expire(&self, now_ms: u64, budget: usize) -> usize {
        let Some(_beside_scripts) = self.share_lane_soon() else { return 0 };
        let locks: Vec<u32> = self.locks_in_use().collect();
        if locks.is_empty() {
            return 0;
        }
        let start = self.sweep.next.load(Ordering::Relaxed) as usize % locks.len();
        let mut done = 0;
        for step in 0..locks.len() {
            let at = (start + step) % locks.len();
            done += self.expire_shard(locks[at], now_ms, budget.saturating_sub(done));
            if done >= budget {
                self.sweep.next.store(at as u32, Ordering::Relaxed);
                return done;
            }
        }
        done
    }

    /// Bytes of heap that the agendas of all shards hold.
    #[must_use]
    pub fn agenda_bytes(&self) -> usize {
        self.locks_in_use().map(|lock| self.shard(lock).read().agenda_bytes()).sum()
    }

    pub(super) fn expire_shard(&self, lock: u32, now_ms: u64, budget: usize) -> usize {
        let mut done = 0;
        while done < budget {
            // A peek needs the shard shared only, and most shards have nothing due.
            if self.shard(lock).read().next_due_ms().is_none_or(|due_ms| due_ms > now_ms) {
                break;
            }
            let mut shard = self.shard(lock).write();
            let end = done + BATCH.min(budget - done);
            while done < end {
                let Some(hash) = shard.pop_due(now_ms) else { return done };
                done += self.expire_entry(lock, &mut shard, hash, now_ms, end - done);
            }
        }
        done
    }

    /// Returns how much it looked at: 1, and the members of a set, of which `max` come first.
    fn expire_entry(
        &self,
        lock: u32,
        shard: &mut Shard,
        hash: u64,
        now_ms: u64,
        max: usize,
    ) -> usize {
        let Some((name, due_ms)) = shard.due_of(hash) else { return 1 };
        if due_ms > now_ms {
            shard.note_again(hash, due_ms);
            return 1;
        }
        let key = KeyRef { db: db_of(lock), name: &name, hash };
        let expired = self.settle_with(shard, key, now_ms, |entry| {
            entry.settle_some_members(self.me(), now_ms, self.tombstones(), max)
        });
        let unfinished = shard.find(hash, &name).filter(|entry| entry.has_due_members(now_ms));
        if unfinished.is_none() {
            return 1 + expired;
        }
        // A set with more to be reclaimed comes up again at once.
        shard.note_again(hash, due_ms);
        max
    }

    /// Takes out of sight what has expired of an entry, and removes it if nothing is left of it.
    pub(super) fn settle(&self, shard: &mut Shard, key: KeyRef<'_>, now_ms: u64) {
        self.settle_with(shard, key, now_ms, |entry| {
            entry.settle_members(self.me(), now_ms, self.tombstones())
        });
    }

    /// The same with what is to become of members; returns what it does: how many have expired.
    ///
    /// Expiry is no change that peers are told: they have clocks of their own.
    pub(super) fn settle_with(
        &self,
        shard: &mut Shard,
        key: KeyRef<'_>,
        now_ms: u64,
        settle_members: impl FnOnce(&mut Entry) -> usize,
    ) -> usize {
        let Some(entry) = shard.find_mut(key.hash, key.name) else { return 0 };
        let before = Account::of(entry);
        let (is_past, known_past) = (entry.is_past(now_ms), entry.flags.has(PAST));
        if before.due_ms > now_ms || (is_past && known_past) {
            return 0;
        }
        let kind = self.observed.tells_events().then(|| entry.kind(now_ms)).flatten();
        let expired = if is_past { 0 } else { settle_members(entry) };
        self.account(key.db, entry, &before, now_ms);
        if self.keeps() && !entry.flags.has(DIRTY) {
            self.refresh_digest(key.db, entry, now_ms);
        }
        let gone = entry.kind(now_ms).is_none();
        let after = Account::of(entry);
        shard.note_change(key.hash, before, after, now_ms);
        Counts::add(&self.counts.expired_members, expired);
        Counts::add(&self.counts.expired_keys, usize::from(gone && before.visible));
        let ended = gone && before.visible;
        if expired > 0 || ended {
            self.tell_change(shard, key, 0);
        }
        if gone && !self.keeps() {
            shard.remove(key.hash, key.name);
        }
        self.notify_expired(key, kind.filter(|_| expired > 0), ended);
        expired
    }

    /// `members`: of what some members have expired. `ended`: nothing is seen of the key any more.
    fn notify_expired(&self, key: KeyRef<'_>, members: Option<Kind>, ended: bool) {
        match members {
            Some(Kind::Hash) => self.observed.event(EventClasses::HASH, "hexpired", key),
            Some(_) => self.observed.event(EventClasses::SET, "sexpired", key),
            None => {}
        }
        match (ended, members) {
            (true, Some(_)) => self.observed.event(EventClasses::GENERIC, "del", key),
            (true, None) => self.observed.event(EventClasses::EXPIRED, "expired", key),
            (false, _) => {}
        }
    }
}
