//! Scores as bytes.

use super::share::{Base, ScoreSlot, Share};
use super::{Score, Sum};
use crate::base::Stamp;
use crate::base::codec::Malformed;
use crate::crdt::ReplicaMap;
use crate::crdt::wire::{Decoder, Encoder, flag_if};

// What comes with a replica.
const SHARE_BITS: u32 = 5;
/// A base was written.
const BASE: u8 = 1;
/// It is forgotten: there is its stamp alone.
const NO_SCORE: u8 = 2;
const SLOT: u8 = 4;
/// Something of the slot is forgotten.
const FORGOTTEN: u8 = 8;
/// Sums have a part that a double does not hold.
const LOW: u8 = 16;

/// A replica, a stamp and a score.
const SHARE_BYTES_MIN: usize = 3;
/// Whole numbers up to this have doubles of their own, and are short.
const WHOLE_MAX: f64 = (1u64 << 53) as f64;
/// Stands before a double that is not such a number.
const ANY_DOUBLE: u64 = 1;

impl Score {
    pub(in crate::crdt) fn encode(&self, out: &mut Encoder) {
        self.shares(|shares| {
            out.varint(shares.len() as u64);
            for (replica, share) in shares.iter() {
                let (base, slot) = (&share.base, &share.slot);
                let sums = [slot.sum, slot.sum_forgotten].map(Sum::parts);
                let flags = flag_if(base.stamp != Stamp::NEVER || base.score.is_some(), BASE)
                    | flag_if(base.is_forgotten(), NO_SCORE)
                    | flag_if(slot.is_there(), SLOT)
                    | flag_if(slot.seq_forgotten > 0, FORGOTTEN)
                    | flag_if(sums.iter().any(|(_, low)| low.to_bits() != 0), LOW);
                out.replica_and(replica, flags, SHARE_BITS);
                encode_share(out, share, flags);
            }
        });
    }

    pub(in crate::crdt) fn decode(from: &mut Decoder<'_>) -> Result<Score, Malformed> {
        let mut shares = ReplicaMap::default();
        for _ in 0..from.reader().count(SHARE_BYTES_MIN)? {
            let (replica, flags) = from.replica_and(SHARE_BITS)?;
            shares.push(replica, decode_share(from, flags)?)?;
        }
        Ok(Score::of(shares))
    }
}

fn encode_share(out: &mut Encoder, share: &Share, flags: u8) {
    let Share { base, slot } = share;
    if flags & BASE != 0 {
        out.stamp(base.stamp);
    }
    if let Some(score) = base.score {
        encode_double(out, score);
    }
    if flags & SLOT != 0 {
        out.stamp(slot.born);
        out.varint(slot.seq);
        encode_sum(out, slot.sum, flags);
    }
    if flags & FORGOTTEN != 0 {
        out.varint(slot.seq - slot.seq_forgotten);
        encode_sum(out, slot.sum_forgotten, flags);
    }
}

fn decode_share(from: &mut Decoder<'_>, flags: u8) -> Result<Share, Malformed> {
    let mut share = Share::default();
    if flags & BASE != 0 {
        let stamp = from.stamp()?;
        let score = if flags & NO_SCORE != 0 { None } else { Some(decode_double(from)?) };
        share.base = Base { stamp, score };
    }
    if flags & SLOT != 0 {
        let (born, seq) = (from.stamp()?, from.varint()?);
        share.slot = ScoreSlot { born, seq, sum: decode_sum(from, flags)?, ..ScoreSlot::default() };
    }
    if flags & FORGOTTEN != 0 {
        let seq = share.slot.seq.checked_sub(from.varint()?).ok_or(OUT_OF_RANGE)?;
        (share.slot.seq_forgotten, share.slot.sum_forgotten) = (seq, decode_sum(from, flags)?);
    }
    if share.slot.seq > SEQ_MAX {
        return Err(OUT_OF_RANGE);
    }
    Ok(share)
}

/// More than one can count at one request a nanosecond.
const SEQ_MAX: u64 = 1 << 63;
const OUT_OF_RANGE: Malformed = Malformed("a score out of range");

fn encode_sum(out: &mut Encoder, sum: Sum, flags: u8) {
    let (high, low) = sum.parts();
    encode_double(out, high);
    if flags & LOW != 0 {
        encode_double(out, low);
    }
}

fn decode_sum(from: &mut Decoder<'_>, flags: u8) -> Result<Sum, Malformed> {
    let high = decode_double(from)?;
    let low = if flags & LOW != 0 { decode_double(from)? } else { 0.0 };
    Sum::of_parts(high, low).ok_or(OUT_OF_RANGE)
}

/// Whole numbers as varints that are short for small ones of either sign.
fn encode_double(out: &mut Encoder, value: f64) {
    let is_whole = value.abs() <= WHOLE_MAX && value.fract() == 0.0;
    if is_whole && value.to_bits() != (-0.0f64).to_bits() {
        let whole = value as i64;
        out.varint((((whole << 1) ^ (whole >> 63)) as u64) << 1);
    } else {
        out.varint(ANY_DOUBLE);
        out.out().extend(value.to_le_bytes());
    }
}

fn decode_double(from: &mut Decoder<'_>) -> Result<f64, Malformed> {
    let word = from.varint()?;
    if word == ANY_DOUBLE {
        let value = f64::from_le_bytes(from.reader().array()?);
        return if value.is_nan() { Err(OUT_OF_RANGE) } else { Ok(value) };
    }
    let (zigzag, odd) = (word >> 1, word & 1);
    let whole = (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
    match odd == 0 && whole.unsigned_abs() as f64 <= WHOLE_MAX {
        true => Ok(whole as f64),
        false => Err(OUT_OF_RANGE),
    }
}
