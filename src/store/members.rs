//! Keys of members in a scope, whatever their members carry.

use super::entry::{Entry, NEVER_DUE, State};
use super::watch::Edited;
use super::{AccessError, KeyRef, Keys};
use crate::base::Replica;
use crate::crdt::{Collection, Deadline, Joinable, Key, Tombstones, Value, Write};

/// What `Keys::edit_members` does when there is no such key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    Create,
    Skip,
}

/// How entries hold members of a type.
pub(super) trait Held: Joinable {
    /// Those of an entry that holds nothing else.
    fn of(state: &State) -> Option<&Collection<Self>>;

    fn of_mut(state: &mut State) -> Option<&mut Collection<Self>>;

    fn held(members: Box<Collection<Self>>) -> State;
}

/// Members as a reader sees them.
pub enum View<'a, V: Value> {
    One(&'a Collection<V>),
    /// Of several lives, while a peer's view of a deadline differs.
    Joined(Box<Collection<V>>),
}

/// Members being changed.
pub struct Edit<'e, V: Value> {
    pub(super) target: Target<'e, V>,
    pub(super) write: Write,
    pub(super) changed: bool,
}

pub(super) enum Target<'e, V: Value> {
    Members(&'e mut Collection<V>),
    Whole(&'e mut Key),
}

impl Keys<'_> {
    /// The visible members.
    pub(super) fn members<V: Held>(
        &self,
        key: KeyRef<'_>,
    ) -> Result<Option<View<'_, V>>, AccessError> {
        match self.entry_touched(key)? {
            Some(entry) => entry.members(self.now_ms),
            None => Ok(None),
        }
    }

    /// Runs `edit` on the members; `None` when they are missing and not to be created. A key that is
    /// empty afterwards is gone.
    pub(super) fn edit_members<V: Held, R>(
        &mut self,
        key: KeyRef<'_>,
        missing: Missing,
        edit: impl FnOnce(&mut Edit<'_, V>) -> R,
    ) -> Result<Option<R>, AccessError> {
        let me = self.keyspace.me();
        let mut edit = Some(edit);
        let changed = self.change(key, |entry, write| match entry.kind(write.now_ms) {
            Some(kind) if kind != V::KIND => Err(AccessError::WrongType),
            None if missing == Missing::Skip => Ok(None),
            _ => Ok(edit.take().map(|edit| edit_entry(entry, me, write, edit))),
        });
        if let Some(result) = changed {
            return Ok(result?.map(|edited| edited.result));
        }
        let (Missing::Create, Some(edit)) = (missing, edit.take()) else { return Ok(None) };
        let write = self.keyspace.write(self.now_ms);
        let mut members = Box::<Collection<V>>::default();
        let Edited { result, .. } = run(edit, Target::Members(&mut members), &write);
        if !members.is_empty() {
            self.put_new(key, V::held(members), Deadline::Keep, &write);
        }
        Ok(Some(result))
    }
}

impl Entry {
    /// The visible members of a settled entry.
    pub(super) fn members<V: Held>(&self, now_ms: u64) -> Result<Option<View<'_, V>>, AccessError> {
        match (self.kind(now_ms), V::of(&self.state), &self.state) {
            (None, ..) => Ok(None),
            (Some(_), Some(members), _) => Ok(Some(View::One(members))),
            (Some(kind), None, State::Whole(whole)) if kind == V::KIND => {
                Ok(Some(view(&whole.key, now_ms)))
            }
            _ => Err(AccessError::WrongType),
        }
    }
}

fn edit_entry<V: Held, R>(
    entry: &mut Entry,
    me: Replica,
    write: &Write,
    edit: impl FnOnce(&mut Edit<'_, V>) -> R,
) -> Edited<R> {
    let is_past = entry.is_past(write.now_ms);
    if let (Some(members), false) = (V::of_mut(&mut entry.state), is_past) {
        if members.is_empty() {
            // A key that nobody sees begins without a deadline.
            entry.ends_ms = NEVER_DUE;
        }
        return run(edit, Target::Members(members), write);
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

fn run<'e, V: Value, R>(
    edit: impl FnOnce(&mut Edit<'e, V>) -> R,
    target: Target<'e, V>,
    write: &Write,
) -> Edited<R> {
    let mut members = Edit { target, write: *write, changed: false };
    let result = edit(&mut members);
    Edited { result, changed: members.changed }
}

fn view<V: Joinable>(key: &Key, now_ms: u64) -> View<'_, V> {
    let mut members = key.members::<V>(now_ms);
    match (members.next(), members.next()) {
        (Some(only), None) => View::One(only),
        _ => {
            let write = Write { now_ms, tag: Default::default(), tombstones: Tombstones::Drop };
            View::Joined(V::joined(key, &write))
        }
    }
}

impl<V: Value> View<'_, V> {
    pub(super) fn all(&self) -> &Collection<V> {
        match self {
            View::One(members) => members,
            View::Joined(members) => members,
        }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.all().len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[must_use]
    pub fn contains(&self, member: &[u8]) -> bool {
        self.all().contains(member)
    }

    /// When the member ends: `None`, it is not in; `Some(None)`, not by itself.
    #[must_use]
    pub fn deadline(&self, member: &[u8]) -> Option<Option<u64>> {
        self.all().deadline_ms(member)
    }

    /// The names of the members.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
        self.all().iter()
    }

    /// The member at a position below `len`; positions change with every removal.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<&[u8]> {
        self.all().at(index)
    }

    /// SSCAN, HSCAN: the next members and the cursor to go on from (0: begin, and done).
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

impl<V: Joinable> Edit<'_, V> {
    /// Removes a member: true when it was in.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        let was_in = match &mut self.target {
            Target::Members(members) => members.remove(member, self.write.tombstones),
            Target::Whole(key) => key.remove_member::<V>(&self.write, member),
        };
        self.changed |= was_in;
        was_in
    }

    /// The members as they are now.
    #[must_use]
    pub fn view(&self) -> View<'_, V> {
        match &self.target {
            Target::Members(members) => View::One(members),
            Target::Whole(key) => view(key, self.write.now_ms),
        }
    }
}
