//! Sets in a scope.

use super::entry::State;
use super::members::{Edit, Held, Target, View};
use super::{AccessError, KeyRef, Keys, Missing};
use crate::crdt::{MemberDeadline, Set};

/// A set as a reader sees it: of several lives their union.
pub type SetView<'a> = View<'a, ()>;

/// A set being changed.
pub type SetEdit<'e> = Edit<'e, ()>;

impl Keys<'_> {
    /// The visible set.
    pub fn set(&self, key: KeyRef<'_>) -> Result<Option<SetView<'_>>, AccessError> {
        self.members(key)
    }

    /// Runs `edit` on the set; `None` when it is missing and not to be created. A set that is empty
    /// afterwards is gone.
    pub fn edit_set<R>(
        &mut self,
        key: KeyRef<'_>,
        missing: Missing,
        edit: impl FnOnce(&mut SetEdit<'_>) -> R,
    ) -> Result<Option<R>, AccessError> {
        self.edit_members(key, missing, edit)
    }

    /// …STORE: the key becomes a set of these members without deadlines; without members it is
    /// deleted. True when it was there.
    pub fn replace_set<'m>(
        &mut self,
        key: KeyRef<'_>,
        members: impl IntoIterator<Item = &'m [u8]>,
    ) -> bool {
        self.replaces = self.exists(key).unwrap_or(false);
        self.put_set(key, members.into_iter().map(|name| (name, None)));
        std::mem::take(&mut self.replaces)
    }

    /// The key becomes a set of these members, each with its deadline.
    pub(super) fn put_set<'m>(
        &mut self,
        key: KeyRef<'_>,
        members: impl Iterator<Item = (&'m [u8], Option<u64>)>,
    ) {
        self.delete(key);
        let put = |set: &mut SetEdit<'_>| {
            for (name, at_ms) in members {
                set.insert(name, MemberDeadline::Set(at_ms));
            }
        };
        // It was deleted just now, so it cannot be of another type.
        let _ = self.edit_set(key, Missing::Create, put);
    }
}

impl Held for () {
    fn of(state: &State) -> Option<&Set> {
        match state {
            State::Set(set) => Some(set),
            _ => None,
        }
    }

    fn of_mut(state: &mut State) -> Option<&mut Set> {
        match state {
            State::Set(set) => Some(set),
            _ => None,
        }
    }

    fn held(set: Box<Set>) -> State {
        State::Set(set)
    }
}

impl SetEdit<'_> {
    /// Adds a member: true when it was not in.
    pub fn insert(&mut self, member: &[u8], deadline: MemberDeadline) -> bool {
        let is_new = match &mut self.target {
            Target::Members(set) => set.insert(&self.write, member, deadline),
            Target::Whole(key) => key.insert(&self.write, member, deadline),
        };
        self.changed |= is_new || matches!(deadline, MemberDeadline::Set(_));
        is_new
    }

    /// EXPIREMEMBER, PERSIST: false when the member is not in. A deadline that has passed removes it.
    pub fn set_member_deadline(&mut self, member: &[u8], at_ms: Option<u64>) -> bool {
        if self.view().deadline(member).is_none() {
            return false;
        }
        if at_ms.is_some_and(|at_ms| at_ms <= self.write.now_ms) {
            return self.remove(member);
        }
        self.insert(member, MemberDeadline::Set(at_ms));
        true
    }
}
