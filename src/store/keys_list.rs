//! Lists in a scope.

use super::entry::{Entry, NEVER_DUE, State};
use super::watch::Outcome;
use super::{AccessError, KeyRef, Keys, Missing};
use crate::base::{Name, Replica};
use crate::crdt::{Deadline, End, Item, Key, Kind, List, Side, Tombstones, Write, Writer};
use std::ops::Range;

/// A list as a reader sees it.
pub enum ListView<'a> {
    One(&'a List),
    /// The elements of several lives' lists, while a peer's view of a deadline differs.
    Joined(Box<List>),
}

/// A list being changed.
pub struct ListEdit<'e> {
    target: Target<'e>,
    writer: Writer,
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
    List(&'e mut List),
    Whole(&'e mut Key),
}

impl Keys<'_> {
    /// The visible list.
    pub fn list(&self, key: KeyRef<'_>) -> Result<Option<ListView<'_>>, AccessError> {
        match self.entry_touched(key)? {
            Some(entry) => entry.list(self.now_ms),
            None => Ok(None),
        }
    }

    /// Runs `edit` on the list; `None` when it is missing and not to be created. A list that is empty
    /// afterwards is gone.
    pub fn edit_list<R>(
        &mut self,
        key: KeyRef<'_>,
        missing: Missing,
        edit: impl FnOnce(&mut ListEdit<'_>) -> R,
    ) -> Result<Option<R>, AccessError> {
        let me = self.keyspace.me();
        let mut edit = Some(edit);
        let changed = self.change(key, |entry, write| match entry.kind(write.now_ms) {
            Some(kind) if kind != Kind::List => Err(AccessError::WrongType),
            None if missing == Missing::Skip => Ok(None),
            _ => Ok(edit.take().map(|edit| edit_entry(entry, me, write, edit))),
        });
        if let Some(result) = changed {
            return Ok(result?.map(|edited| edited.result));
        }
        let (Missing::Create, Some(edit)) = (missing, edit.take()) else { return Ok(None) };
        let write = self.keyspace.write(self.now_ms);
        let mut list = Box::<List>::default();
        let Edited { result, .. } = run(edit, Target::List(&mut list), &write);
        if !list.is_empty() {
            self.put_new(key, State::List(list), Deadline::Keep, &write);
        }
        Ok(Some(result))
    }

    /// The key becomes a list of these elements; without any it is deleted.
    pub fn replace_list<'t>(&mut self, key: KeyRef<'_>, texts: impl Iterator<Item = &'t [u8]>) {
        self.delete(key);
        let put = |list: &mut ListEdit<'_>| texts.for_each(|text| list.push(End::Right, text));
        // It was deleted just now, so it cannot be of another type.
        let _ = self.edit_list(key, Missing::Create, put);
    }
}

impl Entry {
    /// The visible list of a settled entry.
    pub(super) fn list(&self, now_ms: u64) -> Result<Option<ListView<'_>>, AccessError> {
        match (self.kind(now_ms), &self.state) {
            (None, _) => Ok(None),
            (Some(Kind::List), State::List(list)) => Ok(Some(ListView::One(list))),
            (Some(Kind::List), State::Whole(whole)) => Ok(Some(view(&whole.key, now_ms))),
            _ => Err(AccessError::WrongType),
        }
    }
}

fn edit_entry<R>(
    entry: &mut Entry,
    me: Replica,
    write: &Write,
    edit: impl FnOnce(&mut ListEdit<'_>) -> R,
) -> Edited<R> {
    let is_past = entry.is_past(write.now_ms);
    if let (State::List(list), false) = (&mut entry.state, is_past) {
        if list.is_empty() {
            // A key that nobody sees begins without a deadline.
            entry.ends_ms = NEVER_DUE;
        }
        return run(edit, Target::List(list), write);
    }
    let mut whole = entry.take_key(me);
    let result = run(edit, Target::Whole(&mut whole), write);
    if write.tombstones == Tombstones::Drop {
        whole.collect_all(write.now_ms);
    }
    entry.set_key(whole, me, write.now_ms);
    result
}

fn run<'e, R>(
    edit: impl FnOnce(&mut ListEdit<'e>) -> R,
    target: Target<'e>,
    write: &Write,
) -> Edited<R> {
    let mut list = ListEdit { target, writer: Writer::new(*write), changed: false };
    let result = edit(&mut list);
    Edited { result, changed: list.changed }
}

fn view(key: &Key, now_ms: u64) -> ListView<'_> {
    let mut lists = key.members::<Item>(now_ms);
    match (lists.next(), lists.next()) {
        (Some(only), None) => ListView::One(only),
        (first, second) => {
            let mut joined = Box::<List>::default();
            for list in first.into_iter().chain(second).chain(lists) {
                joined.merge(&list.loose(), Tombstones::Drop);
            }
            ListView::Joined(joined)
        }
    }
}

impl ListView<'_> {
    fn list(&self) -> &List {
        match self {
            ListView::One(list) => list,
            ListView::Joined(list) => list,
        }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.list().len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at a place, counted from the left.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&[u8]> {
        self.list().text(place)
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> + DoubleEndedIterator {
        self.range(0..self.len())
    }

    /// The elements at these places, as far as there are such.
    pub fn range(
        &self,
        places: Range<usize>,
    ) -> impl ExactSizeIterator<Item = &[u8]> + DoubleEndedIterator {
        self.list().texts(places)
    }
}

impl ListEdit<'_> {
    #[must_use]
    pub fn len(&self) -> usize {
        self.view().len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts an element at an end.
    pub fn push(&mut self, end: End, text: &[u8]) {
        let mut writer = self.writer;
        let name = writer.pushed(self.view().list(), end);
        self.writer = writer;
        self.put(&name, text);
    }

    /// Takes the element at an end.
    pub fn pop(&mut self, end: End) -> Option<Vec<u8>> {
        let (name, text) = {
            let view = self.view();
            let place = match end {
                End::Left => 0,
                End::Right => view.len().checked_sub(1)?,
            };
            (view.list().place(place)?.clone(), view.get(place)?.to_vec())
        };
        self.take(&name);
        Some(text)
    }

    /// LSET: another element in place of the one that is there; nothing where there is none.
    pub fn set(&mut self, place: usize, text: &[u8]) {
        let mut writer = self.writer;
        let names = {
            let view = self.view();
            let list = view.list();
            list.place(place).cloned().zip(writer.replaced(list, place))
        };
        self.writer = writer;
        if let Some((old, new)) = names {
            self.take(&old);
            self.put(&new, text);
        }
    }

    /// LINSERT: puts an element beside the one at a place.
    pub fn insert(&mut self, place: usize, side: Side, text: &[u8]) {
        let mut writer = self.writer;
        let name = writer.inserted(self.view().list(), place, side);
        self.writer = writer;
        self.put(&name, text);
    }

    /// Removes the elements at these places.
    pub fn remove(&mut self, places: &[usize]) {
        let names: Vec<Name> = {
            let view = self.view();
            places.iter().filter_map(|place| view.list().place(*place).cloned()).collect()
        };
        names.iter().for_each(|name| self.take(name));
    }

    /// Removes all but the elements at these places.
    pub fn keep(&mut self, places: Range<usize>) {
        let len = self.len();
        let removed: Vec<usize> = (0..places.start.min(len)).chain(places.end..len).collect();
        self.remove(&removed);
    }

    /// The list as it is now.
    #[must_use]
    pub fn view(&self) -> ListView<'_> {
        match &self.target {
            Target::List(list) => ListView::One(list),
            Target::Whole(key) => view(key, self.writer.write().now_ms),
        }
    }

    fn put(&mut self, name: &[u8], text: &[u8]) {
        match &mut self.target {
            Target::List(list) => list.put_in(self.writer.write(), name, text),
            Target::Whole(key) => key.put_element(self.writer.write(), name, text),
        }
        self.changed = true;
    }

    fn take(&mut self, name: &[u8]) {
        let write = self.writer.write();
        self.changed |= match &mut self.target {
            Target::List(list) => list.remove(name, write.tombstones),
            Target::Whole(key) => key.remove_member::<Item>(write, name),
        };
    }
}
