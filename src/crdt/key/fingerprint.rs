//! A hash of what lives in a key, by which two nodes find out whether they differ.

use super::Key;
use crate::base::Tag;
use crate::crdt::collections::mark_of;
use crate::crdt::living::Living;
use crate::crdt::{Collection, DeadlineRegister, Value};
use xxhash_rust::xxh3::xxh3_64;

impl Key {
    /// A hash of the name and of what lives; 0 when nothing does, and never 0 otherwise. Stable
    /// between processes. Settle the key first.
    ///
    /// What is forgotten or past is left out: what one node has collected and another not yet is no
    /// difference.
    #[must_use]
    pub fn fingerprint(&self, name: &[u8], now_ms: u64) -> u64 {
        let mut living = Living::new();
        for life in self.present(now_ms).filter(|life| life.is_living()) {
            living.life(life.id, &life.deadline);
            if life.counter.is_living() {
                living.counter(&life.counter);
            }
            life.collections.each().for_each(|(kind, members)| {
                if !members.is_empty() {
                    living.collection(mark_of(kind), members.born(), members.digest());
                }
            });
        }
        hash(&living, name)
    }
}

impl<V: Value> Collection<V> {
    /// The fingerprint of a key whose first life holds this and nothing else.
    #[must_use]
    pub fn fingerprint(&self, ends: &DeadlineRegister, name: &[u8], now_ms: u64) -> u64 {
        let mut living = Living::new();
        if !self.is_empty() && !ends.is_past(now_ms) {
            living.life(Tag::NEVER, ends);
            living.collection(mark_of(V::KIND), self.born(), self.digest());
        }
        hash(&living, name)
    }
}

fn hash(living: &Living, name: &[u8]) -> u64 {
    match living.is_empty() {
        true => 0,
        false => living.hash(xxh3_64(name)).max(1),
    }
}
