//! Keys as bytes, for peers and for the disk.
//!
//! A batch is a row of keys and of whatever else its writer puts between them. It names each replica
//! once: the first mention carries it, later ones its number. Stamps are relative to the batch's own,
//! so that what was written just before takes two or three bytes.

use super::ReplicaMap;
use crate::base::codec::{Malformed, Reader, put_bytes, put_signed, put_varint};
use crate::base::{Replica, Stamp, Tag};
use std::collections::BTreeMap;

/// Stamps have 48 bits of milliseconds.
const MS_MAX: u64 = Stamp(u64::MAX).ms();

/// Writes a batch.
#[derive(Debug)]
pub struct Encoder {
    out: Vec<u8>,
    base_ms: u64,
    replicas: BTreeMap<Replica, u64>,
}

/// How far an [`Encoder`] was.
#[derive(Debug)]
pub struct Place {
    bytes: usize,
    replicas: u64,
}

impl Encoder {
    /// `base`: about when most of the batch was written.
    #[must_use]
    pub fn new(base: Stamp) -> Encoder {
        let mut out = Vec::new();
        put_varint(&mut out, base.ms());
        Encoder { out, base_ms: base.ms(), replicas: BTreeMap::new() }
    }

    /// Bytes so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.out.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    /// The place that has been reached, for [`Encoder::go_back`].
    #[must_use]
    pub fn place(&self) -> Place {
        Place { bytes: self.out.len(), replicas: self.replicas.len() as u64 }
    }

    /// Takes back what was written since.
    pub fn go_back(&mut self, place: &Place) {
        self.out.truncate(place.bytes);
        self.replicas.retain(|_, number| *number < place.replicas);
    }

    pub fn byte(&mut self, byte: u8) {
        self.out.push(byte);
    }

    pub fn varint(&mut self, value: u64) {
        put_varint(&mut self.out, value);
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        put_bytes(&mut self.out, bytes);
    }

    /// A replica with flags in the low `bits`.
    pub(super) fn replica_and(&mut self, replica: Replica, flags: u8, bits: u32) {
        let next = self.replicas.len() as u64;
        let number = *self.replicas.entry(replica).or_insert(next);
        self.varint(number << bits | u64::from(flags));
        if number == next {
            self.out.extend(replica.node.to_le_bytes());
            self.out.extend(replica.epoch.to_le_bytes());
        }
    }

    pub fn replica(&mut self, replica: Replica) {
        self.replica_and(replica, 0, 0);
    }

    /// 0 is never; else milliseconds from the base, of either sign, and the count.
    pub fn stamp(&mut self, stamp: Stamp) {
        if stamp == Stamp::NEVER {
            return self.byte(0);
        }
        let from_base = stamp.ms() as i64 - self.base_ms as i64;
        self.varint(((from_base << 1) ^ (from_base >> 63)) as u64 + 1);
        self.varint(stamp.count());
    }

    pub(super) fn tag(&mut self, tag: Tag) {
        self.replica(tag.replica);
        self.stamp(tag.stamp);
    }

    /// A time (Unix ms) that was set at `stamp`.
    pub(super) fn time(&mut self, at_ms: u64, stamp: Stamp) {
        put_signed(&mut self.out, at_ms.wrapping_sub(stamp.ms()) as i64);
    }

    pub(super) fn stamps(&mut self, stamps: &ReplicaMap<Stamp>) {
        self.varint(stamps.len() as u64);
        for (replica, stamp) in stamps.iter() {
            self.replica(replica);
            self.stamp(*stamp);
        }
    }

    pub(super) fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }
}

/// Reads a batch. Makes no more than a small multiple of what it is given, whatever that claims to be.
#[derive(Clone, Debug)]
pub struct Decoder<'a> {
    reader: Reader<'a>,
    base_ms: u64,
    replicas: Vec<Replica>,
}

impl<'a> Decoder<'a> {
    /// # Errors
    /// Not the beginning of a batch.
    pub fn new(batch: &'a [u8]) -> Result<Decoder<'a>, Malformed> {
        let mut reader = Reader::new(batch);
        let base_ms = reader.varint()?;
        if base_ms > MS_MAX {
            return Err(Malformed("a stamp out of range"));
        }
        Ok(Decoder { reader, base_ms, replicas: Vec::new() })
    }

    /// About when most of the batch was written (Unix ms).
    #[must_use]
    pub fn base_ms(&self) -> u64 {
        self.base_ms
    }

    /// Whether all is read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reader.is_empty()
    }

    /// Where it is: what follows, and how many replicas were named.
    pub(super) fn place(&self) -> (Reader<'a>, usize) {
        (self.reader.clone(), self.replicas.len())
    }

    pub(super) fn go_back(&mut self, (reader, replicas): (Reader<'a>, usize)) {
        self.reader = reader;
        self.replicas.truncate(replicas);
    }

    /// # Errors
    /// Nothing is left.
    pub fn byte(&mut self) -> Result<u8, Malformed> {
        self.reader.byte()
    }

    /// # Errors
    /// Cut short, or more than 64 bits.
    pub fn varint(&mut self) -> Result<u64, Malformed> {
        self.reader.varint()
    }

    /// # Errors
    /// Cut short.
    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        self.reader.bytes()
    }

    /// A replica with flags in the low `bits`, at most 8.
    pub(super) fn replica_and(&mut self, bits: u32) -> Result<(Replica, u8), Malformed> {
        let word = self.varint()?;
        let flags = (word & ((1 << bits) - 1)) as u8;
        let number = usize::try_from(word >> bits).unwrap_or(usize::MAX);
        if number == self.replicas.len() {
            let node = u32::from_le_bytes(self.reader.array()?);
            let epoch = u32::from_le_bytes(self.reader.array()?);
            self.replicas.push(Replica { node, epoch });
        }
        let replica = self.replicas.get(number).ok_or(Malformed("a replica never named"))?;
        Ok((*replica, flags))
    }

    /// # Errors
    /// Cut short, or never named.
    pub fn replica(&mut self) -> Result<Replica, Malformed> {
        Ok(self.replica_and(0)?.0)
    }

    /// # Errors
    /// Cut short, or out of range.
    pub fn stamp(&mut self) -> Result<Stamp, Malformed> {
        let Some(zigzag) = self.varint()?.checked_sub(1) else { return Ok(Stamp::NEVER) };
        let from_base = (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
        let count = self.varint()?;
        let ms = self.base_ms.checked_add_signed(from_base);
        ms.and_then(|ms| Stamp::new(ms, count)).ok_or(Malformed("a stamp out of range"))
    }

    pub(super) fn tag(&mut self) -> Result<Tag, Malformed> {
        let replica = self.replica()?;
        Ok(Tag::new(self.stamp()?, replica))
    }

    pub(super) fn time(&mut self, stamp: Stamp) -> Result<u64, Malformed> {
        Ok(stamp.ms().wrapping_add(self.reader.signed()? as u64))
    }

    pub(super) fn stamps(&mut self) -> Result<ReplicaMap<Stamp>, Malformed> {
        let mut stamps = ReplicaMap::default();
        for _ in 0..self.reader.count(2)? {
            let replica = self.replica()?;
            stamps.push(replica, self.stamp()?)?;
        }
        Ok(stamps)
    }

    pub(super) fn reader(&mut self) -> &mut Reader<'a> {
        &mut self.reader
    }
}

/// A flag for what is there.
pub(super) fn flag_if(there: bool, flag: u8) -> u8 {
    if there { flag } else { 0 }
}
