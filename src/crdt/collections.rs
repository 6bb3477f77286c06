//! The collections of a life, of each type one at most.

use super::collection::Value;
use super::living::Mark;
use super::wire::Encoder;
use super::{
    Collection, DeadlineRegister, Generation, Hash, Kind, List, Own, Set, SortedSet, Tombstones,
};
use crate::base::{Replica, Stamp};

/// What collections can do whatever their members carry.
pub trait Members {
    fn kind(&self) -> Kind;
    fn len(&self) -> usize;
    fn born(&self) -> Stamp;
    fn is_empty(&self) -> bool;
    fn is_blank(&self) -> bool;
    fn digest(&self) -> u64;
    fn next_due_ms(&self) -> Option<u64>;
    fn has_graves(&self) -> bool;
    fn has_tombstones(&self) -> bool;
    fn tombstones_mark(&self) -> u64;
    fn mentions(&self, replica: Replica) -> bool;
    fn max_stamp(&self) -> Stamp;
    fn heap_bytes(&self) -> usize;
    /// Whether any member is in then, settled or not.
    fn any_left(&self, now_ms: u64) -> bool;
    fn fingerprint(&self, ends: &DeadlineRegister, name: &[u8], now_ms: u64) -> u64;
    fn settle(&mut self, now_ms: u64, tombstones: Tombstones) -> usize;
    fn settle_some(&mut self, now_ms: u64, tombstones: Tombstones, max: usize) -> usize;
    fn take_part(&mut self, me: Replica) -> Collections;
    fn forget(&mut self, tombstones: Tombstones);
    fn forget_expired(&mut self, upto: Generation, now: Generation) -> bool;
    fn collect(&mut self, upto: Generation, whole: bool);
    fn tell_all(&mut self, tombstones: Tombstones);
    fn note_befores(&self, own: &mut Own);
    fn encode(&self, out: &mut Encoder);
}

impl<V: Value> Members for Collection<V> {
    fn kind(&self) -> Kind {
        V::KIND
    }

    fn len(&self) -> usize {
        Collection::len(self)
    }

    fn born(&self) -> Stamp {
        Collection::born(self)
    }

    fn is_empty(&self) -> bool {
        Collection::is_empty(self)
    }

    fn is_blank(&self) -> bool {
        Collection::is_blank(self)
    }

    fn digest(&self) -> u64 {
        Collection::digest(self)
    }

    fn next_due_ms(&self) -> Option<u64> {
        Collection::next_due_ms(self)
    }

    fn has_graves(&self) -> bool {
        Collection::has_graves(self)
    }

    fn has_tombstones(&self) -> bool {
        Collection::has_tombstones(self)
    }

    fn tombstones_mark(&self) -> u64 {
        Collection::tombstones_mark(self)
    }

    fn mentions(&self, replica: Replica) -> bool {
        Collection::mentions(self, replica)
    }

    fn max_stamp(&self) -> Stamp {
        Collection::max_stamp(self)
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Collection<V>>() + Collection::heap_bytes(self)
    }

    fn any_left(&self, now_ms: u64) -> bool {
        Collection::any_left(self, now_ms)
    }

    fn fingerprint(&self, ends: &DeadlineRegister, name: &[u8], now_ms: u64) -> u64 {
        Collection::fingerprint(self, ends, name, now_ms)
    }

    fn settle_some(&mut self, now_ms: u64, tombstones: Tombstones, max: usize) -> usize {
        Collection::settle_some(self, now_ms, tombstones, max)
    }

    fn take_part(&mut self, me: Replica) -> Collections {
        Box::new(Collection::take_part(self, me)).into()
    }

    fn settle(&mut self, now_ms: u64, tombstones: Tombstones) -> usize {
        Collection::settle(self, now_ms, tombstones)
    }

    fn forget(&mut self, tombstones: Tombstones) {
        Collection::forget(self, tombstones);
    }

    fn forget_expired(&mut self, upto: Generation, now: Generation) -> bool {
        Collection::forget_expired(self, upto, now)
    }

    fn collect(&mut self, upto: Generation, whole: bool) {
        Collection::collect(self, upto, whole);
    }

    fn tell_all(&mut self, tombstones: Tombstones) {
        Collection::tell_all(self, tombstones);
    }

    fn note_befores(&self, own: &mut Own) {
        self.befores().for_each(|(name, before)| own.note_member(V::KIND, name, before));
    }

    fn encode(&self, out: &mut Encoder) {
        Collection::encode(self, out);
    }
}

/// A type that a life is not of has none.
///
/// Another type is a field here, and a line in [`Collections::each`], [`Collections::each_mut`], `of_each!`,
/// `merge`, `reissue` and `is_behind_on`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collections {
    pub(super) set: Option<Box<Set>>,
    pub(super) hash: Option<Box<Hash>>,
    pub(super) sorted: Option<Box<SortedSet>>,
    pub(super) list: Option<Box<List>>,
}

/// Collections made of those of each type that there are.
macro_rules! of_each {
    ($of:expr, $collection:ident => $made:expr) => {
        Collections {
            set: $of.set.map(|$collection| Box::new($made)),
            hash: $of.hash.map(|$collection| Box::new($made)),
            sorted: $of.sorted.map(|$collection| Box::new($made)),
            list: $of.list.map(|$collection| Box::new($made)),
        }
    };
}

/// Those that there are, each alone.
struct Refs<'a> {
    set: Option<&'a Set>,
    hash: Option<&'a Hash>,
    sorted: Option<&'a SortedSet>,
    list: Option<&'a List>,
}

struct Muts<'a> {
    set: Option<&'a mut Set>,
    hash: Option<&'a mut Hash>,
    sorted: Option<&'a mut SortedSet>,
    list: Option<&'a mut List>,
}

impl Collections {
    pub fn each(&self) -> impl Iterator<Item = (Kind, &dyn Members)> {
        fn any<V: Value>(of: &Option<Box<Collection<V>>>) -> Option<(Kind, &dyn Members)> {
            of.as_deref().map(|members| (V::KIND, members as &dyn Members))
        }
        [any(&self.set), any(&self.hash), any(&self.sorted), any(&self.list)].into_iter().flatten()
    }

    pub fn each_mut(&mut self) -> impl Iterator<Item = &mut dyn Members> {
        fn any<V: Value>(of: &mut Option<Box<Collection<V>>>) -> Option<&mut dyn Members> {
            of.as_deref_mut().map(|members| members as &mut dyn Members)
        }
        [any(&mut self.set), any(&mut self.hash), any(&mut self.sorted), any(&mut self.list)]
            .into_iter()
            .flatten()
    }

    /// The only one, if there is just one.
    #[must_use]
    pub fn only(&self) -> Option<&dyn Members> {
        let mut each = self.each();
        each.next().filter(|_| each.next().is_none()).map(|(_, members)| members)
    }

    /// The one of a type, taken out.
    #[must_use]
    pub fn take<V: Value>(&mut self) -> Option<Box<Collection<V>>> {
        V::among_mut(self).take()
    }

    /// The one of a type.
    #[must_use]
    pub fn get<V: Value>(&self) -> Option<&Collection<V>> {
        V::among(self).as_deref()
    }

    pub(super) fn get_mut<V: Value>(&mut self) -> Option<&mut Collection<V>> {
        V::among_mut(self).as_deref_mut()
    }

    /// False when `other` does not follow on what is known here.
    pub(super) fn merge(&mut self, other: &Collections, tombstones: Tombstones) -> bool {
        fn merge<V: Value>(
            mine: &mut Collections,
            theirs: &Collections,
            tombstones: Tombstones,
        ) -> bool {
            theirs.get::<V>().is_none_or(|theirs| {
                V::among_mut(mine).get_or_insert_default().merge(theirs, tombstones)
            })
        }
        let sets = merge::<()>(self, other, tombstones);
        let hashes = merge::<super::Field>(self, other, tombstones);
        let sorted_sets = merge::<super::Score>(self, other, tombstones);
        let lists = merge::<super::Item>(self, other, tombstones);
        sets && hashes && sorted_sets && lists
    }

    /// What the stream of `me` has to be told of each ([`Collection::take_part`]).
    pub(super) fn take_part(&mut self, me: Replica) -> Collections {
        of_each!(self.muts(), members => members.take_part(me))
    }

    pub(super) fn loose(&self) -> Collections {
        of_each!(self.refs(), members => members.loose())
    }

    pub(super) fn tombstones_part(&self) -> Collections {
        of_each!(self.refs(), members => members.tombstones_part()).without_blank()
    }

    /// As [`Collection::reissue`], each by what is known of it.
    pub(super) fn reissue(
        &self,
        lost: Replica,
        before: Option<&Own>,
        since: Stamp,
        new: Replica,
        known: Option<&Collections>,
    ) -> Collections {
        fn again<V: Value>(
            mine: &Collections,
            lost: (Replica, Option<&Own>, Stamp),
            new: Replica,
            known: Option<&Collections>,
        ) -> Option<Box<Collection<V>>> {
            let known = known.and_then(Collections::get::<V>);
            let (lost, before, since) = lost;
            mine.get::<V>().map(|mine| Box::new(mine.reissue(lost, before, since, new, known)))
        }
        let lost = (lost, before, since);
        let again = Collections {
            set: again(self, lost, new, known),
            hash: again(self, lost, new, known),
            sorted: again(self, lost, new, known),
            list: again(self, lost, new, known),
        };
        again.without_blank()
    }

    /// Whether `other` has counts of `me` that these lack.
    pub(super) fn is_behind_on(
        mine: Option<&Collections>,
        me: Replica,
        other: &Collections,
    ) -> bool {
        fn is_behind<V: Value>(
            mine: Option<&Collections>,
            me: Replica,
            other: &Collections,
        ) -> bool {
            let nothing = Collection::default();
            let mine = mine.and_then(Collections::get::<V>).unwrap_or(&nothing);
            other.get::<V>().is_some_and(|theirs| mine.is_behind_on(me, theirs))
        }
        is_behind::<super::Field>(mine, me, other) || is_behind::<super::Score>(mine, me, other)
    }

    /// Drops those of which nothing is known.
    pub(super) fn drop_blank(&mut self) {
        fn drop_blank<V: Value>(of: &mut Option<Box<Collection<V>>>) {
            of.take_if(|members| members.is_blank());
        }
        drop_blank(&mut self.set);
        drop_blank(&mut self.hash);
        drop_blank(&mut self.sorted);
        drop_blank(&mut self.list);
    }

    fn without_blank(mut self) -> Collections {
        self.drop_blank();
        self
    }

    fn refs(&self) -> Refs<'_> {
        let (set, hash) = (self.set.as_deref(), self.hash.as_deref());
        Refs { set, hash, sorted: self.sorted.as_deref(), list: self.list.as_deref() }
    }

    fn muts(&mut self) -> Muts<'_> {
        let (set, hash) = (self.set.as_deref_mut(), self.hash.as_deref_mut());
        let (sorted, list) = (self.sorted.as_deref_mut(), self.list.as_deref_mut());
        Muts { set, hash, sorted, list }
    }
}

impl<V: Value> From<Box<Collection<V>>> for Collections {
    fn from(members: Box<Collection<V>>) -> Collections {
        let mut collections = Collections::default();
        *V::among_mut(&mut collections) = Some(members);
        collections
    }
}

/// How a type's digest is marked among what lives.
pub(super) fn mark_of(kind: Kind) -> Mark {
    match kind {
        Kind::String => Mark::Counter,
        Kind::Set => Mark::Set,
        Kind::Hash => Mark::Hash,
        Kind::SortedSet => Mark::SortedSet,
        Kind::List => Mark::List,
    }
}
