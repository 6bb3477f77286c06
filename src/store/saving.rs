//! Reading everything while it changes, for a snapshot.

use super::KeyRef;
use super::keyspace::{Keyspace, SHARDS, lock_number};
use crate::base::{Name, Tag};
use crate::crdt::Key;

/// So many keys are read with their shard held.
const AT_ONCE: usize = 64;

impl Keyspace {
    /// How many parts [`Keyspace::save`] reads a database in.
    #[must_use]
    pub fn parts(&self) -> u32 {
        SHARDS as u32
    }

    /// Reads all keys that a part of a database has now, few at a time, each with its shard held shared:
    /// all that is known of them, and the deadlines of those of their lives that are sealed.
    ///
    /// # Errors
    /// What `sink` returns.
    pub fn save<E>(
        &self,
        db: u16,
        part: u32,
        mut sink: impl FnMut(&Name, &Key, &[Tag]) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(shard) = self.shards_in_use(db).get(part as usize) else { return Ok(()) };
        let names: Vec<Name> = shard.read().iter().map(|entry| entry.name.clone()).collect();
        let mut states = Vec::new();
        for names in names.chunks(AT_ONCE) {
            {
                let shard = self.shard(lock_number(db, part)).read();
                for name in names {
                    let key = KeyRef::new(db, name);
                    // Who is gone by now has gone in what is written down since.
                    let Some(entry) = shard.find(key.hash, name) else { continue };
                    states.push((name, entry.to_key(self.me()), shard.sealed_of(key.hash)));
                }
            }
            for (name, state, sealed) in states.drain(..) {
                sink(name, &state, &sealed)?;
            }
        }
        Ok(())
    }
}
