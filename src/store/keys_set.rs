//! Sets in a scope.

use super::entry::{Entry, NEVER_DUE, State};
use super::watch::Outcome;
use super::{AccessError, KeyRef, Keys};
use crate::base::Replica;
use crate::crdt::{Deadline, Key, Kind, MemberDeadline, Set, Tombstones, Write};

/// What [`Keys::edit_set`] does when there is no such key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    Create,
    Skip,
}

/// A set as a reader sees it.
pub enum SetView<'a> {
    One(&'a Set),
    /// The union of the sets of several lives, while a peer's view of a deadline differs.
    Joined(Box<Set>),
}

/// A set being changed.
pub struct SetEdit<'e> {
    target: Target<'e>,
    write: Write,
    changed: bool,
}

/// What came of an edit.
struct Edited<R> {
    result: R,
    changed: bool,
}

impl<R> Outcome for Edited<R> {
    fn has_changed(&self) -> bool {
        self.changed
    }
}

enum Target<'e> {
    Set(&'e mut Set),
    Whole(&'e mut Key),
}

impl Keys<'_> {
    /// The visible set.
    pub fn set(&self, key: KeyRef<'_>) -> Result<Option<SetView<'_>>, AccessError> {
        match self.entry_touched(key)? {
            Some(entry) => entry.set(self.now_ms),
            None => Ok(None),
        }
    }

    /// Runs `edit` on the set; `None` when it is missing and not to be created. A set that is empty
    /// afterwards is gone.
    pub fn edit_set<R>(
        &mut self,
        key: KeyRef<'_>,
        missing: Missing,
        edit: impl FnOnce(&mut SetEdit<'_>) -> R,
    ) -> Result<Option<R>, AccessError> {
        let me = self.keyspace.me();
        let mut edit = Some(edit);
        let changed = self.change(key, |entry, write| match entry.kind(write.now_ms) {
            Some(kind) if kind != Kind::Set => Err(AccessError::WrongType),
            None if missing == Missing::Skip => Ok(None),
            _ => Ok(edit.take().map(|edit| edit_entry(entry, me, write, edit))),
        });
        if let Some(result) = changed {
            return Ok(result?.map(|edited| edited.result));
        }
        let (Missing::Create, Some(edit)) = (missing, edit.take()) else { return Ok(None) };
        let write = self.keyspace.write(self.now_ms);
        let mut set = Box::<Set>::default();
        let Edited { result, .. } = run(edit, Target::Set(&mut set), &write);
        if !set.is_empty() {
            self.put_new(key, State::Set(set), Deadline::Keep, &write);
        }
        Ok(Some(result))
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

impl Entry {
    /// The visible set of a settled entry.
    pub(super) fn set(&self, now_ms: u64) -> Result<Option<SetView<'_>>, AccessError> {
        match (self.kind(now_ms), &self.state) {
            (None, _) => Ok(None),
            (Some(Kind::Set), State::Set(set)) => Ok(Some(SetView::One(set))),
            (Some(Kind::Set), State::Whole(whole)) => Ok(Some(view(&whole.key, now_ms))),
            _ => Err(AccessError::WrongType),
        }
    }
}

fn edit_entry<R>(
    entry: &mut Entry,
    me: Replica,
    write: &Write,
    edit: impl FnOnce(&mut SetEdit<'_>) -> R,
) -> Edited<R> {
    let is_past = entry.is_past(write.now_ms);
    if let (State::Set(set), false) = (&mut entry.state, is_past) {
        if set.is_empty() {
            // A key that nobody sees begins without a deadline.
            entry.ends_ms = NEVER_DUE;
        }
        return run(edit, Target::Set(set), write);
    }
    if entry.is_compact() {
        let key = entry.take_key(me);
        entry.state = State::whole(key);
    }
    let (result, mut whole) = match &mut entry.state {
        State::Whole(whole) => {
            let result = run(edit, Target::Whole(&mut whole.key), write);
            (result, std::mem::take(&mut whole.key))
        }
        // What was there has ended.
        _ => {
            let mut key = entry.take_key(me);
            (run(edit, Target::Whole(&mut key), write), key)
        }
    };
    if write.tombstones == Tombstones::Drop {
        whole.collect_all(write.now_ms);
    }
    entry.set_key(whole, me, write.now_ms);
    result
}

fn run<'e, R>(
    edit: impl FnOnce(&mut SetEdit<'e>) -> R,
    target: Target<'e>,
    write: &Write,
) -> Edited<R> {
    let mut set = SetEdit { target, write: *write, changed: false };
    let result = edit(&mut set);
    Edited { result, changed: set.changed }
}

fn view(key: &Key, now_ms: u64) -> SetView<'_> {
    let mut sets = key.sets(now_ms);
    match (sets.next(), sets.next()) {
        (Some(only), None) => SetView::One(only),
        (first, second) => {
            let mut joined = Box::<Set>::default();
            let write = Write { now_ms, tag: Default::default(), tombstones: Tombstones::Drop };
            for set in first.into_iter().chain(second).chain(sets) {
                for name in set.iter() {
                    let at_ms = set.deadline_ms(name).flatten();
                    joined.insert(&write, name, MemberDeadline::Set(at_ms));
                }
            }
            SetView::Joined(joined)
        }
    }
}

impl SetView<'_> {
    fn set(&self) -> &Set {
        match self {
            SetView::One(set) => set,
            SetView::Joined(set) => set,
        }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.set().len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[must_use]
    pub fn contains(&self, member: &[u8]) -> bool {
        self.set().contains(member)
    }

    /// When the member ends: `None`, it is not in; `Some(None)`, not by itself.
    #[must_use]
    pub fn deadline(&self, member: &[u8]) -> Option<Option<u64>> {
        self.set().deadline_ms(member)
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
        self.set().iter()
    }

    /// The member at a position below `len`; positions change with every removal.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<&[u8]> {
        self.set().at(index)
    }

    /// SSCAN: the next members and the cursor to go on from (0: begin, and done).
    ///
    /// Goes downwards through the positions. A removal moves the last member into the gap, so a
    /// member that was not returned yet only ever moves further down: every member that is in
    /// throughout is returned.
    #[must_use]
    pub fn scan(&self, cursor: u64, count: usize) -> (u64, Vec<&[u8]>) {
        let top = match cursor {
            0 => self.len(),
            cursor => usize::try_from(cursor).unwrap_or(usize::MAX).min(self.len()),
        };
        let bottom = top.saturating_sub(count.max(1));
        let members = (bottom..top).rev().filter_map(|index| self.at(index)).collect();
        (bottom as u64, members)
    }
}

impl SetEdit<'_> {
    /// Adds a member: true when it was not in.
    pub fn insert(&mut self, member: &[u8], deadline: MemberDeadline) -> bool {
        let is_new = match &mut self.target {
            Target::Set(set) => set.insert(&self.write, member, deadline),
            Target::Whole(key) => key.insert(&self.write, member, deadline),
        };
        self.changed |= is_new || matches!(deadline, MemberDeadline::Set(_));
        is_new
    }

    /// Removes a member: true when it was in.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        let was_in = match &mut self.target {
            Target::Set(set) => set.remove(member, self.write.tombstones),
            Target::Whole(key) => key.remove(&self.write, member),
        };
        self.changed |= was_in;
        was_in
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

    /// The set as it is now.
    #[must_use]
    pub fn view(&self) -> SetView<'_> {
        match &self.target {
            Target::Set(set) => SetView::One(set),
            Target::Whole(key) => view(key, self.write.now_ms),
        }
    }
}
