//! Sets whose members may expire: observed-remove, add wins, merged per member.

mod ended;
mod member;
mod merge;
mod part;
mod settle;
mod tracking;
mod wire;

use super::{Generation, ReplicaMap, Tombstones, Write};
use crate::base::agenda::Agenda;
use crate::base::hash::{NameHasher, hash_name};
use crate::base::{Name, Replica, Stamp, Tag};
use indexmap::IndexMap;
use member::{Dot, DotLife, Member};
use std::collections::BTreeMap;
use tracking::{Chain, Tracking};

/// A set that has room for no more members than this never shrinks.
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
struct Grave {
    member: Member,
    /// When it became one, or last changed as one. This node's own affair: not merged.
    generation: Generation,
}

/// A set of members with dots, and one forgotten stamp per replica for deletions of the whole.
///
/// A member that has expired is no longer seen from the moment that [`Set::settle`] is told a time at
/// or past its deadline. Expiry writes nothing: every replica hides by its own clock, and a heartbeat
/// that arrives later brings the member back.
///
/// What a node holds is whole. What it tells others may be a part ([`Set::take_part`]), which is of
/// no use but to be merged into what they hold.
#[derive(Clone, Debug, Default)]
pub struct Set {
    born: Stamp,
    /// Members that are in, but for those due since the last `settle`.
    members: IndexMap<Name, Member, NameHasher>,
    graves: BTreeMap<Name, Grave>,
    forgotten: ReplicaMap<Stamp>,
    agenda: Agenda,
    /// Since the first write or merge that keeps tombstones.
    tracking: Option<Box<Tracking>>,
}

impl Set {
    /// When the key last became a set.
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

    /// The member at a position; positions change with every removal.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<&[u8]> {
        self.members.get_index(index).map(|(name, _)| &**name)
    }

    /// When a member may be due: from then on the set must be settled before it is read.
    #[must_use]
    pub fn next_due_ms(&self) -> Option<u64> {
        self.agenda.next_ms()
    }

    /// Whether any member is in at `now_ms`, settled or not. O(n) at worst.
    #[must_use]
    pub fn any_left(&self, now_ms: u64) -> bool {
        self.members.values().any(|member| member.deadline_ms().is_none_or(|at_ms| at_ms > now_ms))
    }

    /// The sum of a hash of the latest dot of each member that is in; 0 where tombstones are dropped.
    /// Stable between processes.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.tracking.as_ref().map_or(0, |tracking| tracking.digest())
    }

    /// The same, computed from what the set holds.
    #[must_use]
    pub fn digest_from_scratch(&self) -> u64 {
        let digests = self.members.iter().map(|(name, member)| tracking::digest_of(name, member));
        digests.fold(0, u64::wrapping_add)
    }

    /// Whether it holds anything that [`Set::collect`] could drop.
    #[must_use]
    pub fn has_tombstones(&self) -> bool {
        !self.graves.is_empty() || !self.forgotten.is_empty() || self.has_scars()
    }

    /// Whether it holds nothing, not even tombstones.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.members.is_empty() && self.graves.is_empty() && self.forgotten.is_empty()
    }

    /// SADD, SADDEX: true when the member was not in.
    pub fn insert(&mut self, write: &Write, name: &[u8], deadline: MemberDeadline) -> bool {
        self.track(write.tombstones);
        if self.members.is_empty() {
            self.born = self.born.max(write.stamp());
        }
        let known = self.members.get_index_of(name);
        let present = known.map(|index| self.members[index].deadline_ms());
        let deadline = match (deadline, present) {
            (MemberDeadline::Keep, present) => present.flatten(),
            (MemberDeadline::Set(at_ms), _) => at_ms,
            (MemberDeadline::IfNew(_), Some(present)) => present,
            (MemberDeadline::IfNew(at_ms), None) => Some(at_ms),
        };
        let dot =
            Dot { replica: write.replica(), stamp: write.stamp(), life: DotLife::Live(deadline) };
        self.begin_chain(write.replica());
        let index = match known {
            Some(index) => {
                self.left(index);
                index
            }
            None => self.unearth(name),
        };
        self.members[index].put(dot);
        self.entered(index);
        self.note_deadline(index, present.flatten(), deadline);
        if let Some(tracking) = &mut self.tracking {
            tracking.raise_seen(write.replica(), write.stamp());
        }
        self.note_change(name);
        present.is_none()
    }

    /// SREM: true when the member was in. Removes what is seen of it here.
    pub fn remove(&mut self, name: &[u8], tombstones: Tombstones) -> bool {
        let Some(index) = self.members.get_index_of(name) else {
            return false;
        };
        self.track(tombstones);
        // Its deadline goes with it; what the agenda holds of it is stale from now on.
        if let Some((name, mut member)) = self.take_out(index) {
            member.remove();
            self.lay(name, member, tombstones);
        }
        self.note_change(name);
        true
    }

    /// DEL: forgets every dot that is seen here. Where only a part of the set is known, that part is
    /// removed member by member.
    pub fn forget(&mut self, tombstones: Tombstones) {
        self.track(tombstones);
        let (members, graves) =
            (std::mem::take(&mut self.members), std::mem::take(&mut self.graves));
        self.agenda.clear();
        let (Some(tracking), Tombstones::Keep(generation)) = (&mut self.tracking, tombstones)
        else {
            return;
        };
        tracking.leave_all();
        self.forgotten.merge_with(&tracking.seen, |mine, theirs| *mine = (*mine).max(*theirs));
        for (name, mut grave) in graves {
            grave.member.drop_forgotten(&self.forgotten);
            if grave.member.is_live() {
                grave.member.remove();
                grave.generation = generation;
                tracking.note(&name, self.graves.len() + 1);
            }
            if !grave.member.is_blank() {
                self.graves.insert(name, grave);
            }
        }
        for (name, mut member) in members {
            member.drop_forgotten(&self.forgotten);
            member.remove();
            if !member.is_blank() {
                tracking.note(&name, self.graves.len() + 1);
                self.graves.insert(name, Grave { member, generation });
            }
        }
    }

    /// Drops graves up to a generation, and, if all of the `whole` key is confirmed, all that is
    /// forgotten. Sound only once nothing can bring it back.
    pub fn collect(&mut self, upto: Generation, whole: bool) {
        self.graves.retain(|_, grave| grave.generation > upto);
        if !whole {
            return;
        }
        self.forgotten = ReplicaMap::default();
        if self.has_scars() {
            self.members.values_mut().for_each(|member| member.retain(Dot::is_live));
        }
        if let Some(tracking) = &mut self.tracking {
            tracking.heal();
        }
    }

    /// The latest stamp that this state holds. O(n): only for states that are rarely written.
    #[must_use]
    pub fn max_stamp(&self) -> Stamp {
        let dots = self.known().flat_map(|(_, member)| member.dots().iter().map(|dot| dot.stamp));
        let forgotten = self.forgotten.iter().map(|(_, upto)| *upto);
        let seen = self.tracking.iter().flat_map(|tracking| tracking.seen.iter());
        let seen = seen.map(|(_, upto)| *upto);
        dots.chain(forgotten).chain(seen).chain([self.born]).max().unwrap_or_default()
    }

    /// Bytes of heap that this state holds, long names estimated from the first members.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        const SAMPLE: usize = 5;
        let entry = size_of::<(Name, Member)>() + 2 * size_of::<usize>();
        let spilled: usize = self.members.keys().take(SAMPLE).map(Name::heap_bytes).sum();
        let taken = self.members.len().clamp(1, SAMPLE);
        self.members.capacity() * entry
            + spilled * self.members.len() / taken
            + self.graves.len() * entry
            + self.agenda.heap_bytes()
            + self.tracking.as_ref().map_or(0, |tracking| tracking.heap_bytes())
    }

    /// What is known of every member, in or not.
    fn known(&self) -> impl Iterator<Item = (&Name, &Member)> {
        let graves = self.graves.iter().map(|(name, grave)| (name, &grave.member));
        self.members.iter().chain(graves)
    }

    /// Begins to keep what peers need, unless there are none.
    fn track(&mut self, tombstones: Tombstones) {
        if tombstones == Tombstones::Drop || self.tracking.is_some() {
            return;
        }
        let mut tracking = Box::<Tracking>::default();
        if !self.is_blank() {
            tracking.note_all();
        }
        self.members.iter().for_each(|(name, member)| tracking.enter(name, member));
        tracking.join_seen(&self.forgotten);
        self.tracking = Some(tracking);
    }

    fn has_scars(&self) -> bool {
        self.tracking.as_ref().is_some_and(|tracking| tracking.has_scars())
    }

    /// Before a replica's first change in a run. Of what it had added before, a part may have been lost
    /// with its node, and a later one be known: then it is not known here up to where.
    fn begin_chain(&mut self, me: Replica) {
        if self.tracking.as_ref().is_some_and(|tracking| tracking.is_first(me)) {
            let dots = self.known().flat_map(|(_, member)| member.dots());
            let told = dots.filter(|dot| dot.replica == me).map(|dot| dot.stamp).max();
            if let Some(tracking) = &mut self.tracking {
                tracking.begin_chain(me, told.unwrap_or_default());
            }
        }
    }

    /// This node changed a member.
    fn note_change(&mut self, name: &[u8]) {
        let known = self.members.len() + self.graves.len();
        if let Some(tracking) = &mut self.tracking {
            tracking.note(name, known);
        }
    }

    /// The member at `index` is as it will be.
    fn entered(&mut self, index: usize) {
        if let (Some(tracking), Some((name, member))) =
            (&mut self.tracking, self.members.get_index(index))
        {
            tracking.enter(name, member);
        }
    }

    /// The member at `index` is about to change or go.
    fn left(&mut self, index: usize) {
        if let (Some(tracking), Some((name, member))) =
            (&mut self.tracking, self.members.get_index(index))
        {
            tracking.leave(name, member);
        }
    }

    /// Puts a member among those that are in, with what is known of it from before.
    fn unearth(&mut self, name: &[u8]) -> usize {
        let name = Name::from_slice(name);
        let known = if self.graves.is_empty() { None } else { self.graves.remove(&name) };
        let member = known.map(|grave| grave.member).unwrap_or_default();
        self.members.insert_full(name, member).0
    }

    /// Takes the member at `index` from those that are in.
    fn take_out(&mut self, index: usize) -> Option<(Name, Member)> {
        self.left(index);
        let out = self.members.swap_remove_index(index);
        self.tidy_after_removal();
        out
    }

    /// Keeps what is known of a member that is not in any more.
    fn lay(&mut self, name: Name, member: Member, tombstones: Tombstones) {
        if let Tombstones::Keep(generation) = tombstones
            && !member.is_blank()
        {
            self.graves.insert(name, Grave { member, generation });
        }
    }

    /// Gives memory back after many removals, in steps that keep the cost of a removal constant.
    fn tidy_after_removal(&mut self) {
        let (len, capacity) = (self.members.len(), self.members.capacity());
        if len == 0 {
            self.agenda.clear();
        } else {
            self.tidy_agenda();
        }
        if capacity > KEPT_MEMBERS && len < capacity / 8 {
            self.members.shrink_to(2 * len);
        }
    }

    /// Keeps the agenda's promise after the deadline of the member at `index` changed.
    fn note_deadline(&mut self, index: usize, before: Option<u64>, after: Option<u64>) {
        if let Some(at_ms) = after
            && before.is_none_or(|before| at_ms < before)
            && let Some((name, _)) = self.members.get_index(index)
        {
            self.agenda.note(at_ms, hash_name(name));
            self.tidy_agenda();
        }
    }

    fn tidy_agenda(&mut self) {
        if self.agenda.is_overgrown(self.members.len()) {
            self.rebuild_agenda();
        }
    }

    fn rebuild_agenda(&mut self) {
        let living = self.members.iter();
        self.agenda.rebuild(
            living.filter_map(|(name, member)| Some((member.deadline_ms()?, hash_name(name)))),
        );
    }
}

/// Equal when they say the same, whatever has been settled so far.
impl PartialEq for Set {
    fn eq(&self, other: &Set) -> bool {
        fn all(set: &Set) -> BTreeMap<&Name, &Member> {
            set.known().collect()
        }
        fn claims(set: &Set) -> (Option<Chain>, ReplicaMap<Stamp>) {
            let tracking = set.tracking.as_deref();
            tracking.map(|t| (t.chain, t.seen.clone())).unwrap_or_default()
        }
        self.born == other.born
            && self.forgotten == other.forgotten
            && claims(self) == claims(other)
            && all(self) == all(other)
    }
}

impl Eq for Set {}
