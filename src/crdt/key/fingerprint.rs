//! A hash of what lives in a key, by which two nodes find out whether they differ.

use super::Key;
use crate::base::codec::{put_varint, put_varint_128};
use crate::base::{Replica, Stamp, Tag};
use crate::crdt::{Counter, DeadlineRegister, FloatSlot, Overlay, Set, Slot};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

impl Key {
    /// A hash of the name and of what lives; 0 when nothing does, and never 0 otherwise. Stable
    /// between processes. Settle the key first.
    ///
    /// What is forgotten or past is left out: what one node has collected and another not yet is no
    /// difference.
    #[must_use]
    pub fn fingerprint(&self, name: &[u8], now_ms: u64) -> u64 {
        let mut living = Living::new();
        for life in self.present(now_ms).filter(|life| life.is_living()) {
            living.life(life.id, &life.deadline, Some(&life.counter), life.set.as_deref());
        }
        living.hash(name)
    }
}

impl Set {
    /// The fingerprint of a key whose first life holds this set and nothing else.
    #[must_use]
    pub fn fingerprint(&self, ends: &DeadlineRegister, name: &[u8], now_ms: u64) -> u64 {
        let mut living = Living::new();
        if !self.is_empty() && !ends.is_past(now_ms) {
            living.life(Tag::NEVER, ends, None, Some(self));
        }
        living.hash(name)
    }
}

/// What lives, as bytes that are the same for the same.
struct Living {
    bytes: Vec<u8>,
}

/// What follows in the bytes.
#[derive(Clone, Copy)]
enum Mark {
    Life,
    Deadline,
    Counter,
    Base,
    Slot,
    Float,
    Set,
    Bits,
    Registers,
}

impl Living {
    fn new() -> Living {
        // Enough for a counter to which a few nodes contribute.
        Living { bytes: Vec::with_capacity(192) }
    }

    fn hash(&self, name: &[u8]) -> u64 {
        match self.bytes.is_empty() {
            true => 0,
            false => xxh3_64_with_seed(&self.bytes, xxh3_64(name)).max(1),
        }
    }

    fn life(
        &mut self,
        id: Tag,
        ends: &DeadlineRegister,
        counter: Option<&Counter>,
        set: Option<&Set>,
    ) {
        self.mark(Mark::Life);
        self.tag(id);
        if let Some(at_ms) = ends.at_ms() {
            self.mark(Mark::Deadline);
            self.tag(ends.tag());
            put_varint(&mut self.bytes, at_ms);
        }
        if let Some(counter) = counter.filter(|counter| counter.is_living()) {
            self.counter(counter);
        }
        if let Some(set) = set.filter(|set| !set.is_empty()) {
            self.mark(Mark::Set);
            self.stamp(set.born());
            self.bytes.extend(set.digest().to_le_bytes());
        }
    }

    fn counter(&mut self, counter: &Counter) {
        self.mark(Mark::Counter);
        self.stamp(counter.born());
        if let Some((tag, value)) = counter.base().get() {
            self.mark(Mark::Base);
            self.tag(tag);
            put_varint(&mut self.bytes, value.len() as u64);
            self.bytes.extend(xxh3_64(value).to_le_bytes());
        }
        for (replica, slot) in counter.slots().filter(|(_, slot)| !slot.is_forgotten()) {
            self.slot(replica, slot);
        }
        for (replica, slot) in counter.floats().filter(|(_, slot)| !slot.is_forgotten()) {
            self.float(replica, slot);
        }
        for (mark, digest) in [
            (Mark::Bits, counter.bits().map(Overlay::digest)),
            (Mark::Registers, counter.registers().map(Overlay::digest)),
        ] {
            if let Some(digest) = digest {
                self.mark(mark);
                self.bytes.extend(digest.to_le_bytes());
            }
        }
    }

    fn slot(&mut self, replica: Replica, slot: &Slot) {
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
