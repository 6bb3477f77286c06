//! Lists: elements that stand in one order everywhere. Whatever is pushed is kept; what is removed was seen.

use super::collection::{Index, Value};
use super::collections::Collections;
use super::place::{self, Mark, Near};
use super::wire::{Decoder, Encoder};
use super::{Collection, Kind, MemberDeadline, Own, Write};
use crate::base::codec::Malformed;
use crate::base::rank_tree::{RankTree, Ranks};
use crate::base::{Name, Replica, Stamp};
use std::ops::Range;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The members' names are the elements' places (`place`), and each is written once: what LSET puts in
/// is another element at that place.
pub type List = Collection<Item>;

/// An end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Left,
    Right,
}

/// The side of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

/// What an element says. It never changes, so whoever has it has the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item(Box<[u8]>);

impl Item {
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.0
    }
}

/// The places of the elements in their order.
#[derive(Clone, Debug, Default)]
pub struct Order(RankTree<Name>);

/// What one write puts into a list.
#[derive(Clone, Copy, Debug)]
pub struct Writer {
    write: Write,
    elements: u32,
}

impl Writer {
    #[must_use]
    pub fn new(write: Write) -> Writer {
        Writer { write, elements: 0 }
    }

    #[must_use]
    pub fn write(&self) -> &Write {
        &self.write
    }

    fn mark(&mut self) -> Mark {
        let nth = self.elements;
        self.elements += 1;
        Mark { tag: self.write.tag, nth }
    }

    /// The place of what is pushed at an end of `list`.
    pub fn pushed(&mut self, list: &List, end: End) -> Name {
        let last = match end {
            End::Left => list.place(0),
            End::Right => list.place(list.len().wrapping_sub(1)),
        };
        place::pushed(end, last.map(|name| &**name), self.mark())
    }

    /// The place beside the element at an index.
    pub fn inserted(&mut self, list: &List, index: usize, side: Side) -> Name {
        let (left, right, near) = match side {
            Side::Before => (index.checked_sub(1), Some(index), Near::Right),
            Side::After => (Some(index), index.checked_add(1), Near::Left),
        };
        let at = |index: Option<usize>| list.place(index?).map(|name| &**name);
        place::inserted(at(left), at(right), near, self.mark())
    }

    /// The place of what replaces the element at an index; `None`: there is none.
    pub fn replaced(&mut self, list: &List, index: usize) -> Option<Name> {
        let old = list.place(index)?;
        let at = |index: Option<usize>| list.place(index?).map(|name| &**name);
        let (left, right) = (index.checked_sub(1), index.checked_add(1));
        Some(place::replaced(old, at(left), at(right), self.mark()))
    }
}

impl List {
    /// The place of the element at an index.
    #[must_use]
    pub fn place(&self, index: usize) -> Option<&Name> {
        self.index().0.get(index)
    }

    /// The text of the element at an index.
    #[must_use]
    pub fn text(&self, index: usize) -> Option<&[u8]> {
        self.get(self.place(index)?).map(Item::text)
    }

    /// The texts of the elements at these indexes, as far as there are such.
    #[must_use]
    pub fn texts(&self, indexes: Range<usize>) -> Texts<'_> {
        Texts { list: self, places: self.index().0.range(indexes) }
    }

    /// Puts an element in.
    pub fn put_in(&mut self, write: &Write, place: &[u8], text: &[u8]) {
        self.change(write, place, MemberDeadline::Keep, |item| item.0 = text.into());
    }

    /// A list of these texts, as if one write had pushed them.
    #[must_use]
    pub fn of_texts<'t>(write: &Write, texts: impl Iterator<Item = &'t [u8]>) -> List {
        let (mut list, mut writer) = (List::default(), Writer::new(*write));
        for text in texts {
            let place = writer.pushed(&list, End::Right);
            list.put_in(write, &place, text);
        }
        list
    }
}

/// Texts of a list, from either end.
#[derive(Clone, Debug)]
pub struct Texts<'l> {
    list: &'l List,
    places: Ranks<'l, Name>,
}

impl<'l> Texts<'l> {
    fn at(&self, place: &Name) -> &'l [u8] {
        self.list.get(place).map(Item::text).unwrap_or_default()
    }
}

impl<'l> Iterator for Texts<'l> {
    type Item = &'l [u8];

    fn next(&mut self) -> Option<&'l [u8]> {
        let place = self.places.next()?;
        Some(self.at(place))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.places.size_hint()
    }
}

impl DoubleEndedIterator for Texts<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let place = self.places.next_back()?;
        Some(self.at(place))
    }
}

impl ExactSizeIterator for Texts<'_> {}

impl Value for Item {
    const KIND: Kind = Kind::List;
    const COUNTS: bool = false;

    type Index = Order;

    fn among(collections: &Collections) -> &Option<Box<List>> {
        &collections.list
    }

    fn among_mut(collections: &mut Collections) -> &mut Option<Box<List>> {
        &mut collections.list
    }

    fn is_living(&self) -> bool {
        true
    }

    fn is_blank(&self) -> bool {
        true
    }

    fn forget(&mut self) {
        self.bury();
    }

    fn merge(&mut self, other: &Item) {
        if self.0.is_empty() {
            self.0.clone_from(&other.0);
        }
    }

    /// The text of what is gone is of no use to anybody.
    fn bury(&mut self) {
        self.0 = Box::default();
    }

    fn collect(&mut self) {}

    fn tombstones_mark(&self) -> u64 {
        0
    }

    fn tombstones_part(&self) -> Item {
        Item::default()
    }

    fn digest(&self, seed: u64) -> u64 {
        xxh3_64_with_seed(self.text(), seed)
    }

    fn max_stamp(&self) -> Stamp {
        Stamp::NEVER
    }

    fn own(&self, _: Replica) -> Own {
        Own::default()
    }

    fn reissue(&self, _: Replica, _: Option<&Own>, _: Stamp, _: Replica, _: Option<&Item>) -> Item {
        self.clone()
    }

    fn mentions(&self, _: Replica) -> bool {
        false
    }

    fn exceeds(&self, _: Replica, _: Option<&Item>) -> bool {
        false
    }

    fn heap_bytes(&self) -> usize {
        self.text().len()
    }

    fn encode(&self, out: &mut Encoder) {
        out.bytes(self.text());
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Item, Malformed> {
        Ok(Item(from.bytes()?.into()))
    }
}

impl Index<Item> for Order {
    fn enter(&mut self, place: &Name, _: &Item) {
        self.0.insert(place.clone());
    }

    fn leave(&mut self, place: &Name, _: &Item) {
        self.0.remove(|known| known.cmp(place));
    }

    fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }
}
