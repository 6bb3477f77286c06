//! What goes with every change of a collection: digest, order, agenda, and what is fresh.

use super::member::Member;
use super::tracking::Tracking;
use super::{Collection, Grave, Index, KEPT_MEMBERS, Value};
use crate::base::hash::hash_name;
use crate::base::{Name, Replica};
use crate::crdt::{Own, Tombstones};

impl<V: Value> Collection<V> {
    /// Begins to keep what peers need, unless there are none.
    pub(super) fn track(&mut self, tombstones: Tombstones) {
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

    /// Before this node changes a member: what it alone had contributed to its value.
    pub(super) fn note_before(&mut self, name: &[u8], me: Replica) {
        if let Some(tracking) = &mut self.tracking
            && V::COUNTS
            && !tracking.is_noted_last(name)
        {
            let grave = || self.graves.get(name).map(|grave| &grave.member);
            let own = self.members.get(name).or_else(grave).map(|member| member.value.own(me));
            // Of one that it had contributed nothing to, all was born since.
            if let Some(own) = own.filter(|own| *own != Own::default()) {
                tracking.note_before(name, own);
            }
        }
    }

    pub(super) fn has_scars(&self) -> bool {
        self.tracking.as_ref().is_some_and(|tracking| tracking.has_scars())
    }

    /// Before a replica's first change in a run. Of what it had added before, a part may have been lost
    /// with its node, and a later one be known: then it is not known here up to where.
    pub(super) fn begin_chain(&mut self, me: Replica) {
        if self.tracking.as_ref().is_some_and(|tracking| tracking.is_first(me)) {
            let dots = self.known().flat_map(|(_, member)| member.dots());
            let told = dots.filter(|dot| dot.replica == me).map(|dot| dot.stamp).max();
            if let Some(tracking) = &mut self.tracking {
                tracking.begin_chain(me, told.unwrap_or_default());
            }
        }
    }

    /// This node changed a member.
    pub(super) fn note_change(&mut self, name: &[u8]) {
        let known = self.members.len() + self.graves.len();
        if let Some(tracking) = &mut self.tracking {
            tracking.note(name, known);
        }
    }

    /// The member at `index` is in, and as it will be.
    pub(super) fn entered(&mut self, index: usize) {
        let Some((name, member)) = self.members.get_index(index) else { return };
        self.index.enter(name, &member.value);
        if let Some(tracking) = &mut self.tracking {
            tracking.enter(name, member);
        }
    }

    /// The member at `index` is about to change or go.
    pub(super) fn left(&mut self, index: usize) {
        let Some((name, member)) = self.members.get_index(index) else { return };
        self.index.leave(name, &member.value);
        if let Some(tracking) = &mut self.tracking {
            tracking.leave(name, member);
        }
    }

    /// Takes the member at `index` from those that are in.
    pub(super) fn take_out(&mut self, index: usize) -> Option<(Name, Member<V>)> {
        self.left(index);
        self.take_left(index)
    }

    /// The same of one that has left already.
    pub(super) fn take_left(&mut self, index: usize) -> Option<(Name, Member<V>)> {
        let out = self.members.swap_remove_index(index);
        self.tidy_after_removal();
        out
    }

    /// Keeps what is known of a member that is not in any more.
    pub(super) fn lay(&mut self, name: Name, member: Member<V>, tombstones: Tombstones) {
        if let Tombstones::Keep(generation) = tombstones
            && !member.is_blank()
        {
            self.graves.insert(name, Grave { member, generation });
        }
    }

    /// Gives memory back after many removals, in steps that keep the cost of a removal constant.
    pub(super) fn tidy_after_removal(&mut self) {
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
    pub(super) fn note_deadline(&mut self, index: usize, before: Option<u64>, after: Option<u64>) {
        if let Some(at_ms) = after
            && before.is_none_or(|before| at_ms < before)
            && let Some((name, _)) = self.members.get_index(index)
        {
            self.agenda.note(at_ms, hash_name(name));
            self.tidy_agenda();
        }
    }

    pub(super) fn tidy_agenda(&mut self) {
        if self.agenda.is_overgrown(self.members.len()) {
            self.rebuild_agenda();
        }
    }

    pub(super) fn rebuild_agenda(&mut self) {
        let living = self.members.iter();
        self.agenda.rebuild(
            living.filter_map(|(name, member)| Some((member.deadline_ms()?, hash_name(name)))),
        );
    }
}
