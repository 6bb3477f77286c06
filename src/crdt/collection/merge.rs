//! Merging what another replica tells of a collection.

use super::member::Member;
use super::{Collection, Value};
use crate::base::Name;
use crate::crdt::{Generation, Tombstones};

impl<V: Value> Collection<V> {
    /// Merges another replica's state, or a part of it. False when that part does not follow on what
    /// is known here: then something was missed, and the set must be pulled whole.
    pub fn merge(&mut self, other: &Collection<V>, tombstones: Tombstones) -> bool {
        self.track(tombstones);
        let generation = tombstones.generation();
        self.born = self.born.max(other.born);
        let news = other
            .forgotten
            .iter()
            .any(|(replica, upto)| self.forgotten.get(replica).is_none_or(|known| known < upto));
        if news {
            self.forgotten
                .merge_with(&other.forgotten, |mine, theirs| *mine = (*mine).max(*theirs));
            self.sweep_forgotten(generation);
        }
        for (name, theirs) in other.known() {
            self.merge_member(name, theirs, generation);
        }
        self.tidy_agenda();
        let (Some(mine), Some(theirs)) = (&mut self.tracking, &other.tracking) else { return true };
        // What is forgotten is known, so a part that says so fills its own gap.
        mine.join_seen(&other.forgotten);
        mine.learn(theirs)
    }

    fn merge_member(&mut self, name: &Name, theirs: &Member<V>, generation: Generation) {
        match self.members.get_index_of(name) {
            Some(index) => self.merge_living(index, theirs, generation),
            None => self.merge_buried(name, theirs, generation),
        }
    }

    fn merge_living(&mut self, index: usize, theirs: &Member<V>, generation: Generation) {
        self.left(index);
        let mine = &mut self.members[index];
        let before = mine.deadline_ms();
        mine.merge(theirs);
        mine.drop_forgotten(&self.forgotten);
        self.stay_or_go(index, before, generation);
    }

    fn merge_buried(&mut self, name: &Name, theirs: &Member<V>, generation: Generation) {
        let grave = self.graves.remove(name);
        let mut member = grave.as_ref().map(|grave| grave.member.clone()).unwrap_or_default();
        member.merge(theirs);
        member.drop_forgotten(&self.forgotten);
        match grave {
            // What is not news must not wait for another generation to be confirmed.
            Some(grave) if grave.member == member => {
                self.graves.insert(name.clone(), grave);
            }
            _ => self.admit_or_lay(name.clone(), member, generation),
        }
    }

    /// Drops all dots that the forgotten stamps cover.
    fn sweep_forgotten(&mut self, generation: Generation) {
        for index in (0..self.members.len()).rev() {
            self.left(index);
            let member = &mut self.members[index];
            let before = member.deadline_ms();
            member.drop_forgotten(&self.forgotten);
            self.stay_or_go(index, before, generation);
        }
        for (name, mut grave) in std::mem::take(&mut self.graves) {
            let before = grave.member.dots().len();
            grave.member.drop_forgotten(&self.forgotten);
            if grave.member.dots().len() == before {
                self.graves.insert(name, grave);
            } else {
                self.admit_or_lay(name, grave.member, generation);
            }
        }
    }

    /// After the member at `index` left and changed. An earlier word on its deadline may count again, a later
    /// one being forgotten.
    fn stay_or_go(&mut self, index: usize, before: Option<u64>, generation: Generation) {
        let member = &self.members[index];
        if member.is_live() {
            let after = member.deadline_ms();
            self.entered(index);
            self.note_deadline(index, before, after);
        } else if let Some((name, member)) = self.take_left(index) {
            self.lay(name, member, Tombstones::Keep(generation));
        }
    }

    /// Takes in a member that is not in: it is until the next `settle` at least, unless it is dead.
    pub(super) fn admit_or_lay(&mut self, name: Name, member: Member<V>, generation: Generation) {
        if member.is_live() {
            let deadline = member.deadline_ms();
            let (index, _) = self.members.insert_full(name, member);
            self.entered(index);
            self.note_deadline(index, None, deadline);
        } else {
            self.lay(name, member, Tombstones::Keep(generation));
        }
    }
}
