//! What a member carries besides that it is in.

use super::Collection;
use crate::base::codec::Malformed;
use crate::base::{Name, Replica, Stamp};
use crate::crdt::wire::{Decoder, Encoder};
use crate::crdt::{Collections, Key, Kind, Own, Write};
use std::fmt::Debug;

/// What a member of a [`Collection`] carries: nothing in a set, a counter in a hash.
///
/// A state that merges, whose every change goes with a new dot of the writer: so that others miss it, if it
/// is missed, with that dot. What is dead of it is told and dropped as what is dead of a counter.
pub trait Value: Clone + Debug + Default + PartialEq + Eq + Sized + Send + Sync + 'static {
    /// The type of a key that holds such members.
    const KIND: Kind;

    /// Whether there is anything to forget in it: then what is deleted is forgotten member by member. Stamps
    /// of a whole collection would hide a dot, but leave what its writer had counted before.
    const COUNTS: bool = true;

    /// Where the members stand that are in, by their values.
    type Index: Index<Self>;

    /// Where a life holds its collection of these.
    fn among(collections: &Collections) -> &Option<Box<Collection<Self>>>;

    fn among_mut(collections: &mut Collections) -> &mut Option<Box<Collection<Self>>>;

    /// Whether there is anything to see: a member without is not in.
    fn is_living(&self) -> bool;

    fn is_blank(&self) -> bool;

    /// Forgets what is seen here.
    fn forget(&mut self);

    fn merge(&mut self, other: &Self);

    /// Drops what is of no use once no dot of the member lives.
    fn bury(&mut self) {}

    /// Drops what is forgotten. Sound only once nothing can bring it back.
    fn collect(&mut self);

    /// A number that is another one whenever something else of what [`Value::collect`] could drop is
    /// forgotten; 0 for nothing.
    fn tombstones_mark(&self) -> u64;

    /// Only what is forgotten.
    #[must_use]
    fn tombstones_part(&self) -> Self;

    /// A hash of what lives, with a seed. Stable between processes.
    fn digest(&self, seed: u64) -> u64;

    /// The latest stamp in it.
    fn max_stamp(&self) -> Stamp;

    /// What `me` alone has contributed.
    fn own(&self, me: Replica) -> Own;

    /// What `lost` contributed beyond `before` and `known` and wrote after the stamp `since`, as the words of
    /// `new`.
    #[must_use]
    fn reissue(
        &self,
        lost: Replica,
        before: Option<&Own>,
        since: Stamp,
        new: Replica,
        known: Option<&Self>,
    ) -> Self;

    /// Whether a replica has left anything in it.
    fn mentions(&self, replica: Replica) -> bool;

    /// Whether it has counts of `me` that `known` lacks.
    fn exceeds(&self, me: Replica, known: Option<&Self>) -> bool;

    /// Bytes of heap beyond the value itself.
    fn heap_bytes(&self) -> usize;

    fn encode(&self, out: &mut Encoder);

    /// # Errors
    /// Nothing that [`Value::encode`] wrote.
    fn decode(from: &mut Decoder<'_>) -> Result<Self, Malformed>;
}

/// A value of which a collection can hold what is visible of several.
pub trait Joinable: Value {
    /// What is visible of the lives of a key that are not past, as one, written by `write`.
    fn joined(key: &Key, write: &Write) -> Box<Collection<Self>>;
}

/// The members that are in, in an order of their values.
pub trait Index<V>: Clone + Debug + Default + Send + Sync {
    /// A member is in from now on, with this value.
    fn enter(&mut self, name: &Name, value: &V);

    /// It is not any more, or with another value.
    fn leave(&mut self, name: &Name, value: &V);

    /// Bytes of heap that it takes.
    fn heap_bytes(&self) -> usize;
}

/// No order.
impl<V> Index<V> for () {
    fn enter(&mut self, _: &Name, _: &V) {}

    fn leave(&mut self, _: &Name, _: &V) {}

    fn heap_bytes(&self) -> usize {
        0
    }
}
