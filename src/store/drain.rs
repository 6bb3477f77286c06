//! Handing what changed here to the stream that peers follow.

use super::entry::{Entry, State};
use super::flags::{DIRTY, GROUPED};
use super::keyspace::{Keyspace, db_of, lock_number};
use super::mark::Dirty;
use super::merge::is_ended;
use super::prefetch::AT_ONCE;
use super::shard::Shard;
use crate::base::{Replica, Stamp};
use crate::crdt::{Key, Own, Told};

/// A key that changed since the last drain.
#[derive(Clone, Debug)]
pub struct Drained<'a> {
    pub db: u16,
    pub name: &'a [u8],
    /// What this replica had counted on the key by the last drain.
    pub own_before: Own,
    /// Not before any stamp that it wrote on the key by then, and before all that it wrote later.
    pub since: Stamp,
    /// What is to be told: whole, but for members, of which it has what this node changed.
    pub state: &'a Key,
}

impl Keyspace {
    /// Hands every key that changed since the last drain to `sink`, each with its shard locked, and
    /// brings their fingerprints up to date. Only one drain runs at a time.
    ///
    /// What one command has changed comes in one drain as a whole: shards are drained one after the
    /// other, and what a command changed in several of them meanwhile is drained again at the end, when
    /// no such command is under way. So a key may come twice; the later state holds the earlier.
    pub fn drain(&self, now_ms: u64, sink: &mut dyn FnMut(Drained<'_>)) {
        self.drain_each(&mut |db, shard, dirty| self.drain_entry(db, shard, dirty, now_ms, sink));
    }

    /// The same for a node that tells nobody but its disk, which is given a key's database, name and state.
    pub fn drain_alone(&self, sink: &mut dyn FnMut(u16, &[u8], &Told<'_>)) {
        self.drain_each(&mut |db, shard, dirty| self.tell_entry(db, shard, &dirty, sink));
    }

    fn drain_each(&self, drain: &mut dyn FnMut(u16, &mut Shard, Dirty)) {
        for (db, database) in self.all_databases() {
            let shards: Vec<usize> = database.dirty.take().collect();
            for shards in shards.chunks(AT_ONCE) {
                self.prefetch_dirty(db, shards);
                for shard in shards {
                    self.drain_shard(lock_number(db, *shard as u32), drain);
                }
            }
        }
        if self.grouped.lock().is_empty() {
            return;
        }
        let _none_under_way = self.grouping.write();
        let grouped = std::mem::take(&mut *self.grouped.lock());
        let mut locks: Vec<u32> = grouped.into_iter().map(|(lock, _)| lock).collect();
        locks.sort_unstable();
        locks.dedup();
        locks.into_iter().for_each(|lock| self.drain_shard(lock, drain));
    }

    fn drain_shard(&self, lock: u32, drain: &mut dyn FnMut(u16, &mut Shard, Dirty)) {
        let db = db_of(lock);
        let mut shard = self.shard(lock).write();
        let evicted = std::mem::take(&mut shard.evicted);
        if !evicted.is_empty() {
            self.evicted.lock().extend(evicted.into_iter().map(|name| (db, name)));
        }
        let dirty = shard.take_dirty();
        for hashes in dirty.hashes().chunks(AT_ONCE) {
            shard.load(hashes);
        }
        for dirty in dirty.each() {
            drain(db, &mut shard, dirty);
        }
    }

    fn tell_entry(
        &self,
        db: u16,
        shard: &mut Shard,
        dirty: &Dirty,
        sink: &mut dyn FnMut(u16, &[u8], &Told<'_>),
    ) {
        let sealed = shard.sealed_of(dirty.hash);
        let Some(entry) = shard.find_dirty(dirty.hash) else { return };
        entry.flags.lower(DIRTY | GROUPED);
        if let Some(plain) = entry.plain(self.me()).filter(|_| sealed.is_empty()) {
            return sink(db, &entry.name, &Told::Plain(plain));
        }
        let mut state = entry.take_part(self.me());
        state.drop_lives(|life| is_ended(&sealed, life));
        if !state.lives().is_empty() {
            sink(db, &entry.name, &Told::Key(Box::new(state)));
        }
    }

    fn drain_entry(
        &self,
        db: u16,
        shard: &mut Shard,
        dirty: Dirty,
        now_ms: u64,
        sink: &mut dyn FnMut(Drained<'_>),
    ) {
        let sealed = shard.sealed_of(dirty.hash);
        let Some(entry) = shard.find_dirty(dirty.hash) else { return };
        entry.flags.lower(DIRTY | GROUPED);
        let mut state = entry.take_part(self.me());
        let Dirty { mut own_before, since, .. } = dirty;
        state.note_befores(&mut own_before);
        if self.tells_peers() {
            let fingerprint = entry.fingerprint_of(&state, self.me(), now_ms);
            self.put_fingerprint(db, entry, fingerprint);
        }
        state.drop_lives(|life| is_ended(&sealed, life));
        if !state.lives().is_empty() {
            sink(Drained { db, name: &entry.name, own_before, since, state: &state });
        }
    }
}

impl Entry {
    /// The fingerprint after `part` was taken: of forms without members the part is the whole.
    fn fingerprint_of(&mut self, part: &Key, me: Replica, now_ms: u64) -> u64 {
        match &self.state {
            State::Count { .. } | State::Based(_) | State::Text { .. } | State::Growing(_) => {
                part.fingerprint(&self.name, now_ms)
            }
            _ => self.fingerprint_now(me, now_ms),
        }
    }

    /// The fingerprint of what is live. Nothing is copied that may be large.
    pub(super) fn fingerprint_now(&mut self, me: Replica, now_ms: u64) -> u64 {
        if self.is_past(now_ms) {
            return 0;
        }
        let ends = self.ends(me);
        if let Some(members) = self.state.members() {
            return members.fingerprint(&ends, &self.name, now_ms);
        }
        match &mut self.state {
            State::Counted(counted) => {
                counted.settle(me);
                counted.whole.key.fingerprint(&self.name, now_ms)
            }
            State::Whole(whole) => whole.key.fingerprint(&self.name, now_ms),
            _ => self.to_key(me).fingerprint(&self.name, now_ms),
        }
    }
}
