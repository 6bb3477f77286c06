//! Becoming another replica.

use super::entry::State;
use super::flags::{DIRTY, GROUPED};
use super::keyspace::{Keyspace, db_of};
use super::reaper::Garbage;
use super::{KeyRef, Keys};
use crate::base::{Name, Replica, Stamp};
use crate::crdt::{Key, Own};
use parking_lot::MutexGuard;

/// A key that changed since the last drain.
#[derive(Clone, Debug)]
pub struct Undrained {
    pub db: u16,
    pub name: Name,
    /// What this replica had counted on the key by the last drain.
    pub own_before: Own,
    /// Not before any stamp that it wrote on the key by then, and before all that it wrote later.
    pub since: Stamp,
}

impl Keyspace {
    /// Drops everything and goes on as replica `me`, with the states that `keep` returns as its first
    /// writes, each of a database that is in use.
    ///
    /// Nobody writes from before `keep` looks until all is done: what it does not see comes later, and
    /// is of replica `me`.
    pub fn reincarnate(
        &self,
        me: Replica,
        now_ms: u64,
        keep: impl FnOnce(&mut Keys<'_>) -> Vec<(u16, Name, Key)>,
    ) {
        let none_under_way = self.grouping.write();
        let (mut scope, opening) = self.hold_all(now_ms);
        let kept = keep(&mut scope);
        scope.drop_all();
        self.set_me(me);
        for (db, name, state) in &kept {
            scope.issue(KeyRef::new(*db, name), state);
        }
        // The scope is last: it frees what was dropped when all locks are given back.
        drop((opening, none_under_way));
    }

    /// Goes on as replica `me`, with the states as they are. Nobody else writes meanwhile.
    pub fn rewrite_as(&self, me: Replica, now_ms: u64) {
        let before = self.me();
        if before == me {
            return;
        }
        let (mut scope, _opening) = self.hold_all(now_ms);
        self.set_me(me);
        for lock in scope.guards.locks().collect::<Vec<_>>() {
            for entry in scope.shard_by_lock(lock).iter_mut() {
                let key = entry.take_key(before);
                entry.set_key(key, me, now_ms);
            }
        }
    }

    /// All shards, and that no database comes into use.
    fn hold_all(&self, now_ms: u64) -> (Keys<'_>, MutexGuard<'_, ()>) {
        loop {
            let scope = Keys::hold_whole(self, now_ms);
            let opening = self.opening.lock();
            if self.locks_in_use().eq(scope.guards.locks()) {
                return (scope, opening);
            }
        }
    }
}

impl Keys<'_> {
    /// Takes the notes of what changed since the last drain, of a scope that holds everything.
    pub fn take_undrained(&mut self) -> Vec<Undrained> {
        let mut undrained = Vec::new();
        for lock in self.guards.locks().collect::<Vec<_>>() {
            let shard = self.shard_by_lock(lock);
            for dirty in shard.take_dirty().each() {
                let Some(entry) = shard.find_dirty(dirty.hash) else { continue };
                entry.flags.lower(DIRTY | GROUPED);
                let (db, name) = (db_of(lock), entry.name.clone());
                let (mut own_before, since) = (dirty.own_before, dirty.since);
                entry.note_befores(&mut own_before);
                undrained.push(Undrained { db, name, own_before, since });
            }
        }
        undrained
    }

    /// The keys that a replica has written to, of a scope that holds everything.
    #[must_use]
    pub fn written_by(&self, replica: Replica) -> Vec<(u16, Name)> {
        let me = self.keyspace.me();
        let mut written = Vec::new();
        for lock in self.guards.locks().collect::<Vec<_>>() {
            self.with_shard(lock, |shard| {
                let mine = shard.iter().filter(|entry| entry.to_key(me).mentions(replica));
                written.extend(mine.map(|entry| (db_of(lock), entry.name.clone())));
            });
        }
        written
    }

    fn drop_all(&mut self) {
        for lock in self.guards.locks().collect::<Vec<_>>() {
            let shard = self.shard_by_lock(lock).take_all();
            self.trash.push(Garbage::Shard(shard));
        }
        self.keyspace.all_databases().for_each(|(_, database)| database.digests.clear());
        self.keyspace.noted.lock().clear();
        self.keyspace.grouped.lock().clear();
    }

    /// Takes over a state as something that this node has to tell its peers.
    fn issue(&mut self, key: KeyRef<'_>, state: &Key) {
        let (keyspace, now_ms) = (self.keyspace, self.now_ms);
        keyspace.observe(state.max_stamp());
        let mut state = state.clone();
        state.tell_all(keyspace.tombstones());
        let mut entry = keyspace.new_entry(key.name, State::whole(Key::default()));
        entry.set_key(state, keyspace.me(), now_ms);
        self.insert(key, Box::new(entry));
    }
}
