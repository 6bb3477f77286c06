//! Collections of members that may carry something and may expire: observed-remove, add wins, merged per
//! member.

mod collect;
mod ended;
mod member;
mod merge;
mod part;
mod settle;
mod tracking;
mod upkeep;
mod value;
mod wire;
mod write;

pub use value::{Index, Joinable, Value};

use super::{Generation, ReplicaMap};
use crate::base::agenda::Agenda;
use crate::base::hash::NameHasher;
use crate::base::{Name, Stamp, Tag};
use indexmap::IndexMap;
use member::{DotLife, Member};
use std::collections::BTreeMap;
use tracking::{Chain, Tracking};

/// A collection that has room for no more members than this never shrinks.
const KEPT_MEMBERS: usize = 64;

/// What adding a member does with its deadline (Unix ms).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberDeadline {
    /// A member that is in keeps what it has, a new one gets none (SADD).
    Keep,
    /// In or new, the member gets this (SADDEX).
    Set(Option<u64>),
    /// A member that is in keeps what it has, a new one gets this (SADDEX KEEPTTL).
    IfNew(u64),
}

/// A removed or expired member whose dots peers may still need.
#[derive(Clone, Debug)]
struct Grave<V> {
    member: Member<V>,
    /// When it became one, or last changed as one. This node's own affair: not merged.
    generation: Generation,
}

/// Members with dots, and one forgotten stamp per replica for deletions of a whole set.
///
/// A member that has expired is no longer seen from the moment that [`Collection::settle`] is told a time at
/// or past its deadline. Expiry writes nothing: every replica hides by its own clock, and a heartbeat
/// that arrives later brings the member back.
///
/// What a node holds is whole. What it tells others may be a part ([`Collection::take_part`]), which is of
/// no use but to be merged into what they hold.
#[derive(Clone, Debug, Default)]
pub struct Collection<V: Value> {
    born: Stamp,
    /// Members that are in, but for those due since the last `settle`.
    members: IndexMap<Name, Member<V>, NameHasher>,
    graves: BTreeMap<Name, Grave<V>>,
    forgotten: ReplicaMap<Stamp>,
    agenda: Agenda,
    /// The members that are in by their values.
    index: V::Index,
    /// Since the first write or merge that keeps tombstones.
    tracking: Option<Box<Tracking>>,
}

impl<V: Value> Collection<V> {
    /// When the key last became one.
    #[must_use]
    pub fn born(&self) -> Stamp {
        self.born
    }

    /// How many members are in, as of the last `settle`.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    #[must_use]
    pub fn contains(&self, member: &[u8]) -> bool {
        self.members.contains_key(member)
    }

    /// The member's deadline: `None`, it is not in; `Some(None)`, it has none.
    #[must_use]
    pub fn deadline_ms(&self, member: &[u8]) -> Option<Option<u64>> {
        self.members.get(member).map(Member::deadline_ms)
    }

    /// What a member carries that is in.
    #[must_use]
    pub fn get(&self, member: &[u8]) -> Option<&V> {
        self.members.get(member).map(|member| &member.value)
    }

    /// The members in the order of their values.
    #[must_use]
    pub fn index(&self) -> &V::Index {
        &self.index
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
        self.members.keys().map(|name| &**name)
    }

    /// Every addition that is not removed, of members that have expired too: the member, who added it
    /// when, and its deadline then.
    pub fn additions(&self) -> impl Iterator<Item = (&[u8], Tag, Option<u64>)> {
        let graves = self.graves.iter().map(|(name, grave)| (name, &grave.member));
        self.members.iter().chain(graves).flat_map(|(name, member)| {
            member.dots().iter().filter_map(|dot| match dot.life {
                DotLife::Live(at_ms) => Some((&**name, Tag::new(dot.stamp, dot.replica), at_ms)),
                DotLife::Dead => None,
            })
        })
    }

    /// The members, each with what it carries.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (&[u8], &V)> + Clone {
        self.members.iter().map(|(name, member)| (&**name, &member.value))
    }

    /// The member at a position; positions change with every removal.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<&[u8]> {
        self.members.get_index(index).map(|(name, _)| &**name)
    }

    /// The same with what it carries.
    #[must_use]
    pub fn entry_at(&self, index: usize) -> Option<(&[u8], &V)> {
        self.members.get_index(index).map(|(name, member)| (&**name, &member.value))
    }

    /// When a member may be due: from then on it must be settled before it is read.
    #[must_use]
    pub fn next_due_ms(&self) -> Option<u64> {
        self.agenda.next_ms()
    }

    /// Whether any member is in at `now_ms`, settled or not. O(n) at worst.
    #[must_use]
    pub fn any_left(&self, now_ms: u64) -> bool {
        self.members.values().any(|member| member.deadline_ms().is_none_or(|at_ms| at_ms > now_ms))
    }

    /// The sum of a hash of each member that is in, and of its latest dot; 0 where tombstones are dropped.
    /// Stable between processes.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.tracking.as_ref().map_or(0, |tracking| tracking.digest())
    }

    /// The same, computed from what the collection holds.
    #[must_use]
    pub fn digest_from_scratch(&self) -> u64 {
        let digests = self.members.iter().map(|(name, member)| tracking::digest_of(name, member));
        digests.fold(0, u64::wrapping_add)
    }

    /// Whether it holds anything that [`Collection::collect`] could drop.
    #[must_use]
    pub fn has_tombstones(&self) -> bool {
        !self.graves.is_empty() || !self.forgotten.is_empty() || self.has_scars()
    }

    /// Whether it holds nothing, not even tombstones.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.members.is_empty() && self.graves.is_empty() && self.forgotten.is_empty()
    }

    /// The latest stamp that this state holds. O(n): only for states that are rarely written.
    #[must_use]
    pub fn max_stamp(&self) -> Stamp {
        let dots = self.known().flat_map(|(_, member)| {
            let dots = member.dots().iter().map(|dot| dot.stamp);
            dots.chain([member.value.max_stamp()])
        });
        let forgotten = self.forgotten.iter().map(|(_, upto)| *upto);
        let seen = self.tracking.iter().flat_map(|tracking| tracking.seen.iter());
        let seen = seen.map(|(_, upto)| *upto);
        dots.chain(forgotten).chain(seen).chain([self.born]).max().unwrap_or_default()
    }

    /// Bytes of heap that this state holds, long names and values estimated from the first members.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        const SAMPLE: usize = 5;
        let entry = size_of::<(Name, Member<V>)>() + 2 * size_of::<usize>();
        let spilled =
            |(name, member): (&Name, &Member<V>)| name.heap_bytes() + member.value.heap_bytes();
        let spilled: usize = self.members.iter().take(SAMPLE).map(spilled).sum();
        let taken = self.members.len().clamp(1, SAMPLE);
        self.members.capacity() * entry
            + spilled * self.members.len() / taken
            + self.graves.len() * entry
            + self.agenda.heap_bytes()
            + self.index.heap_bytes()
            + self.tracking.as_ref().map_or(0, |tracking| tracking.heap_bytes())
    }

    /// What is known of every member, in or not.
    fn known(&self) -> impl Iterator<Item = (&Name, &Member<V>)> {
        let graves = self.graves.iter().map(|(name, grave)| (name, &grave.member));
        self.members.iter().chain(graves)
    }
}

/// Equal when they say the same, whatever has been settled so far.
impl<V: Value> PartialEq for Collection<V> {
    fn eq(&self, other: &Collection<V>) -> bool {
        fn all<V: Value>(collection: &Collection<V>) -> BTreeMap<&Name, &Member<V>> {
            collection.known().collect()
        }
        fn claims<V: Value>(collection: &Collection<V>) -> (Option<Chain>, ReplicaMap<Stamp>) {
            let tracking = collection.tracking.as_deref();
            tracking.map(|t| (t.chain, t.seen.clone())).unwrap_or_default()
        }
        self.born == other.born
            && self.forgotten == other.forgotten
            && claims(self) == claims(other)
            && all(self) == all(other)
    }
}

impl<V: Value> Eq for Collection<V> {}
