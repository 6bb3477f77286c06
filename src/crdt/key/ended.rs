//! What its keeper has to know of a key's tombstones.

use super::Key;
use crate::base::Tag;
use crate::crdt::{Life, Tombstones};
use xxhash_rust::xxh3::Xxh3Default;

impl Key {
    /// A number that is another one whenever something else is forgotten or past; 0 when nothing is.
    /// Graves of members are left out: they are noted one by one ([`Key::has_graves`]).
    #[must_use]
    pub fn tombstones_mark(&self, now_ms: u64) -> u64 {
        let mut hasher = Xxh3Default::new();
        let mut any = false;
        for life in &self.lives {
            let mark = match life.is_past(now_ms) {
                true => mark_of(life.deadline.tag()),
                false => life.tombstones_mark(),
            };
            any |= mark != 0;
            hasher.update(&life.id.stamp.0.to_le_bytes());
            hasher.update(&mark.to_le_bytes());
        }
        if any { hasher.digest().max(1) } else { 0 }
    }

    /// Whether any collection holds removed or expired members, or an overlay cells that are to become plain.
    #[must_use]
    pub fn has_graves(&self) -> bool {
        let mut members = self.lives.iter().flat_map(|life| life.collections.each());
        members.any(|(_, members)| members.has_graves())
            || self.lives.iter().any(|life| life.counter.has_fresh_cells())
    }

    /// Drops the lives that `is_done` takes.
    pub fn drop_lives(&mut self, is_done: impl Fn(&Life) -> bool) {
        self.lives.retain(|life| !is_done(life));
    }

    /// Has all of it told when a part is next taken: nobody has been told any of it.
    pub fn tell_all(&mut self, tombstones: Tombstones) {
        self.lives.iter_mut().for_each(|life| life.counter.tell_all_overlays());
        let members = self.lives.iter_mut().flat_map(|life| life.collections.each_mut());
        members.for_each(|members| members.tell_all(tombstones));
    }
}

/// Another number for another tag, and never 0.
fn mark_of(tag: Tag) -> u64 {
    let mut hasher = Xxh3Default::new();
    hasher.update(&tag.stamp.0.to_le_bytes());
    hasher.update(&tag.replica.node.to_le_bytes());
    hasher.update(&tag.replica.epoch.to_le_bytes());
    hasher.digest().max(1)
}
