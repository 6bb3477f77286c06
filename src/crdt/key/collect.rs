//! Dropping what is dead and confirmed to be.

use super::Key;
use crate::base::Tag;
#[cfg(doc)]
use crate::crdt::Collection;
use crate::crdt::Generation;

impl Key {
    /// Whether it holds anything that [`Key::collect`] could drop.
    #[must_use]
    pub fn has_tombstones(&self, now_ms: u64) -> bool {
        self.lives.iter().any(|life| life.is_past(now_ms) || life.has_tombstones(now_ms))
    }

    /// Forgets the values of members that have expired up to a generation, before they are dropped; true when
    /// that is to be told ([`Collection::forget_expired`]).
    pub fn forget_expired(&mut self, now_ms: u64, upto: Generation, now: Generation) -> bool {
        let present = self.lives.iter_mut().filter(|life| !life.is_past(now_ms));
        let members = present.flat_map(|life| life.collections.each_mut());
        members.fold(false, |forgot, members| forgot | members.forget_expired(upto, now))
    }

    /// Drops what is dead. Sound only once nothing can bring it back (rule G).
    ///
    /// Graves of members go, and fresh cells become plain, up to the generation `upto`; what is forgotten
    /// goes if all of the `whole` key is
    /// confirmed, because nothing of it died later. Of lives that are past go those whose deadline is
    /// among `ended`, be they the newest, whose deadline says which life is next, or older ones, which
    /// others may still believe to be alive. A deadline that is still to come stays: others have it too,
    /// and whatever is written to its life ends by it.
    pub fn collect(&mut self, now_ms: u64, upto: Generation, whole: bool, ended: &[Tag]) {
        self.lives.retain(|life| match life.is_past(now_ms) {
            true => !ended.contains(&life.deadline.tag()),
            false => life.collect(upto, whole) || life.is_to_end(now_ms),
        });
    }

    /// Drops all that is dead, at once: for a node that has no peer and no log.
    pub fn collect_all(&mut self, now_ms: u64) {
        let upto = Generation(u32::MAX);
        self.lives.retain(|life| !life.is_past(now_ms) && life.collect(upto, true));
        self.lives.iter_mut().for_each(|life| life.counter.bake());
    }
}
