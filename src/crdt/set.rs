//! Sets whose members may expire: observed-remove, add wins, merged per member.

use super::{ReplicaMap, Tombstones, Write};
use crate::base::agenda::Agenda;
use crate::base::hash::{NameHasher, hash_name};
use crate::base::{Name, Replica, Stamp};
use indexmap::IndexMap;
use indexmap::map::RawEntryApiV1;
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// A set settles this part of its members one by one, but so many in any case.
const ONE_BY_ONE_PART: usize = 32;
const ONE_BY_ONE_MIN: usize = 256;
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

/// One replica's latest word on a member.
///
/// The pair (added stamp, removed-up-to stamp) in one: while added > removed the dot is live and its
/// stamp is `added`; otherwise it is dead and its stamp is `removed`. Which of the two it is, and the
/// larger stamp, is all that a later merge can observe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Dot {
    replica: Replica,
    stamp: Stamp,
    life: DotLife,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum DotLife {
    Dead,
    Live(Option<u64>),
}

impl Dot {
    fn is_live(&self) -> bool {
        self.life != DotLife::Dead
    }

    /// The later stamp wins; at one stamp, dead wins: removal of what it saw.
    fn merge(&mut self, other: &Dot) {
        if other.stamp > self.stamp || (other.stamp == self.stamp && !other.is_live()) {
            *self = *other;
        }
    }
}

/// What is known of one member: a dot per replica that ever added it, in the replicas' order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Member {
    dots: SmallVec<[Dot; 1]>,
}

impl Member {
    fn is_live(&self) -> bool {
        self.dots.iter().any(Dot::is_live)
    }

    /// The deadline that the latest live dot names: the later command counts, as on one Redis.
    fn deadline_ms(&self) -> Option<u64> {
        let latest =
            self.dots.iter().filter(|dot| dot.is_live()).max_by_key(|d| (d.stamp, d.replica));
        match latest?.life {
            DotLife::Live(deadline) => deadline,
            DotLife::Dead => None,
        }
    }

    fn put(&mut self, dot: Dot) {
        match self.dots.binary_search_by_key(&dot.replica, |dot| dot.replica) {
            Ok(at) => self.dots[at] = dot,
            Err(at) => self.dots.insert(at, dot),
        }
    }

    fn remove(&mut self) {
        for dot in &mut self.dots {
            dot.life = DotLife::Dead;
        }
    }

    fn merge(&mut self, other: &Member) {
        for theirs in &other.dots {
            match self.dots.binary_search_by_key(&theirs.replica, |dot| dot.replica) {
                Ok(at) => self.dots[at].merge(theirs),
                Err(at) => self.dots.insert(at, *theirs),
            }
        }
    }

    /// Drops the dots that a deletion of the whole set has seen.
    fn drop_forgotten(&mut self, forgotten: &ReplicaMap<Stamp>) {
        if !forgotten.is_empty() {
            self.dots.retain(|dot| forgotten.get(dot.replica).is_none_or(|upto| dot.stamp > *upto));
        }
    }
}

/// A set of members with dots, and one forgotten stamp per replica for deletions of the whole.
///
/// A member that has expired is no longer seen from the moment that [`Set::settle`] is told a time at
/// or past its deadline. Expiry writes nothing: every replica hides by its own clock, and a heartbeat
/// that arrives later brings the member back.
#[derive(Clone, Debug, Default)]
pub struct Set {
    born: Stamp,
    /// Members that are in, but for those due since the last `settle`.
    members: IndexMap<Name, Member, NameHasher>,
    /// Removed and expired members whose dots peers may still need.
    graves: BTreeMap<Name, Member>,
    forgotten: ReplicaMap<Stamp>,
    agenda: Agenda,
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

    /// Takes what has expired at `now_ms` out of sight; returns how many members that were.
    ///
    /// Amortised O(log n) for each heartbeat period of a member, whatever the number of heartbeats.
    pub fn settle(&mut self, now_ms: u64, tombstones: Tombstones) -> usize {
        // One by one a member costs a cache miss or three. Once that many are due together, a pass
        // over all of them costs less, and no more than a constant for each of those many.
        let most = (self.members.len() / ONE_BY_ONE_PART).max(ONE_BY_ONE_MIN);
        let expired = self.settle_some(now_ms, tombstones, most);
        if self.next_due_ms().is_none_or(|due_ms| due_ms > now_ms) {
            return expired;
        }
        expired + self.settle_in_one_pass(now_ms, tombstones)
    }

    /// As [`Set::settle`], but looks at no more than `max` members: more may be due afterwards.
    pub fn settle_some(&mut self, now_ms: u64, tombstones: Tombstones, max: usize) -> usize {
        let mut expired = 0;
        for _ in 0..max {
            let Some(hash) = self.agenda.pop_due(now_ms) else { break };
            let is_it = |name: &Name| hash_name(name) == hash;
            let entry = self.members.raw_entry_v1().index_from_hash(hash, is_it);
            let Some((index, deadline)) = entry.and_then(|index| {
                let (_, member) = self.members.get_index(index)?;
                Some((index, member.deadline_ms()?))
            }) else {
                continue;
            };
            if deadline > now_ms {
                self.agenda.note(deadline, hash);
            } else {
                self.bury(index, tombstones);
                expired += 1;
            }
        }
        expired
    }

    /// SADD, SADDEX: true when the member was not in.
    pub fn insert(&mut self, write: &Write, name: &[u8], deadline: MemberDeadline) -> bool {
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
        let index = known.unwrap_or_else(|| self.unearth(name));
        self.members[index].put(dot);
        self.note_deadline(index, present.flatten(), deadline);
        present.is_none()
    }

    /// SREM: true when the member was in. Removes what is seen of it here.
    pub fn remove(&mut self, name: &[u8], tombstones: Tombstones) -> bool {
        let Some(index) = self.members.get_index_of(name) else {
            return false;
        };
        self.members[index].remove();
        // Its deadline went with it; what the agenda holds of it is stale now.
        self.bury(index, tombstones);
        true
    }

    /// DEL: forgets every dot that is seen here.
    pub fn forget(&mut self) {
        for member in self.members.values().chain(self.graves.values()) {
            for dot in &member.dots {
                let upto = self.forgotten.get_or_insert_with(dot.replica, || Stamp::NEVER);
                *upto = dot.stamp.max(*upto);
            }
        }
        self.members = IndexMap::default();
        self.graves.clear();
        self.agenda.clear();
    }

    /// Merges another replica's state, or a part of it: any of its members, with its `forgotten`.
    pub fn merge(&mut self, other: &Set) {
        self.born = self.born.max(other.born);
        let news = other
            .forgotten
            .iter()
            .any(|(replica, upto)| self.forgotten.get(replica).is_none_or(|known| known < upto));
        self.forgotten.merge_with(&other.forgotten, |mine, theirs| *mine = (*mine).max(*theirs));
        if news {
            self.sweep_forgotten();
        }
        for (name, theirs) in other.members.iter().chain(other.graves.iter()) {
            self.merge_member(name, theirs);
        }
        self.tidy_agenda();
    }

    /// Drops what is forgotten. Sound only once nothing can bring it back.
    pub fn collect(&mut self) {
        self.graves.clear();
        self.forgotten = ReplicaMap::default();
    }

    /// The latest stamp that this state holds. O(n): only for states that are rarely written.
    #[must_use]
    pub fn max_stamp(&self) -> Stamp {
        let members = self.members.values().chain(self.graves.values());
        let dots = members.flat_map(|member| member.dots.iter().map(|dot| dot.stamp));
        let forgotten = self.forgotten.iter().map(|(_, upto)| *upto);
        dots.chain(forgotten).chain([self.born]).max().unwrap_or_default()
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
    }

    /// Puts a member among those that are in, with what is known of it from before.
    fn unearth(&mut self, name: &[u8]) -> usize {
        let name = Name::from_slice(name);
        let known = if self.graves.is_empty() { None } else { self.graves.remove(&name) };
        self.members.insert_full(name, known.unwrap_or_default()).0
    }

    /// Takes the member at `index` from those that are in.
    fn bury(&mut self, index: usize, tombstones: Tombstones) {
        let Some((name, member)) = self.members.swap_remove_index(index) else {
            return;
        };
        if tombstones == Tombstones::Keep && !member.dots.is_empty() {
            self.graves.insert(name, member);
        }
        self.tidy_after_removal();
    }

    /// Keeps the order of what stays, so that nobody moves upwards (see SSCAN).
    fn settle_in_one_pass(&mut self, now_ms: u64, tombstones: Tombstones) -> usize {
        let is_due = |member: &Member| member.deadline_ms().is_some_and(|at_ms| at_ms <= now_ms);
        let mut expired = 0;
        for (name, member) in self.members.extract_if(.., |_, member| is_due(member)) {
            expired += 1;
            if tombstones == Tombstones::Keep {
                self.graves.insert(name, member);
            }
        }
        self.rebuild_agenda();
        self.tidy_after_removal();
        expired
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

    fn merge_member(&mut self, name: &Name, theirs: &Member) {
        let mut member = match self.members.get_index_of(name) {
            Some(index) => {
                let before = self.members[index].deadline_ms();
                let mine = &mut self.members[index];
                mine.merge(theirs);
                mine.drop_forgotten(&self.forgotten);
                if mine.is_live() {
                    let after = mine.deadline_ms();
                    self.note_deadline(index, before, after);
                } else {
                    self.bury(index, Tombstones::Keep);
                }
                return;
            }
            None => self.graves.remove(name).unwrap_or_default(),
        };
        member.merge(theirs);
        member.drop_forgotten(&self.forgotten);
        if member.is_live() {
            let deadline = member.deadline_ms();
            let (index, _) = self.members.insert_full(name.clone(), member);
            self.note_deadline(index, None, deadline);
        } else if !member.dots.is_empty() {
            self.graves.insert(name.clone(), member);
        }
    }

    /// Drops all dots that the forgotten stamps cover.
    fn sweep_forgotten(&mut self) {
        let forgotten = std::mem::take(&mut self.forgotten);
        for index in (0..self.members.len()).rev() {
            let member = &mut self.members[index];
            let before = member.deadline_ms();
            member.drop_forgotten(&forgotten);
            if member.is_live() {
                // An earlier word on its deadline counts again, the later one being forgotten.
                let after = member.deadline_ms();
                self.note_deadline(index, before, after);
            } else {
                self.bury(index, Tombstones::Keep);
            }
        }
        self.graves.retain(|_, member| {
            member.drop_forgotten(&forgotten);
            !member.dots.is_empty()
        });
        self.forgotten = forgotten;
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
            set.members.iter().chain(set.graves.iter()).collect()
        }
        self.born == other.born && self.forgotten == other.forgotten && all(self) == all(other)
    }
}

impl Eq for Set {}
