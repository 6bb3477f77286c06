//! Merging what another replica says of a key, and telling it ours.

use super::entry::Entry;
use super::shard::Before;
use super::{KeyRef, Keys};
use crate::crdt::{Key, Tombstones};

impl Keys<'_> {
    /// The whole state of a key, as a peer would be told it; `None`: nothing is known of it.
    #[must_use]
    pub fn state(&mut self, key: KeyRef<'_>) -> Option<Key> {
        let me = self.keyspace.me;
        self.shard_mut(key).find(key.hash, key.name).map(|entry| entry.to_key(me))
    }

    /// Merges another replica's state of a key into this one's.
    pub fn merge(&mut self, key: KeyRef<'_>, theirs: &Key) {
        let (keyspace, now_ms) = (self.keyspace, self.now_ms);
        keyspace.clock.observe(theirs.max_stamp());
        let me = keyspace.me;
        let shard = self.shard_mut(key);
        if shard.find(key.hash, key.name).is_none() {
            shard.insert(key.hash, Box::new(Entry::empty(key.name)));
        }
        let Some(entry) = shard.find_mut(key.hash, key.name) else { return };
        let before = Before::of(entry);
        let mut whole = entry.to_key(me);
        whole.merge(theirs, keyspace.tombstones);
        whole.settle(now_ms, keyspace.tombstones);
        if keyspace.tombstones == Tombstones::Drop {
            whole.collect_all(now_ms);
        }
        entry.set_key(whole, me, now_ms);
        let gone = keyspace.tombstones == Tombstones::Drop && entry.kind(now_ms).is_none();
        let after = Before::of(entry);
        shard.note_change(key.hash, before, after, now_ms);
        if gone {
            shard.remove(key.hash, key.name);
        }
    }
}
