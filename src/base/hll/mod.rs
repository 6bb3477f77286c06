//! HyperLogLog as Redis has it: its strings in both forms, its hash, its estimator.
//!
//! After `hyperloglog.c` of Redis 7, of which every byte here is taken: values go from one server to the
//! other. The estimator is Ertl's ("New cardinality estimation algorithms for HyperLogLog sketches", 2017).

mod estimate;
mod hash;
mod sparse;

pub use estimate::estimate;
pub use hash::hash;

use sparse::SparseError;

/// Registers in each: 2^14.
pub const REGISTERS: usize = 1 << 14;
/// The highest rank that a 64-bit hash can have.
pub const RANK_MAX: u8 = 51;
/// The highest rank that a register can say.
pub const RANK_LIMIT: u8 = 63;
const HEADER: usize = 16;
const MAGIC: &[u8; 4] = b"HYLL";
const DENSE: u8 = 0;
const SPARSE: u8 = 1;
const RANK_BITS: usize = 6;
const DENSE_BYTES: usize = HEADER + REGISTERS * RANK_BITS / 8;
/// Where the header says how many there are, little-endian; its last bit is raised while that is stale.
const CARDINALITY: std::ops::Range<usize> = 8..16;
const STALE: u8 = 1 << 7;

/// What is the matter with a string that should be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HllError {
    /// Another string.
    NotOne,
    /// The sparse form breaks off, or has too many registers.
    Corrupted,
}

/// The rank of every register.
pub type Ranks = [u8; REGISTERS];

/// The form that a string is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Dense,
    Sparse,
}

/// One without elements.
#[must_use]
pub fn empty() -> Vec<u8> {
    let mut text = header(SPARSE);
    sparse::put_zeros(&mut text, REGISTERS);
    text
}

/// The form of a string that has the look of one.
///
/// # Errors
/// It has not.
pub fn form(text: &[u8]) -> Result<Form, HllError> {
    if text.len() < HEADER || !text.starts_with(MAGIC) {
        return Err(HllError::NotOne);
    }
    match text[MAGIC.len()] {
        DENSE if text.len() == DENSE_BYTES => Ok(Form::Dense),
        SPARSE => Ok(Form::Sparse),
        _ => Err(HllError::NotOne),
    }
}

/// Adds an element; true when a register rose. `sparse_max_bytes`: a sparse string grows no longer.
///
/// # Errors
/// The string is none, or is corrupted.
pub fn add(text: &mut Vec<u8>, element: &[u8], sparse_max_bytes: usize) -> Result<bool, HllError> {
    let (register, rank) = hash(element);
    raise(text, register, rank, sparse_max_bytes)
}

/// Raises a register to a rank; true when it was lower. The cardinality that is written down is stale
/// then, which [`make_stale`] says.
///
/// # Errors
/// As [`add`].
pub fn raise(
    text: &mut Vec<u8>,
    register: u16,
    rank: u8,
    sparse_max_bytes: usize,
) -> Result<bool, HllError> {
    if form(text)? == Form::Sparse {
        match sparse::raise(text, usize::from(register), rank, sparse_max_bytes) {
            Ok(raised) => return Ok(raised),
            Err(SparseError::Corrupted) => return Err(HllError::Corrupted),
            Err(SparseError::TooLong) => to_dense(text).map(|_| ())?,
        }
    }
    let registers = &mut text[HEADER..];
    let raised = rank_at(registers, usize::from(register)) < rank;
    if raised {
        put_rank(registers, usize::from(register), rank);
    }
    Ok(raised)
}

/// Makes a string dense that is not.
///
/// # Errors
/// As [`add`].
pub fn to_dense(text: &mut Vec<u8>) -> Result<bool, HllError> {
    if form(text)? == Form::Dense {
        return Ok(false);
    }
    let ranks = ranks(text)?;
    let mut dense = text[..HEADER].to_vec();
    dense[MAGIC.len()] = DENSE;
    put_dense(&mut dense, &ranks);
    *text = dense;
    Ok(true)
}

/// The rank of every register.
///
/// # Errors
/// As [`add`].
pub fn ranks(text: &[u8]) -> Result<Box<Ranks>, HllError> {
    let mut ranks = Box::new([0; REGISTERS]);
    match form(text)? {
        Form::Sparse => sparse::ranks(&text[HEADER..], &mut ranks)?,
        Form::Dense => {
            let registers = &text[HEADER..];
            ranks.iter_mut().enumerate().for_each(|(at, rank)| *rank = rank_at(registers, at));
        }
    }
    Ok(ranks)
}

/// The string of these registers: sparse as long as that has no more than `sparse_max_bytes` and can say all
/// ranks. What it says of the cardinality is stale.
#[must_use]
pub fn of_ranks(ranks: &Ranks, sparse_max_bytes: usize) -> Vec<u8> {
    let mut text = header(SPARSE);
    if !sparse::put_ranks(&mut text, ranks, sparse_max_bytes) {
        text = header(DENSE);
        put_dense(&mut text, ranks);
    }
    make_stale(&mut text);
    text
}

/// The cardinality that is written down, unless it is stale.
#[must_use]
pub fn cardinality(text: &[u8]) -> Option<u64> {
    let bytes: [u8; 8] = text.get(CARDINALITY)?.try_into().ok()?;
    (bytes[7] & STALE == 0).then(|| u64::from_le_bytes(bytes))
}

/// Writes the cardinality down.
pub fn put_cardinality(text: &mut [u8], count: u64) {
    if let Some(place) = text.get_mut(CARDINALITY) {
        place.copy_from_slice(&count.to_le_bytes());
    }
}

/// What is written down of the cardinality does not hold any more.
pub fn make_stale(text: &mut [u8]) {
    if let Some(last) = text.get_mut(CARDINALITY.end - 1) {
        *last |= STALE;
    }
}

/// The sparse form as PFDEBUG DECODE prints it.
///
/// # Errors
/// As [`add`].
pub fn decode_sparse(text: &[u8]) -> Result<String, HllError> {
    form(text)?;
    Ok(sparse::describe(&text[HEADER..]))
}

fn header(form: u8) -> Vec<u8> {
    let mut text = MAGIC.to_vec();
    text.push(form);
    text.resize(HEADER, 0);
    text
}

fn put_dense(text: &mut Vec<u8>, ranks: &Ranks) {
    text.resize(DENSE_BYTES, 0);
    let registers = &mut text[HEADER..];
    let nonzero = ranks.iter().enumerate().filter(|(_, rank)| **rank > 0);
    nonzero.for_each(|(at, rank)| put_rank(registers, at, *rank));
}

/// Six bits each, the first in the low bits of the first byte.
fn rank_at(registers: &[u8], at: usize) -> u8 {
    let (byte, bit) = (at * RANK_BITS / 8, at * RANK_BITS % 8);
    let next = registers.get(byte + 1).copied().unwrap_or(0);
    let pair = u16::from_le_bytes([registers[byte], next]);
    (pair >> bit) as u8 & RANK_LIMIT
}

fn put_rank(registers: &mut [u8], at: usize, rank: u8) {
    let (byte, bit) = (at * RANK_BITS / 8, at * RANK_BITS % 8);
    let next = registers.get(byte + 1).copied().unwrap_or(0);
    let pair = u16::from_le_bytes([registers[byte], next]);
    let pair = pair & !(u16::from(RANK_LIMIT) << bit) | u16::from(rank) << bit;
    let [low, high] = pair.to_le_bytes();
    registers[byte] = low;
    if let Some(next) = registers.get_mut(byte + 1) {
        *next = high;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of_elements(count: u32, sparse_max_bytes: usize) -> Vec<u8> {
        let mut text = empty();
        for element in 0..count {
            add(&mut text, format!("element {element}").as_bytes(), sparse_max_bytes).unwrap();
        }
        text
    }

    #[test]
    fn both_forms_say_the_same() {
        for count in [0, 1, 10, 100, 1_000, 10_000] {
            let (sparse, dense) = (of_elements(count, 1 << 20), of_elements(count, 0));
            assert_eq!(ranks(&sparse).unwrap(), ranks(&dense).unwrap(), "{count} elements");
            assert!(count == 0 || form(&dense) == Ok(Form::Dense));
        }
    }

    #[test]
    fn a_million_elements_are_about_a_million() {
        let ranks = ranks(&of_elements(1_000_000, 3_000)).unwrap();
        let error = (estimate(&ranks) as f64 - 1e6).abs() / 1e6;
        assert!(error < 0.025, "off by {error}");
    }

    proptest! {
        #[test]
        fn registers_come_back(
            raised in prop::collection::vec((0..REGISTERS, 0..=RANK_LIMIT), 0..200),
            limit in prop::sample::select(vec![0, 40, 3_000]),
        ) {
            let mut want = Box::new([0; REGISTERS]);
            raised.into_iter().for_each(|(at, rank)| want[at] = rank);
            prop_assert_eq!(ranks(&of_ranks(&want, limit)).unwrap(), want);
        }

        #[test]
        fn any_bytes_are_refused_or_read(bytes: Vec<u8>, form in 0u8..3, rank in 1..=RANK_MAX) {
            let mut text = header(form);
            text.extend(bytes);
            let _ = (ranks(&text), decode_sparse(&text), cardinality(&text));
            let _ = raise(&mut text, 16_383, rank, 3_000);
            let _ = to_dense(&mut text);
        }
    }
}
