//! Bits over a text, in chunks: a bitmap with one bit far out takes one chunk.

use super::Cells;
use crate::base::Replica;
use crate::base::codec::Malformed;
use crate::crdt::wire::{Decoder, Encoder};
use std::collections::BTreeMap;

const WORDS: usize = 64;
const CHUNK_BYTES: usize = WORDS * 8;
const CHUNK_BITS: u32 = CHUNK_BYTES as u32 * 8;

type Words = [u64; WORDS];

/// Which bits are 1, and which are 0 whatever lies beneath. The first bit of a text is the highest of
/// its first byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bitmap {
    chunks: BTreeMap<u32, Chunk>,
    digest: u64,
}

/// No bit is in both; most bitmaps have no zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Chunk {
    ones: Box<Words>,
    zeros: Option<Box<Words>>,
}

impl Default for Chunk {
    fn default() -> Self {
        Chunk { ones: Box::new([0; WORDS]), zeros: None }
    }
}

impl Bitmap {
    /// The bit, if there is one over the text.
    #[must_use]
    pub fn get(&self, place: u32) -> Option<bool> {
        let chunk = self.chunks.get(&(place / CHUNK_BITS))?;
        let (word, mask) = within(place);
        let is_zero = || chunk.zeros.as_ref().is_some_and(|zeros| zeros[word] & mask != 0);
        if chunk.ones[word] & mask != 0 { Some(true) } else { is_zero().then_some(false) }
    }

    /// How long a text is at least that these bits lie over.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        let Some((number, chunk)) = self.chunks.last_key_value() else { return 0 };
        let last = (0..WORDS).rev().find_map(|at| Some((at, chunk.any(at))).filter(|w| w.1 != 0));
        let bytes = last.map_or(0, |(at, word)| at * 8 + 8 - word.trailing_zeros() as usize / 8);
        *number as usize * CHUNK_BYTES + bytes
    }

    /// Lays the bits over `bytes`, which begin at the byte `offset` of the text.
    pub fn lay_over(&self, offset: usize, bytes: &mut [u8]) {
        let end = offset + bytes.len();
        let first = u32::try_from(offset / CHUNK_BYTES).unwrap_or(u32::MAX);
        for (number, chunk) in self.chunks.range(first..) {
            let from = *number as usize * CHUNK_BYTES;
            if from >= end {
                return;
            }
            let words = offset.saturating_sub(from) / 8..(end - from).div_ceil(8).min(WORDS);
            for at in words {
                let zero = chunk.zeros.as_ref().map_or(0, |zeros| zeros[at]);
                lay_word(chunk.ones[at], zero, from + at * 8, offset, bytes);
            }
        }
    }

    fn cells(&self) -> impl Iterator<Item = (u32, bool)> {
        self.chunks.iter().flat_map(|(number, chunk)| {
            let places = (0..CHUNK_BITS).map(move |bit| number * CHUNK_BITS + bit);
            places.filter_map(|place| {
                let (word, mask) = within(place);
                let is_one = chunk.ones[word] & mask != 0;
                (chunk.any(word) & mask != 0).then_some((place, is_one))
            })
        })
    }
}

impl Chunk {
    /// A word of the bits that are there.
    fn any(&self, at: usize) -> u64 {
        self.ones[at] | self.zeros.as_ref().map_or(0, |zeros| zeros[at])
    }

    fn clear_zero(&mut self, word: usize, mask: u64) {
        let Some(zeros) = self.zeros.as_mut().filter(|zeros| zeros[word] & mask != 0) else {
            return;
        };
        zeros[word] &= !mask;
        if zeros.iter().all(|word| *word == 0) {
            self.zeros = None;
        }
    }

    fn is_empty(&self) -> bool {
        (0..WORDS).all(|at| self.any(at) == 0)
    }
}

impl Cells for Bitmap {
    type Key = u32;
    const PLACE_MAX: u32 = u32::MAX;
    const VALUE_MAX: u8 = 1;
    const REPLACES: bool = true;

    fn key(place: u32, _writer: Replica) -> u32 {
        place
    }

    fn place(key: u32) -> u32 {
        key
    }

    fn put(&mut self, place: u32, value: u8) {
        let before = self.get(place);
        let is_one = value != 0;
        if before == Some(is_one) {
            return;
        }
        self.digest = self.digest.wrapping_sub(before.map_or(0, |bit| hash(place, bit)));
        self.digest = self.digest.wrapping_add(hash(place, is_one));
        let chunk = self.chunks.entry(place / CHUNK_BITS).or_default();
        let (word, mask) = within(place);
        if is_one {
            chunk.ones[word] |= mask;
            chunk.clear_zero(word, mask);
        } else {
            chunk.ones[word] &= !mask;
            chunk.zeros.get_or_insert_with(|| Box::new([0; WORDS]))[word] |= mask;
        }
    }

    fn clear(&mut self, place: u32) {
        let Some(before) = self.get(place) else { return };
        let number = place / CHUNK_BITS;
        let Some(chunk) = self.chunks.get_mut(&number) else { return };
        self.digest = self.digest.wrapping_sub(hash(place, before));
        let (word, mask) = within(place);
        chunk.ones[word] &= !mask;
        chunk.clear_zero(word, mask);
        if chunk.is_empty() {
            self.chunks.remove(&number);
        }
    }

    /// Where one has 1 and the other 0 it is 1: that cannot be, and must be the same everywhere.
    fn join(&mut self, other: &Bitmap) {
        for (place, is_one) in other.cells() {
            if is_one || self.get(place).is_none() {
                self.put(place, u8::from(is_one));
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    fn digest(&self) -> u64 {
        self.digest
    }

    fn heap_bytes(&self) -> usize {
        let entry = size_of::<(u32, Chunk)>();
        let boxes = |chunk: &Chunk| 1 + usize::from(chunk.zeros.is_some());
        self.chunks.values().map(|chunk| entry + boxes(chunk) * size_of::<Words>()).sum()
    }

    /// How many chunks; each: how far from the one before, whether it has zeros, its ones and those.
    fn encode(&self, out: &mut Encoder) {
        out.varint(self.chunks.len() as u64);
        let mut next = 0;
        for (number, chunk) in &self.chunks {
            out.varint(u64::from(number - next) << 1 | u64::from(chunk.zeros.is_some()));
            next = number + 1;
            for words in [Some(&chunk.ones), chunk.zeros.as_ref()].into_iter().flatten() {
                words.iter().for_each(|word| out.out().extend(word.to_be_bytes()));
            }
        }
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Bitmap, Malformed> {
        let mut bits = Bitmap::default();
        let mut next = 0;
        for _ in 0..from.reader().count(CHUNK_BYTES)? {
            let word = from.varint()?;
            let number = u64::checked_add(next, word >> 1).and_then(|n| u32::try_from(n).ok());
            let number = number.filter(|number| *number <= u32::MAX / CHUNK_BITS);
            let number = number.ok_or(Malformed("a bit out of range"))?;
            next = u64::from(number) + 1;
            let ones = words(from)?;
            let mut chunk = Chunk { ones: Box::new(ones), zeros: None };
            if word & 1 != 0 {
                let mut zeros = words(from)?;
                zeros.iter_mut().zip(&ones).for_each(|(zero, one)| *zero &= !one);
                chunk.zeros = zeros.iter().any(|word| *word != 0).then(|| Box::new(zeros));
            }
            if !chunk.is_empty() {
                bits.chunks.insert(number, chunk);
            }
        }
        let cells = bits.cells().map(|(place, is_one)| hash(place, is_one));
        bits.digest = cells.fold(0, u64::wrapping_add);
        Ok(bits)
    }
}

fn words(from: &mut Decoder<'_>) -> Result<Words, Malformed> {
    let mut words = [0; WORDS];
    for word in &mut words {
        *word = u64::from_be_bytes(from.reader().array()?);
    }
    Ok(words)
}

/// Lays a word over `bytes`, of which the first is at `offset`, and the word's first at `place`.
fn lay_word(one: u64, zero: u64, place: usize, offset: usize, bytes: &mut [u8]) {
    if one | zero == 0 {
        return;
    }
    let within = place.checked_sub(offset).and_then(|at| bytes.get_mut(at..));
    if let Some(word) = within.and_then(|rest| rest.first_chunk_mut::<8>()) {
        *word = (u64::from_be_bytes(*word) & !zero | one).to_be_bytes();
        return;
    }
    for (byte, (one, zero)) in one.to_be_bytes().iter().zip(zero.to_be_bytes()).enumerate() {
        let at = (place + byte).checked_sub(offset);
        if let Some(byte) = at.and_then(|at| bytes.get_mut(at)) {
            *byte = *byte & !zero | one;
        }
    }
}

/// The word of a chunk in which a bit lies, and its mask there.
fn within(place: u32) -> (usize, u64) {
    ((place % CHUNK_BITS / 64) as usize, 1 << (63 - place % 64))
}

/// The finalizer of splitmix64: another number for another bit.
fn hash(place: u32, is_one: bool) -> u64 {
    let mut hash = (u64::from(place) << 1 | u64::from(is_one)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ hash >> 31
}
