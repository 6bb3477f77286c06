//! Becoming another replica.

use super::entry::State;
use super::keyspace::Keyspace;
use super::reaper::Garbage;
use super::{KeyRef, Keys, Mode};
use crate::base::{Name, Replica};
use crate::crdt::Key;

impl Keyspace {
    /// Drops everything and goes on as replica `me`, with these states as its first writes.
    pub fn reincarnate(&self, me: Replica, now_ms: u64, keep: &[(u16, Name, Key)]) {
        let named: Vec<u16> = keep.iter().map(|(db, _, _)| *db).collect();
        let mut scope = self.open_whole(&named, Mode::Exclusive, now_ms);
        scope.drop_all();
        self.set_me(me);
        for (db, name, state) in keep {
            scope.issue(KeyRef::new(*db, name), state);
        }
    }
}

impl Keys<'_> {
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
