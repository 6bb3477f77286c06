//! A list that nobody else has to hear of: its texts in a row, and nothing beside them.

use crate::base::{Name, Replica, Stamp, Tag};
use crate::crdt::{End, List, Side, Tombstones, Write};
use std::collections::VecDeque;
use std::ops::Range;

/// A row that has room for no more than this never shrinks.
const KEPT_TEXTS: usize = 64;
/// So many texts are looked at to tell what all of them take.
const SAMPLE: usize = 5;

/// The texts of a list, from left to right.
#[derive(Debug, Default)]
pub struct Row {
    /// When the key became a list.
    born: Stamp,
    texts: VecDeque<Name>,
}

impl Row {
    pub fn new(born: Stamp) -> Row {
        Row { born, texts: VecDeque::new() }
    }

    pub fn len(&self) -> usize {
        self.texts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    pub fn get(&self, place: usize) -> Option<&[u8]> {
        self.texts.get(place).map(|text| &**text)
    }

    pub fn range(&self, places: Range<usize>) -> std::collections::vec_deque::Iter<'_, Name> {
        let end = places.end.min(self.len());
        self.texts.range(places.start.min(end)..end)
    }

    pub fn push(&mut self, end: End, text: &[u8]) {
        let text = Name::from_slice(text);
        match end {
            End::Left => self.texts.push_front(text),
            End::Right => self.texts.push_back(text),
        }
    }

    pub fn pop(&mut self, end: End) -> Option<Vec<u8>> {
        let text = match end {
            End::Left => self.texts.pop_front(),
            End::Right => self.texts.pop_back(),
        };
        self.tidy();
        text.map(|text| text.to_vec())
    }

    /// False: there is no such place.
    pub fn set(&mut self, place: usize, text: &[u8]) -> bool {
        let known = self.texts.get_mut(place);
        known.map(|known| *known = Name::from_slice(text)).is_some()
    }

    pub fn insert(&mut self, place: usize, side: Side, text: &[u8]) {
        let place = match side {
            Side::Before => place,
            Side::After => place.saturating_add(1),
        };
        self.texts.insert(place.min(self.len()), Name::from_slice(text));
    }

    /// Removes the texts at these places, which rise.
    pub fn remove(&mut self, places: &[usize]) {
        let (mut place, mut places) = (0, places.iter().copied().peekable());
        self.texts.retain(|_| {
            let is_it = places.next_if_eq(&place).is_some();
            place += 1;
            !is_it
        });
        self.tidy();
    }

    /// Removes all but the texts at these places.
    pub fn keep(&mut self, places: Range<usize>) {
        self.texts.truncate(places.end);
        self.texts.drain(..places.start.min(self.texts.len()));
        self.tidy();
    }

    /// The list that this is, as if `me` had pushed all of it at once.
    pub fn to_list(&self, me: Replica) -> List {
        let tag = Tag::new(self.born, me);
        let write = Write { now_ms: self.born.ms(), tag, tombstones: Tombstones::Drop };
        List::of_texts(&write, self.texts.iter().map(|text| &**text))
    }

    /// Bytes of heap that it holds, long texts estimated from the first ones.
    pub fn heap_bytes(&self) -> usize {
        let spilled: usize = self.texts.iter().take(SAMPLE).map(Name::heap_bytes).sum();
        let taken = self.len().clamp(1, SAMPLE);
        self.texts.capacity() * size_of::<Name>() + spilled * self.len() / taken
    }

    /// Gives memory back after many removals, in steps that keep the cost of a removal constant.
    fn tidy(&mut self) {
        if self.texts.capacity() > KEPT_TEXTS && self.len() < self.texts.capacity() / 8 {
            self.texts.shrink_to(2 * self.len());
        }
    }
}
