//! What lives, as bytes that are the same for the same: what digests and fingerprints are hashes of.

use super::{Counter, DeadlineRegister, FloatSlot, Slot};
use crate::base::codec::{put_varint, put_varint_128};
use crate::base::{Replica, Stamp, Tag};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// What lives, as bytes.
pub(super) struct Living {
    bytes: Vec<u8>,
}

/// What follows in the bytes.
#[derive(Clone, Copy)]
pub(super) enum Mark {
    Life,
    Deadline,
    Counter,
    Base,
    Slot,
    Float,
    Set,
    Hash,
    SortedSet,
    Bits,
    Registers,
    List,
}

impl Living {
    pub fn new() -> Living {
        // Enough for a counter to which a few nodes contribute.
        Living { bytes: Vec::with_capacity(192) }
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn hash(&self, seed: u64) -> u64 {
        xxh3_64_with_seed(&self.bytes, seed)
    }

    pub fn life(&mut self, id: Tag, ends: &DeadlineRegister) {
        self.mark(Mark::Life);
        self.tag(id);
        if let Some(at_ms) = ends.at_ms() {
            self.mark(Mark::Deadline);
            self.tag(ends.tag());
            put_varint(&mut self.bytes, at_ms);
        }
    }

    pub fn counter(&mut self, counter: &Counter) {
        self.counter_born(counter.born());
        if let Some((tag, value)) = counter.base().get() {
            self.base(tag, value);
        }
        for (replica, slot) in counter.slots().filter(|(_, slot)| !slot.is_forgotten()) {
            self.slot(replica, slot);
        }
        for (replica, slot) in counter.floats().filter(|(_, slot)| !slot.is_forgotten()) {
            self.float(replica, slot);
        }
        let bits = counter.bits().map(|bits| (Mark::Bits, bits.digest()));
        let registers = counter.registers().map(|all| (Mark::Registers, all.digest()));
        for (mark, digest) in bits.into_iter().chain(registers) {
            self.mark(mark);
            self.bytes.extend(digest.to_le_bytes());
        }
    }

    /// What [`Living::counter`] begins with.
    pub fn counter_born(&mut self, born: Stamp) {
        self.mark(Mark::Counter);
        self.stamp(born);
    }

    pub fn base(&mut self, tag: Tag, value: &[u8]) {
        self.mark(Mark::Base);
        self.tag(tag);
        put_varint(&mut self.bytes, value.len() as u64);
        self.bytes.extend(xxh3_64(value).to_le_bytes());
    }

    pub fn slot(&mut self, replica: Replica, slot: &Slot) {
        self.mark(Mark::Slot);
        self.tag(Tag::new(slot.born(), replica));
        slot.sums().into_iter().for_each(|sum| put_varint_128(&mut self.bytes, sum));
    }

    fn float(&mut self, replica: Replica, slot: &FloatSlot) {
        self.mark(Mark::Float);
        self.tag(Tag::new(slot.born(), replica));
        for (seq, sum) in slot.sums() {
            put_varint(&mut self.bytes, seq);
            self.bytes.extend(xxh3_64(&sum.to_bytes()).to_le_bytes());
        }
    }

    /// A collection that became one at `born`, by the sum of its members' digests.
    pub fn collection(&mut self, mark: Mark, born: Stamp, digest: u64) {
        self.mark(mark);
        self.stamp(born);
        self.bytes.extend(digest.to_le_bytes());
    }

    fn mark(&mut self, mark: Mark) {
        self.bytes.push(mark as u8);
    }

    fn stamp(&mut self, stamp: Stamp) {
        self.bytes.extend(stamp.0.to_le_bytes());
    }

    fn tag(&mut self, tag: Tag) {
        self.stamp(tag.stamp);
        self.bytes.extend(tag.replica.node.to_le_bytes());
        self.bytes.extend(tag.replica.epoch.to_le_bytes());
    }
}
