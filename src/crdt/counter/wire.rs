//! Counters as bytes.

use super::Counter;
use crate::base::codec::{Malformed, put_varint_128};
use crate::base::decimal::Decimal;
use crate::base::{Replica, Stamp, Tag};
use crate::crdt::wire::{Decoder, Encoder, flag_if};
use crate::crdt::{
    DeadlineRegister, FloatSlot, Overlays, Plain, PlainSlot, Register, ReplicaMap, Slot,
};

// What a counter's first byte says is there.
const BORN: u8 = 1;
const BASE: u8 = 2;
/// The base is forgotten: there is its tag alone.
const NO_VALUE: u8 = 4;
/// The base was written when the counter was born.
const BASE_BORN: u8 = 8;
const SLOTS: u8 = 16;
const FLOATS: u8 = 32;
const OVERLAYS: u8 = 64;
/// What there is of a text that was written once.
const WRITTEN: u8 = BORN | BASE | BASE_BORN;

// What comes with a slot's replica.
const SLOT_BITS: u32 = 4;
/// Another slot follows.
const MORE: u8 = 1;
/// It was born with the counter.
const SAME_BORN: u8 = 2;
/// Something was taken away.
const TAKEN: u8 = 4;
/// Something is forgotten.
const FORGOTTEN: u8 = 8;

/// More than one can count at one request a nanosecond, and far from where sums of sums overflow.
const SUM_MAX: u128 = 1 << 120;
const SEQ_MAX: u64 = 1 << 63;
/// Bytes of a sum of the largest numbers that Redis reads, as often as one can add them.
const DECIMAL_BYTES_MAX: usize = 4_096;

impl Counter {
    pub(in crate::crdt) fn encode(&self, out: &mut Encoder) {
        let base_tag = self.base.tag();
        let has_base = self.base != Register::default();
        let base_born = has_base && base_tag.stamp == self.born;
        out.byte(
            flag_if(self.born != Stamp::NEVER, BORN)
                | flag_if(has_base, BASE)
                | flag_if(has_base && !self.base.is_live(), NO_VALUE)
                | flag_if(base_born, BASE_BORN)
                | flag_if(!self.slots.is_empty(), SLOTS)
                | flag_if(!self.floats.is_empty(), FLOATS)
                | flag_if(self.overlays.is_some(), OVERLAYS),
        );
        if self.born != Stamp::NEVER {
            out.stamp(self.born);
        }
        if has_base {
            out.replica(base_tag.replica);
            if !base_born {
                out.stamp(base_tag.stamp);
            }
        }
        if let Some((_, value)) = self.base.get() {
            out.bytes(value);
        }
        for (left, (replica, slot)) in (0..self.slots.len()).rev().zip(self.slots.iter()) {
            encode_slot(out, replica, slot, self.born, flag_if(left > 0, MORE));
        }
        for (left, (replica, slot)) in (0..self.floats.len()).rev().zip(self.floats.iter()) {
            encode_float(out, replica, slot, self.born, flag_if(left > 0, MORE));
        }
        self.overlays.iter().for_each(|overlays| overlays.encode(out));
    }

    pub(in crate::crdt) fn decode(from: &mut Decoder<'_>) -> Result<Counter, Malformed> {
        let flags = from.byte()?;
        if flags & !(BORN | BASE | NO_VALUE | BASE_BORN | SLOTS | FLOATS | OVERLAYS) != 0 {
            return Err(Malformed("an unknown kind of counter"));
        }
        let mut counter = Counter::default();
        if flags & BORN != 0 {
            counter.born = from.stamp()?;
        }
        if flags & BASE != 0 {
            let replica = from.replica()?;
            let stamp = if flags & BASE_BORN != 0 { counter.born } else { from.stamp()? };
            let value = if flags & NO_VALUE != 0 { None } else { Some(from.bytes()?.into()) };
            counter.base = Register::written(Tag::new(stamp, replica), value);
        }
        if flags & SLOTS != 0 {
            counter.slots = decode_slots(from, counter.born, decode_slot)?;
        }
        if flags & FLOATS != 0 {
            counter.floats = decode_slots(from, counter.born, decode_float)?;
        }
        if flags & OVERLAYS != 0 {
            counter.overlays = Some(Box::new(Overlays::decode(from)?));
        }
        Ok(counter)
    }
}

impl Encoder {
    pub(in crate::crdt) fn plain_counter(&mut self, plain: &Plain<'_>) {
        let has_base = plain.base.is_some();
        self.byte(
            flag_if(plain.born != Stamp::NEVER, BORN)
                | flag_if(has_base, BASE | BASE_BORN)
                | flag_if(plain.counted.is_some(), SLOTS),
        );
        if plain.born != Stamp::NEVER {
            self.stamp(plain.born);
        }
        if let Some(text) = plain.base {
            self.replica(plain.replica);
            self.bytes(text);
        }
        if let Some(PlainSlot { born, added, taken }) = plain.counted {
            let same_born = flag_if(born == plain.born, SAME_BORN);
            self.replica_and(plain.replica, same_born | flag_if(taken > 0, TAKEN), SLOT_BITS);
            if same_born == 0 {
                self.stamp(born);
            }
            self.varint(added);
            if taken > 0 {
                self.varint(taken);
            }
        }
    }
}

impl<'a> Decoder<'a> {
    /// The counter of a [`Plain`] key; `None`: it is of another shape.
    pub(in crate::crdt) fn plain_counter(
        &mut self,
        deadline: DeadlineRegister,
    ) -> Result<Option<Plain<'a>>, Malformed> {
        let flags = self.byte()?;
        let has_base = flags & BASE != 0;
        if !matches!(flags & !SLOTS, BORN | WRITTEN) || flags == BORN {
            return Ok(None);
        }
        let born = self.stamp()?;
        let writer = if has_base { Some(self.replica()?) } else { None };
        let base = if has_base { Some(self.bytes()?) } else { None };
        let (mut replica, mut counted) = (writer.unwrap_or(Replica::NOBODY), None);
        if flags & SLOTS != 0 {
            let (counter, flags) = self.replica_and(SLOT_BITS)?;
            let same_born = flags & SAME_BORN != 0;
            if flags & (MORE | FORGOTTEN) != 0
                || writer.is_some_and(|writer| writer != counter)
                || !(has_base || same_born)
            {
                return Ok(None);
            }
            let born = if same_born { born } else { self.stamp()? };
            let added = self.varint()?;
            let taken = if flags & TAKEN != 0 { self.varint()? } else { 0 };
            (replica, counted) = (counter, Some(PlainSlot { born, added, taken }));
        }
        Ok(Some(Plain { deadline, replica, born, base, counted }))
    }
}

/// Replica with flags, when it was born, what was added and taken away, what is left of each.
fn encode_slot(out: &mut Encoder, replica: Replica, slot: &Slot, born: Stamp, more: u8) {
    let [added, taken, added_forgotten, taken_forgotten] = slot.sums();
    let same_born = flag_if(slot.born() == born, SAME_BORN);
    let has_taken = flag_if(taken > 0, TAKEN);
    let forgotten = flag_if(added_forgotten > 0 || taken_forgotten > 0, FORGOTTEN);
    out.replica_and(replica, more | same_born | has_taken | forgotten, SLOT_BITS);
    if same_born == 0 {
        out.stamp(slot.born());
    }
    put_varint_128(out.out(), added);
    if has_taken != 0 {
        put_varint_128(out.out(), taken);
    }
    if forgotten != 0 {
        put_varint_128(out.out(), added - added_forgotten);
    }
    if forgotten != 0 && has_taken != 0 {
        put_varint_128(out.out(), taken - taken_forgotten);
    }
}

fn decode_slot(from: &mut Decoder<'_>, born: Stamp, flags: u8) -> Result<Slot, Malformed> {
    let mut sum = |there: bool| match there {
        true => from.reader().varint_128(),
        false => Ok(0),
    };
    let (has_taken, forgotten) = (flags & TAKEN != 0, flags & FORGOTTEN != 0);
    let (added, taken) = (sum(true)?, sum(has_taken)?);
    let left = if forgotten { (sum(true)?, sum(has_taken)?) } else { (added, taken) };
    if added.max(taken) > SUM_MAX || left.0 > added || left.1 > taken {
        return Err(Malformed("a sum out of range"));
    }
    Ok(Slot::of(born, [added, taken, added - left.0, taken - left.1]))
}

/// Replica with flags, when it was born, how often and how much was added, how much is forgotten.
fn encode_float(out: &mut Encoder, replica: Replica, slot: &FloatSlot, born: Stamp, more: u8) {
    let [(seq, sum), (seq_forgotten, sum_forgotten)] = slot.sums();
    let same_born = flag_if(slot.born() == born, SAME_BORN);
    let forgotten = flag_if(seq_forgotten > 0, FORGOTTEN);
    out.replica_and(replica, more | same_born | forgotten, SLOT_BITS);
    if same_born == 0 {
        out.stamp(slot.born());
    }
    out.varint(seq);
    out.bytes(&sum.to_bytes());
    if forgotten != 0 {
        out.varint(seq - seq_forgotten);
        out.bytes(&sum_forgotten.to_bytes());
    }
}

fn decode_float(from: &mut Decoder<'_>, born: Stamp, flags: u8) -> Result<FloatSlot, Malformed> {
    let seq = from.varint()?;
    let sum = decode_decimal(from)?;
    let (left, sum_forgotten) = match flags & FORGOTTEN {
        0 => (seq, Decimal::default()),
        _ => (from.varint()?, decode_decimal(from)?),
    };
    if flags & TAKEN != 0 || seq > SEQ_MAX || left > seq {
        return Err(Malformed("a sum out of range"));
    }
    Ok(FloatSlot::of(born, [(seq, sum), (seq - left, sum_forgotten)]))
}

fn decode_decimal(from: &mut Decoder<'_>) -> Result<Decimal, Malformed> {
    let bytes = from.bytes()?;
    match bytes.len() <= DECIMAL_BYTES_MAX {
        true => Ok(Decimal::from_bytes(bytes)),
        false => Err(Malformed("a sum out of range")),
    }
}

fn decode_slots<T>(
    from: &mut Decoder<'_>,
    counter_born: Stamp,
    decode: impl Fn(&mut Decoder<'_>, Stamp, u8) -> Result<T, Malformed>,
) -> Result<ReplicaMap<T>, Malformed> {
    let mut slots = ReplicaMap::default();
    loop {
        let (replica, flags) = from.replica_and(SLOT_BITS)?;
        let born = if flags & SAME_BORN != 0 { counter_born } else { from.stamp()? };
        slots.push(replica, decode(from, born, flags)?)?;
        if flags & MORE == 0 {
            return Ok(slots);
        }
    }
}
