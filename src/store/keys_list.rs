//! Lists in a scope.

use super::entry::{Entry, NEVER_DUE, State};
use super::row::Row;
use super::watch::Edited;
use super::{AccessError, KeyRef, Keys, Missing};
use crate::base::{Name, Replica};
use crate::crdt::{Deadline, End, Item, Key, Kind, List, Side, Texts, Tombstones, Write, Writer};
use std::collections::vec_deque;
use std::ops::Range;

/// A list as a reader sees it.
pub enum ListView<'a> {
    Row(&'a Row),
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

enum Target<'e> {
    Row(&'e mut Row),
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
        let (result, state) = create(edit, &write);
        if let Some(state) = state {
            self.put_new(key, state, Deadline::Keep, &write);
        }
        Ok(Some(result))
    }

    /// SORT … STORE: the key becomes a list of these elements; without any it is deleted. True: it was there.
    pub fn replace_list<'t>(
        &mut self,
        key: KeyRef<'_>,
        texts: impl Iterator<Item = &'t [u8]>,
    ) -> bool {
        self.replaces = self.exists(key).unwrap_or(false);
        self.put_list(key, texts);
        std::mem::take(&mut self.replaces)
    }

    /// The key becomes a list of these elements.
    pub(super) fn put_list<'t>(&mut self, key: KeyRef<'_>, texts: impl Iterator<Item = &'t [u8]>) {
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
            (Some(Kind::List), State::Row(row)) => Ok(Some(ListView::Row(row))),
            (Some(Kind::List), State::List(list)) => Ok(Some(ListView::One(list))),
            (Some(Kind::List), State::Whole(whole)) => Ok(Some(view(&whole.key, now_ms))),
            _ => Err(AccessError::WrongType),
        }
    }
}

/// A new list, if it has elements. Where nobody has to be told of it, it needs no more than their texts.
fn create<R>(edit: impl FnOnce(&mut ListEdit<'_>) -> R, write: &Write) -> (R, Option<State>) {
    if write.tombstones == Tombstones::Drop {
        let mut row = Box::new(Row::new(write.stamp()));
        let result = run(edit, Target::Row(&mut row), write).result;
        return (result, (!row.is_empty()).then_some(State::Row(row)));
    }
    let mut list = Box::<List>::default();
    let result = run(edit, Target::List(&mut list), write).result;
    (result, (!list.is_empty()).then_some(State::List(list)))
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
    if let (State::Row(row), false) = (&mut entry.state, is_past) {
        return run(edit, Target::Row(row), write);
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
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            ListView::Row(row) => row.len(),
            ListView::One(list) => list.len(),
            ListView::Joined(list) => list.len(),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at a place, counted from the left.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&[u8]> {
        match self {
            ListView::Row(row) => row.get(place),
            ListView::One(list) => list.text(place),
            ListView::Joined(list) => list.text(place),
        }
    }

    #[must_use]
    pub fn iter(&self) -> Elements<'_> {
        self.range(0..self.len())
    }

    /// The elements at these places, as far as there are such.
    #[must_use]
    pub fn range(&self, places: Range<usize>) -> Elements<'_> {
        match self {
            ListView::Row(row) => Elements::Row(row.range(places)),
            ListView::One(list) => Elements::List(list.texts(places)),
            ListView::Joined(list) => Elements::List(list.texts(places)),
        }
    }
}

/// Elements of a list, from either end.
pub enum Elements<'l> {
    Row(vec_deque::Iter<'l, Name>),
    List(Texts<'l>),
}

impl<'l> Iterator for Elements<'l> {
    type Item = &'l [u8];

    fn next(&mut self) -> Option<&'l [u8]> {
        match self {
            Elements::Row(texts) => texts.next().map(|text| &**text),
            Elements::List(texts) => texts.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Elements::Row(texts) => texts.size_hint(),
            Elements::List(texts) => texts.size_hint(),
        }
    }
}

impl DoubleEndedIterator for Elements<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        match self {
            Elements::Row(texts) => texts.next_back().map(|text| &**text),
            Elements::List(texts) => texts.next_back(),
        }
    }
}

impl ExactSizeIterator for Elements<'_> {}

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
        if let Some(row) = self.row() {
            return row.push(end, text);
        }
        self.put(text, |writer, list| Some(writer.pushed(list, end)));
    }

    /// Takes the element at an end.
    pub fn pop(&mut self, end: End) -> Option<Vec<u8>> {
        let place = match end {
            End::Left => 0,
            End::Right => self.len().checked_sub(1)?,
        };
        let text = self.view().get(place)?.to_vec();
        match self.row() {
            Some(row) => drop(row.pop(end)),
            None => self.take(&[place]),
        }
        Some(text)
    }

    /// LSET: another element in place of the one that is there; nothing where there is none.
    pub fn set(&mut self, place: usize, text: &[u8]) {
        if let Some(row) = self.row() {
            row.set(place, text);
            return;
        }
        let old = self.name(place);
        if self.put(text, |writer, list| writer.replaced(list, place)) {
            old.into_iter().for_each(|old| self.take_name(&old));
        }
    }

    /// LINSERT: puts an element beside the one at a place.
    pub fn insert(&mut self, place: usize, side: Side, text: &[u8]) {
        if let Some(row) = self.row() {
            return row.insert(place, side, text);
        }
        self.put(text, |writer, list| Some(writer.inserted(list, place, side)));
    }

    /// Removes the elements at these places, which rise.
    pub fn remove(&mut self, places: &[usize]) {
        match self.row() {
            Some(row) => row.remove(places),
            None => self.take(places),
        }
    }

    /// Removes all but the elements at these places.
    pub fn keep(&mut self, places: Range<usize>) {
        if let Some(row) = self.row() {
            return row.keep(places);
        }
        let len = self.len();
        let removed: Vec<usize> = (0..places.start.min(len)).chain(places.end..len).collect();
        self.take(&removed);
    }

    /// The list as it is now.
    #[must_use]
    pub fn view(&self) -> ListView<'_> {
        match &self.target {
            Target::Row(row) => ListView::Row(row),
            Target::List(list) => ListView::One(list),
            Target::Whole(key) => view(key, self.writer.write().now_ms),
        }
    }

    /// The row that it is, which is to be changed.
    fn row(&mut self) -> Option<&mut Row> {
        match &mut self.target {
            Target::Row(row) => {
                self.changed = true;
                Some(row)
            }
            Target::List(_) | Target::Whole(_) => None,
        }
    }

    /// What stands for the element at a place between nodes.
    fn name(&self, place: usize) -> Option<Name> {
        match self.view() {
            ListView::Row(_) => None,
            ListView::One(list) => list.place(place).cloned(),
            ListView::Joined(list) => list.place(place).cloned(),
        }
    }

    /// Puts an element in where `name` says; false: it says nowhere.
    fn put(&mut self, text: &[u8], name: impl FnOnce(&mut Writer, &List) -> Option<Name>) -> bool {
        let mut writer = self.writer;
        let name = match self.view() {
            ListView::Row(_) => None,
            ListView::One(list) => name(&mut writer, list),
            ListView::Joined(list) => name(&mut writer, &list),
        };
        self.writer = writer;
        let Some(name) = name else { return false };
        match &mut self.target {
            Target::Row(_) => {}
            Target::List(list) => list.put_in(writer.write(), &name, text),
            Target::Whole(key) => key.put_element(writer.write(), &name, text),
        }
        self.changed = true;
        true
    }

    fn take(&mut self, places: &[usize]) {
        let names: Vec<Name> = {
            let view = self.view();
            let name = |place: &usize| match &view {
                ListView::Row(_) => None,
                ListView::One(list) => list.place(*place).cloned(),
                ListView::Joined(list) => list.place(*place).cloned(),
            };
            places.iter().filter_map(name).collect()
        };
        names.iter().for_each(|name| self.take_name(name));
    }

    fn take_name(&mut self, name: &[u8]) {
        let write = self.writer.write();
        self.changed |= match &mut self.target {
            Target::Row(_) => false,
            Target::List(list) => list.remove(name, write.tombstones),
            Target::Whole(key) => key.remove_member::<Item>(write, name),
        };
    }
}
