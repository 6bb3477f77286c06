//! What its keeper has to know of a set's tombstones.

use super::{Collection, Value};
use crate::crdt::Tombstones;
use xxhash_rust::xxh3::Xxh3Default;

impl<V: Value> Collection<V> {
    /// Whether it holds removed or expired members.
    #[must_use]
    pub fn has_graves(&self) -> bool {
        !self.graves.is_empty()
    }

    /// A number that is another one whenever something else is forgotten, 0 for nothing; graves are left
    /// out. An empty set counts as forgotten: it is there to be collected.
    #[must_use]
    pub fn tombstones_mark(&self) -> u64 {
        let scars = self.tracking.as_ref().map_or(0, |tracking| tracking.scar_digest());
        if self.forgotten.is_empty() && !self.has_scars() && !self.members.is_empty() {
            return 0;
        }
        let mut hasher = Xxh3Default::new();
        hasher.update(&[u8::from(self.members.is_empty())]);
        hasher.update(&scars.to_le_bytes());
        for (replica, upto) in self.forgotten.iter() {
            hasher.update(&replica.node.to_le_bytes());
            hasher.update(&replica.epoch.to_le_bytes());
            hasher.update(&upto.0.to_le_bytes());
        }
        hasher.digest().max(1)
    }

    /// Has all of it told when a part is next taken: nobody has been told any of it.
    pub(in crate::crdt) fn tell_all(&mut self, tombstones: Tombstones) {
        self.track(tombstones);
        if let Some(tracking) = &mut self.tracking {
            tracking.note_all();
        }
    }
}
