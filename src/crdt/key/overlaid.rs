//! Writing bits and registers.

use super::{Deadline, Key};
use crate::crdt::{Life, Write};

impl Life {
    /// Whether bits or registers are living.
    pub(super) fn is_overlaid(&self) -> bool {
        self.counter.is_overlaid()
    }

    /// Whether bits cannot be written over what is there as it stands.
    fn is_no_ground_for_bits(&self) -> bool {
        // Under bits they are not seen.
        let shows_registers = self.counter.registers().is_some() && self.counter.bits().is_none();
        self.counter.is_counted() || shows_registers
    }

    fn is_no_ground_for_registers(&self) -> bool {
        self.counter.is_counted() || self.counter.bits().is_some()
    }
}

impl Key {
    /// SETBIT, BITFIELD: writes bits over the visible text. Over what was counted, or a HyperLogLog, it is
    /// a SET of that first.
    pub fn put_bits(&mut self, write: &Write, bits: impl IntoIterator<Item = (u32, bool)>) {
        self.begin(write.now_ms);
        self.write_seen_if(write, Life::is_no_ground_for_bits);
        let counter = &mut self.writable(write).counter;
        bits.into_iter().for_each(|(place, bit)| counter.put_bit(write, place, bit));
    }

    /// PFADD, PFMERGE: raises registers over the visible text, which is a HyperLogLog or missing. Over
    /// bits it is a SET of that first.
    pub fn raise_registers(&mut self, write: &Write, raised: impl IntoIterator<Item = (u16, u8)>) {
        self.begin(write.now_ms);
        self.write_seen_if(write, Life::is_no_ground_for_registers);
        let counter = &mut self.writable(write).counter;
        let each = raised.into_iter();
        each.for_each(|(register, rank)| counter.raise_register(write, register, rank));
    }

    /// Makes the visible text a base, by a SET, if a life has what the next write cannot stand on.
    pub(super) fn write_seen_if(&mut self, write: &Write, is_in_the_way: impl Fn(&Life) -> bool) {
        if !self.present(write.now_ms).any(is_in_the_way) {
            return;
        }
        if let Some(text) = self.text(write.now_ms).map(|text| text.into_bytes()) {
            self.set_text(write, &text, Deadline::Keep);
        }
    }
}
