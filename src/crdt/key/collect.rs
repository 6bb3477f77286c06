//! Dropping what is dead and confirmed to be.

use super::Key;
use crate::crdt::{Generation, Life};

impl Key {
    /// Whether it holds anything that [`Key::collect`] could drop.
    #[must_use]
    pub fn has_tombstones(&self, now_ms: u64) -> bool {
        self.lives.iter().any(|life| life.is_past(now_ms) || life.has_tombstones())
    }

    /// Drops what is dead. Sound only once nothing can bring it back (rule G).
    ///
    /// Graves of sets go up to the generation `upto`. If all of the `whole` key is confirmed, because
    /// nothing of it died later, what is forgotten goes too, and the lives that are past. Without that
    /// the newest life stays, whose deadline says which life is next; an older one, which is never
    /// written again, goes when it has been past for `grace_ms`. A deadline that is still to come stays:
    /// others have it too, and whatever is written to its life ends by it.
    pub fn collect(&mut self, now_ms: u64, upto: Generation, whole: bool, grace_ms: u64) {
        let newest = self.lives.last().map(Life::id);
        let is_over = |life: &Life| {
            let is_old = Some(life.id) != newest;
            let grace_is_over = life.is_past(now_ms.saturating_sub(grace_ms));
            life.is_past(now_ms) && (whole || (is_old && grace_is_over))
        };
        let is_to_end = |life: &Life| life.deadline.at_ms().is_some_and(|at_ms| at_ms > now_ms);
        self.lives.retain(|life| !is_over(life) && (life.collect(upto, whole) | is_to_end(life)));
    }

    /// Drops all that is dead, at once: for a node that has no peer and no log.
    pub fn collect_all(&mut self, now_ms: u64) {
        self.collect(now_ms, Generation(u32::MAX), true, 0);
    }
}
