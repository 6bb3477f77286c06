//! Bits and registers of a HyperLogLog in a scope.
//!
//! Where nobody else is told of writes they are bytes of a plain text, changed in place; else cells that
//! lie over it, so that others are told of what changed and nothing more.

use super::entry::{Entry, Growing, State, TextForm};
use super::watch::Outcome;
use super::{AccessError, KeyRef, Keys, Text};
use crate::base::hll::{self, HllError};
use crate::crdt::{Deadline, Key, Kind, Laid, Reading, Write};
use std::ops::{ControlFlow, Range};

/// How much of a text is looked at at once: it fits in the first cache.
const PIECE_BYTES: usize = 4_096;

impl Keys<'_> {
    /// The length of the visible text in bytes; `None`: there is no such key.
    pub fn text_len(&self, key: KeyRef<'_>) -> Result<Option<usize>, AccessError> {
        let Some(entry) = self.entry_touched(key)? else { return Ok(None) };
        match entry.laid(self.now_ms) {
            Some(laid) => Ok(Some(laid.len_bytes())),
            None => Ok(entry.text(self.now_ms)?.map(|text| text.len())),
        }
    }

    /// Reads the visible text from `offset` on; behind its end, and where there is no key, are zeros.
    pub fn read_at(
        &self,
        key: KeyRef<'_>,
        offset: usize,
        bytes: &mut [u8],
    ) -> Result<(), AccessError> {
        bytes.fill(0);
        let Some(entry) = self.entry_touched(key)? else { return Ok(()) };
        if let Some(laid) = entry.laid(self.now_ms) {
            laid.read_at(offset, bytes);
            return Ok(());
        }
        if let Some(text) = entry.text(self.now_ms)? {
            let there = text.get(offset..).unwrap_or_default();
            bytes.iter_mut().zip(there).for_each(|(byte, there)| *byte = *there);
        }
        Ok(())
    }

    /// The part of the visible text that `window` says of its length in bytes, and within it.
    pub fn text_part(
        &self,
        key: KeyRef<'_>,
        window: impl FnOnce(usize) -> Range<usize>,
    ) -> Result<Option<Text<'_>>, AccessError> {
        let Some(entry) = self.entry_touched(key)? else { return Ok(None) };
        if let Some(laid) = entry.laid(self.now_ms) {
            let range = window(laid.len_bytes());
            let mut part = vec![0; range.len()];
            laid.read_at(range.start, &mut part);
            return Ok(Some(Text::Owned(part)));
        }
        Ok(entry.text(self.now_ms)?.map(|text| text.part(window)))
    }

    /// Shows `look` the part of the visible text that `window` says of its length in bytes, piece by piece, each
    /// with its offset, until it breaks off: a long text under bits is not made for that. True: there is
    /// such a key.
    pub fn read_pieces(
        &self,
        key: KeyRef<'_>,
        window: impl FnOnce(usize) -> Range<usize>,
        mut look: impl FnMut(usize, &[u8]) -> ControlFlow<()>,
    ) -> Result<bool, AccessError> {
        let Some(entry) = self.entry_touched(key)? else { return Ok(false) };
        let Some(laid) = entry.laid(self.now_ms) else {
            let Some(text) = entry.text(self.now_ms)? else { return Ok(false) };
            let range = window(text.len());
            let _ = text.get(range.clone()).map(|piece| look(range.start, piece));
            return Ok(true);
        };
        let range = window(laid.len_bytes());
        let mut piece = [0; PIECE_BYTES];
        for offset in range.clone().step_by(PIECE_BYTES) {
            let piece = &mut piece[..PIECE_BYTES.min(range.end - offset)];
            laid.read_at(offset, piece);
            if look(offset, piece).is_break() {
                break;
            }
        }
        Ok(true)
    }

    /// SETBIT, BITFIELD: writes bits of a text, or of a missing key; the deadline stays. The caller has
    /// checked the type and the size. A bit that is there already is told all the same: it may count against
    /// an earlier write elsewhere.
    pub fn put_bits(
        &mut self,
        key: KeyRef<'_>,
        bits: impl Iterator<Item = (u32, bool)> + Clone,
    ) -> Result<(), AccessError> {
        if self.keyspace.keeps() {
            let seen = bits.clone();
            let is_seen = |entry: &Entry, now_ms| entry.shows_other_bits(now_ms, seen);
            self.put_cells(key, is_seen, |whole, write| whole.put_bits(write, bits));
            return Ok(());
        }
        let put = |text: &mut Vec<u8>| {
            let mut is_changed = false;
            bits.for_each(|(place, bit)| is_changed |= put_bit(text, place, bit));
            is_changed
        };
        self.edit_text(key, put).map(|_| ())
    }

    /// BITOP: the key becomes this text without a deadline, as SET makes it; Redis holds it `raw`.
    pub fn put_raw(&mut self, key: KeyRef<'_>, text: &[u8]) {
        self.set_text(key, text, Deadline::Clear);
        self.set_form(key, TextForm::Grown);
    }

    /// PFADD, PFMERGE, where cells are told: raises registers of a HyperLogLog, or of a missing key, which
    /// becomes one; the deadline stays. The caller has checked the type, and that they rise.
    pub fn raise_registers(&mut self, key: KeyRef<'_>, raised: &[(u16, u8)]) {
        // A register of rank 0 says that there is one without elements.
        let raised = if raised.is_empty() { &[(0, 0)] } else { raised };
        let raise = |whole: &mut Key, write: &Write| {
            whole.raise_registers(write, raised.iter().copied());
        };
        self.put_cells(key, |_, _| true, raise);
    }

    /// The same where none are told: true when a register rose. A merge makes stale what is noted of the
    /// cardinality, even if none did. `sparse_max_bytes`: how long one may get before it is dense.
    pub fn raise_in_text(
        &mut self,
        key: KeyRef<'_>,
        raised: &[(u16, u8)],
        is_merge: bool,
        sparse_max_bytes: usize,
    ) -> Result<Result<bool, HllError>, AccessError> {
        self.edit_text(key, |text| {
            let is_new = text.is_empty();
            if is_new {
                *text = hll::empty();
            }
            let mut rose = false;
            for (register, rank) in raised {
                rose |= hll::raise(text, *register, *rank, sparse_max_bytes)?;
            }
            if rose || is_new || is_merge {
                hll::make_stale(text);
            }
            Ok(rose)
        })
    }

    /// Makes a HyperLogLog dense, or of a missing key an empty one that is.
    pub fn make_dense(&mut self, key: KeyRef<'_>) -> Result<Result<(), HllError>, AccessError> {
        self.edit_text(key, |text| {
            if text.is_empty() {
                *text = hll::empty();
            }
            hll::to_dense(text).map(|_| ())
        })
    }

    /// The ranks of a HyperLogLog that is held as registers alone; `None`: it is held as a text.
    pub fn held_ranks(&self, key: KeyRef<'_>) -> Result<Option<Box<hll::Ranks>>, AccessError> {
        let reading = self.entry(key)?.and_then(|entry| entry.reading(self.now_ms));
        Ok(reading.and_then(|reading| reading.ranks()))
    }

    /// As [`Keys::held_ranks`], of some registers those that would rise.
    pub fn rising(
        &self,
        key: KeyRef<'_>,
        raised: &[(u16, u8)],
    ) -> Result<Option<Vec<(u16, u8)>>, AccessError> {
        let reading = self.entry(key)?.and_then(|entry| entry.reading(self.now_ms));
        let Some(reading) = reading else { return Ok(None) };
        let mut rising = Vec::new();
        for (register, rank) in raised {
            match reading.rank(*register) {
                None => return Ok(None),
                Some(known) if known < *rank => rising.push((*register, *rank)),
                Some(_) => {}
            }
        }
        Ok(Some(rising).filter(|_| !raised.is_empty()))
    }

    /// PFCOUNT: notes in a HyperLogLog how many there are. Of one that is held as cells nothing is noted:
    /// it has to look the same on every node.
    pub fn note_cardinality(&mut self, key: KeyRef<'_>, count: u64) -> Result<(), AccessError> {
        if self.keyspace.keeps() {
            return Ok(());
        }
        if !self.is_exclusive(key) {
            return Err(AccessError::NeedsExclusive);
        }
        self.edit_text(key, |text| hll::put_cardinality(text, count))
    }

    /// Whether cells of texts are told to others, or written down.
    #[must_use]
    pub fn tells_cells(&self) -> bool {
        self.keyspace.keeps()
    }

    /// Writes cells over the text, by `put`, of which users see something or not.
    fn put_cells(
        &mut self,
        key: KeyRef<'_>,
        is_seen: impl FnOnce(&Entry, u64) -> bool,
        put: impl FnOnce(&mut Key, &Write),
    ) {
        let me = self.keyspace.me();
        let (mut put, mut is_seen) = (Some(put), Some(is_seen));
        let changed = self.change(key, |entry, write| {
            let (put, is_seen) = (put.take()?, is_seen.take()?);
            let is_seen = is_seen(entry, write.now_ms);
            let mut whole = entry.take_key(me);
            put(&mut whole, write);
            entry.set_key(whole, me, write.now_ms);
            entry.form = TextForm::Grown;
            Some(is_seen)
        });
        if let (None, Some(put)) = (changed.flatten(), put) {
            let write = self.keyspace.write(self.now_ms);
            let mut entry = Entry::empty(key.name);
            let mut whole = Key::default();
            put(&mut whole, &write);
            entry.set_key(whole, me, self.now_ms);
            self.put_new(key, entry.state, Deadline::Keep, &write);
            self.set_form(key, TextForm::Grown);
        }
    }

    /// Changes a text in place, with room to grow; a missing key is an empty one.
    fn edit_text<R: Outcome>(
        &mut self,
        key: KeyRef<'_>,
        edit: impl FnOnce(&mut Vec<u8>) -> R,
    ) -> Result<R, AccessError> {
        let mut edit = Some(edit);
        let changed = self.change(key, |entry, write| edit_in_place(entry, write, &mut edit));
        if let Some(result) = changed.flatten() {
            return Ok(result);
        }
        let edit = edit.ok_or(AccessError::WrongType)?;
        let mut text = self.text(key)?.map(|text| text.to_vec()).unwrap_or_default();
        let result = edit(&mut text);
        self.set_text(key, &text, Deadline::Keep);
        self.set_form(key, TextForm::Grown);
        Ok(result)
    }
}

impl Entry {
    /// The string of a whole form, not read yet.
    fn reading(&self, now_ms: u64) -> Option<Reading<'_>> {
        match &self.state {
            State::Whole(whole) => whole.key.reading(now_ms),
            _ => None,
        }
    }

    /// Whether users will see a difference when these bits are put: else it is no change to who watches the key.
    fn shows_other_bits(&self, now_ms: u64, mut bits: impl Iterator<Item = (u32, bool)>) -> bool {
        let laid = self.laid(now_ms);
        let text = if laid.is_none() { self.text(now_ms).ok().flatten() } else { None };
        let text = text.as_deref().unwrap_or_default();
        let len_bytes = laid.as_ref().map_or(text.len(), |laid| laid.len_bytes());
        bits.any(|(place, bit)| {
            let (at, mut byte) = (place as usize / 8, [0]);
            match &laid {
                Some(laid) => laid.read_at(at, &mut byte),
                None => byte[0] = text.get(at).copied().unwrap_or(0),
            }
            at >= len_bytes || (byte[0] & (1 << (7 - place % 8)) != 0) != bit
        })
    }

    /// Bits over a base, of which a part can be read alone; in all other forms a text is borrowed, or short.
    fn laid(&self, now_ms: u64) -> Option<Laid<'_>> {
        self.reading(now_ms)?.laid()
    }
}

/// `None`, and nothing is done: there is no text that could be changed in place.
fn edit_in_place<R, E: FnOnce(&mut Vec<u8>) -> R>(
    entry: &mut Entry,
    write: &Write,
    edit: &mut Option<E>,
) -> Option<R> {
    if entry.kind(write.now_ms) != Some(Kind::String) {
        return None;
    }
    if let State::Text { text, .. } = &mut entry.state {
        let text = std::mem::take(text).into_vec();
        entry.state = State::Growing(Box::new(Growing { stamp: write.stamp(), text }));
    }
    let State::Growing(growing) = &mut entry.state else { return None };
    growing.stamp = write.stamp();
    entry.form = TextForm::Grown;
    edit.take().map(|edit| edit(&mut growing.text))
}

/// True when the text is another one.
fn put_bit(text: &mut Vec<u8>, place: u32, bit: bool) -> bool {
    let at = place as usize / 8;
    let is_longer = text.len() <= at;
    if is_longer {
        text.resize(at + 1, 0);
    }
    let mask = 1 << (7 - place % 8);
    let before = text[at];
    if bit {
        text[at] |= mask;
    } else {
        text[at] &= !mask;
    }
    is_longer || text[at] != before
}
