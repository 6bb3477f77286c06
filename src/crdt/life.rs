//! One life of a key: what was written to it between two expiries.

use super::{
    Collection, Collections, Counter, DeadlineRegister, Generation, Set, Tombstones, Value,
};
use crate::base::{Stamp, Tag};

/// The type of a key that a user sees.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum Kind {
    String,
    Set,
    Hash,
    SortedSet,
    List,
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
    pub(super) collections: Collections,
}

impl Life {
    #[must_use]
    pub fn new(id: Tag) -> Life {
        let (deadline, counter) = (DeadlineRegister::default(), Counter::default());
        Life { id, deadline, counter, collections: Collections::default() }
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
    pub fn collections(&self) -> &Collections {
        &self.collections
    }

    #[must_use]
    pub fn set(&self) -> Option<&Set> {
        self.members()
    }

    /// The members of a type, if it ever had any.
    #[must_use]
    pub fn members<V: Value>(&self) -> Option<&Collection<V>> {
        self.collections.get()
    }

    #[must_use]
    pub fn is_past(&self, now_ms: u64) -> bool {
        self.deadline.is_past(now_ms)
    }

    /// The living types, each with when the key last became that type.
    pub(super) fn living(&self) -> impl Iterator<Item = (Stamp, Kind)> {
        let string = self.counter.is_living().then(|| (self.counter.born(), Kind::String));
        let living = self.collections.each().filter(|(_, members)| !members.is_empty());
        string.into_iter().chain(living.map(|(kind, members)| (members.born(), kind)))
    }

    /// Forgets what is seen here, of every type.
    pub(super) fn forget(&mut self, tombstones: Tombstones) {
        self.counter.forget_with_cells(tombstones);
        self.collections.each_mut().for_each(|members| members.forget(tombstones));
    }

    /// False when `other` does not follow on what is known here.
    pub(super) fn merge(&mut self, other: &Life, tombstones: Tombstones) -> bool {
        self.deadline.merge(&other.deadline);
        self.counter.merge_with_cells(&other.counter, tombstones);
        self.collections.merge(&other.collections, tombstones)
    }

    pub(super) fn is_living(&self) -> bool {
        self.counter.is_living() || self.collections.each().any(|(_, members)| !members.is_empty())
    }

    /// Whether it holds anything that [`Life::collect`] could drop, if only itself.
    pub(super) fn has_tombstones(&self, now_ms: u64) -> bool {
        self.counter.has_tombstones()
            || self
                .collections
                .each()
                .any(|(_, members)| members.has_tombstones() || members.is_blank())
            || !(self.is_living() || self.is_to_end(now_ms))
    }

    /// Whether its deadline is still to come.
    pub(super) fn is_to_end(&self, now_ms: u64) -> bool {
        self.deadline.at_ms().is_some_and(|at_ms| at_ms > now_ms)
    }

    /// A number that is another one whenever something else of it is forgotten; 0 when nothing is, and
    /// it lives. Graves are left out.
    pub(super) fn tombstones_mark(&self) -> u64 {
        let marks = self
            .collections
            .each()
            .map(|(kind, members)| members.tombstones_mark().rotate_left(kind as u32));
        let mark = marks.fold(self.counter.tombstones_mark(), |all, mark| all ^ mark);
        if self.is_living() { mark } else { mark | 1 }
    }

    /// Drops graves and makes fresh cells plain up to a generation, and, if all of the `whole` key is
    /// confirmed, drops all that is forgotten; false when nothing is left then.
    pub(super) fn collect(&mut self, upto: Generation, whole: bool) -> bool {
        self.collections.each_mut().for_each(|members| members.collect(upto, whole));
        self.counter.collect_with_cells(upto, whole);
        if !whole {
            return true;
        }
        self.collections.drop_blank();
        self.counter.is_living() || self.collections != Collections::default()
    }

    pub(super) fn max_stamp(&self) -> Stamp {
        let members = self.collections.each().map(|(_, members)| members.max_stamp()).max();
        let own = self.id.stamp.max(self.deadline.tag().stamp);
        own.max(self.counter.max_stamp()).max(members.unwrap_or_default())
    }
}
