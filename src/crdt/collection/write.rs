//! What this node writes to a collection.

use super::member::{Dot, DotLife};
use super::{Collection, Grave, MemberDeadline, Value};
use crate::base::Name;
use crate::crdt::{Tombstones, Write};

impl<V: Value> Collection<V> {
    /// Has `edit` change a member's value, which lives afterwards; true when the member was not in. What was
    /// left in one that was not in is forgotten first.
    pub fn change(
        &mut self,
        write: &Write,
        name: &[u8],
        deadline: MemberDeadline,
        edit: impl FnOnce(&mut V),
    ) -> bool {
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
        self.note_before(name, write.replica());
        let index = match known {
            Some(index) => {
                self.left(index);
                index
            }
            None => self.unearth(name),
        };
        let member = &mut self.members[index];
        edit(&mut member.value);
        if write.tombstones == Tombstones::Drop {
            member.value.collect();
        }
        member.put(dot);
        self.entered(index);
        self.note_deadline(index, present.flatten(), deadline);
        if let Some(tracking) = &mut self.tracking {
            tracking.raise_seen(write.replica(), write.stamp());
        }
        self.note_change(name);
        present.is_none()
    }

    /// SREM, HDEL: true when the member was in. Removes what is seen of it here.
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

    /// DEL: forgets every dot that is seen here. Where only a part of a set is known, that part is
    /// removed member by member, and so is all that has values.
    pub fn forget(&mut self, tombstones: Tombstones) {
        self.track(tombstones);
        let (members, graves) =
            (std::mem::take(&mut self.members), std::mem::take(&mut self.graves));
        self.agenda.clear();
        self.index = V::Index::default();
        let (Some(tracking), Tombstones::Keep(generation)) = (&mut self.tracking, tombstones)
        else {
            return;
        };
        tracking.leave_all();
        if !V::COUNTS {
            self.forgotten.merge_with(&tracking.seen, |mine, theirs| *mine = (*mine).max(*theirs));
        }
        for (name, mut grave) in graves {
            grave.member.drop_forgotten(&self.forgotten);
            if grave.member.has_live_dot() {
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

    /// Puts a member among those that are in, with what is known of it from before, forgotten.
    fn unearth(&mut self, name: &[u8]) -> usize {
        let name = Name::from_slice(name);
        let known = if self.graves.is_empty() { None } else { self.graves.remove(&name) };
        let mut member = known.map(|grave| grave.member).unwrap_or_default();
        member.value.forget();
        self.members.insert_full(name, member).0
    }
}
