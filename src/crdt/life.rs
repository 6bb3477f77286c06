//! One life of a key: what was written to it between two expiries.

use super::{Counter, DeadlineRegister, Generation, Set, Tombstones};
use crate::base::{Stamp, Tag};

/// The type of a key that a user sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    String,
    Set,
}

/// A life: a deadline and the product of all types.
///
/// The deadline covers everything in the life, increments included that came from nodes which had
/// not heard of it. What is written after the deadline belongs to another life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    pub(super) id: Tag,
    pub(super) deadline: DeadlineRegister,
    pub(super) counter: Counter,
    pub(super) set: Option<Box<Set>>,
}

impl Life {
    #[must_use]
    pub fn new(id: Tag) -> Life {
        Life { id, deadline: DeadlineRegister::default(), counter: Counter::default(), set: None }
    }

    /// The tag of the deadline that ended the life before it; `Tag::NEVER` for the first.
    #[must_use]
    pub fn id(&self) -> Tag {
        self.id
    }

    #[must_use]
    pub fn deadline(&self) -> &DeadlineRegister {
        &self.deadline
    }

    #[must_use]
    pub fn counter(&self) -> &Counter {
        &self.counter
    }

    #[must_use]
    pub fn set(&self) -> Option<&Set> {
        self.set.as_deref()
    }

    #[must_use]
    pub fn is_past(&self, now_ms: u64) -> bool {
        self.deadline.is_past(now_ms)
    }

    /// The living types, each with when the key last became that type.
    pub(super) fn living(&self) -> impl Iterator<Item = (Stamp, Kind)> {
        let string = self.counter.is_living().then(|| (self.counter.born(), Kind::String));
        let set = self.set.as_ref().filter(|set| !set.is_empty()).map(|s| (s.born(), Kind::Set));
        string.into_iter().chain(set)
    }

    /// Forgets what is seen here, of every type.
    pub(super) fn forget(&mut self, tombstones: Tombstones) {
        self.counter.forget(tombstones);
        if let Some(set) = &mut self.set {
            set.forget(tombstones);
        }
    }

    /// False when `other` does not follow on what is known here.
    pub(super) fn merge(&mut self, other: &Life, tombstones: Tombstones) -> bool {
        self.deadline.merge(&other.deadline);
        self.counter.merge(&other.counter, tombstones);
        match &other.set {
            Some(theirs) => self.set.get_or_insert_default().merge(theirs, tombstones),
            None => true,
        }
    }

    pub(super) fn is_living(&self) -> bool {
        self.counter.is_living() || self.set.as_ref().is_some_and(|set| !set.is_empty())
    }

    /// Whether it holds anything that [`Life::collect`] could drop, if only itself.
    pub(super) fn has_tombstones(&self, now_ms: u64) -> bool {
        self.counter.has_tombstones()
            || self.set.as_ref().is_some_and(|set| set.has_tombstones() || set.is_blank())
            || !(self.is_living() || self.is_to_end(now_ms))
    }

    /// Whether its deadline is still to come.
    pub(super) fn is_to_end(&self, now_ms: u64) -> bool {
        self.deadline.at_ms().is_some_and(|at_ms| at_ms > now_ms)
    }

    /// A number that is another one whenever something else of it is forgotten; 0 when nothing is, and
    /// it lives. Graves are left out.
    pub(super) fn tombstones_mark(&self) -> u64 {
        let set = self.set.as_ref().map_or(0, |set| set.tombstones_mark());
        let mark = self.counter.tombstones_mark() ^ set.rotate_left(1);
        if self.is_living() { mark } else { mark | 1 }
    }

    /// Drops graves and folds fresh cells up to a generation, and, if all of the `whole` key is confirmed, all that is
    /// forgotten; false when nothing is left then.
    pub(super) fn collect(&mut self, upto: Generation, whole: bool) -> bool {
        if let Some(set) = &mut self.set {
            set.collect(upto, whole);
        }
        self.counter.collect(upto, whole);
        if !whole {
            return true;
        }
        self.set.take_if(|set| set.is_blank());
        self.counter.is_living() || self.set.is_some()
    }

    pub(super) fn max_stamp(&self) -> Stamp {
        let set = self.set.as_ref().map_or(Stamp::NEVER, |set| set.max_stamp());
        let own = self.id.stamp.max(self.deadline.tag().stamp);
        own.max(self.counter.max_stamp()).max(set)
    }
}
