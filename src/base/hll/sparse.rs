//! The sparse form: runs of registers of the same rank.
//!
//! `00llllll`: l + 1 zeros. `01llllll llllllll`: as many. `1vvvvvll`: l + 1 registers of rank v + 1.

use super::{HEADER, HllError, REGISTERS, Ranks};
use std::fmt::Write as _;
use std::ops::Range;

const ZEROS_MAX: usize = 64;
const VALUES_MAX: usize = 4;
const RANK_MAX: u8 = 32;
/// How many runs are looked at for neighbours that can be one.
const JOINED_MAX: usize = 5;

/// Why a register was not raised.
pub(super) enum SparseError {
    Corrupted,
    /// It can be said in the dense form only.
    TooLong,
}

/// A run of registers.
#[derive(Clone, Copy)]
struct Run {
    rank: u8,
    len: usize,
    /// Bytes that it takes.
    bytes: usize,
}

impl Run {
    /// The run at the front.
    fn read(bytes: &[u8]) -> Option<Run> {
        let first = *bytes.first()?;
        Some(match first >> 6 {
            0 => Run { rank: 0, len: usize::from(first & 0x3f) + 1, bytes: 1 },
            1 => {
                let len = usize::from(first & 0x3f) << 8 | usize::from(*bytes.get(1)?);
                Run { rank: 0, len: len + 1, bytes: 2 }
            }
            _ => Run { rank: (first >> 2 & 0x1f) + 1, len: usize::from(first & 3) + 1, bytes: 1 },
        })
    }
}

fn put_values(out: &mut Vec<u8>, rank: u8, len: usize) {
    out.push(0x80 | (rank - 1) << 2 | (len - 1) as u8);
}

/// One run of zeros, of one register at least.
pub(super) fn put_zeros(out: &mut Vec<u8>, len: usize) {
    let less = len - 1;
    if len > ZEROS_MAX {
        out.push(0x40 | (less >> 8) as u8);
    }
    out.push(less as u8);
}

/// Writes runs behind a header; false when that takes more than `max_bytes` or cannot be said.
pub(super) fn put_ranks(text: &mut Vec<u8>, ranks: &Ranks, max_bytes: usize) -> bool {
    for run in ranks.chunk_by(|one, other| one == other) {
        match run[0] {
            0 => put_zeros(text, run.len()),
            rank if rank > RANK_MAX => return false,
            rank => run.chunks(VALUES_MAX).for_each(|run| put_values(text, rank, run.len())),
        }
        if text.len() > max_bytes {
            return false;
        }
    }
    true
}

pub(super) fn ranks(mut runs: &[u8], ranks: &mut Ranks) -> Result<(), HllError> {
    let mut at = 0;
    while !runs.is_empty() {
        let run = Run::read(runs).ok_or(HllError::Corrupted)?;
        let registers = ranks.get_mut(at..at + run.len).ok_or(HllError::Corrupted)?;
        registers.fill(run.rank);
        at += run.len;
        runs = &runs[run.bytes..];
    }
    if at == REGISTERS { Ok(()) } else { Err(HllError::Corrupted) }
}

/// As PFDEBUG DECODE prints it.
pub(super) fn describe(mut runs: &[u8]) -> String {
    let mut out = String::new();
    while let Some(run) = Run::read(runs) {
        let _ = match (run.rank, run.bytes) {
            (0, 1) => write!(out, "z:{} ", run.len),
            (0, _) => write!(out, "Z:{} ", run.len),
            (rank, _) => write!(out, "v:{rank},{} ", run.len),
        };
        runs = &runs[run.bytes..];
    }
    out.truncate(out.trim_end().len());
    out
}

/// Raises a register, byte for byte as Redis does it: true when it was lower.
pub(super) fn raise(
    text: &mut Vec<u8>,
    register: usize,
    rank: u8,
    max_bytes: usize,
) -> Result<bool, SparseError> {
    if rank > RANK_MAX {
        return Err(SparseError::TooLong);
    }
    let (mut at, mut first, mut before) = (HEADER, 0, HEADER);
    let run = loop {
        let run = Run::read(&text[at..]).ok_or(SparseError::Corrupted)?;
        if register < first + run.len {
            break run;
        }
        before = at;
        at += run.bytes;
        first += run.len;
    };
    if run.rank >= rank {
        return Ok(false);
    }
    let mut split = Vec::with_capacity(5);
    part(&mut split, run.rank, register - first);
    put_values(&mut split, rank, 1);
    part(&mut split, run.rank, first + run.len - 1 - register);
    if split.len() > run.bytes && text.len() + split.len() - run.bytes > max_bytes {
        return Err(SparseError::TooLong);
    }
    text.splice(at..at + run.bytes, split);
    join_values(text, before);
    Ok(true)
}

/// What is left of a run on one side.
fn part(out: &mut Vec<u8>, rank: u8, len: usize) {
    match (rank, len) {
        (_, 0) => {}
        (0, len) => put_zeros(out, len),
        (rank, len) => put_values(out, rank, len),
    }
}

/// Makes one run of neighbours of the same rank, from `at` on.
fn join_values(text: &mut Vec<u8>, mut at: usize) {
    for _ in 0..JOINED_MAX {
        let Some(run) = Run::read(text.get(at..).unwrap_or_default()) else { return };
        let next = text.get(at + run.bytes..).and_then(Run::read);
        let both = next.filter(|next| run.rank > 0 && next.rank == run.rank);
        match both.map(|next| run.len + next.len) {
            Some(len) if len <= VALUES_MAX => {
                let mut joined = Vec::with_capacity(1);
                put_values(&mut joined, run.rank, len);
                let pair: Range<usize> = at..at + 2;
                text.splice(pair, joined);
            }
            _ => at += run.bytes,
        }
    }
}
