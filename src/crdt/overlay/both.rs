//! All that lies over one text.

use super::{Bits, Registers};
use crate::base::codec::Malformed;
use crate::base::{Replica, Stamp, Tag};
use crate::crdt::wire::{Decoder, Encoder, flag_if};
use crate::crdt::{Generation, Register, Tombstones};

// What is there.
const BITS: u8 = 1;
const REGISTERS: u8 = 2;

/// Bits and registers, of which most keys that have any have one kind.
#[derive(Clone, Debug, Default)]
pub struct Overlays {
    pub bits: Bits,
    pub registers: Registers,
    /// The base beneath that this node's stream was told last. This node's own affair: not merged.
    told: Tag,
}

impl Overlays {
    #[must_use]
    pub fn is_living(&self) -> bool {
        self.bits.is_living() || self.registers.is_living()
    }

    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.bits.is_blank() && self.registers.is_blank()
    }

    #[must_use]
    pub fn has_fresh(&self) -> bool {
        self.bits.has_fresh() || self.registers.has_fresh()
    }

    pub fn forget(&mut self, tombstones: Tombstones) {
        self.bits.forget(tombstones);
        self.registers.forget(tombstones);
    }

    pub fn merge(&mut self, other: &Overlays, tombstones: Tombstones) {
        self.bits.merge(&other.bits, tombstones);
        self.registers.merge(&other.registers, tombstones);
    }

    pub fn collect(&mut self, upto: Generation, whole: bool) {
        self.bits.collect(upto, whole);
        self.registers.collect(upto, whole);
    }

    #[must_use]
    pub fn tombstones_mark(&self) -> u64 {
        let registers = match self.registers == Registers::default() {
            true => 0,
            false => self.registers.tombstones_mark(),
        };
        let bits = if self.bits == Bits::default() { 0 } else { self.bits.tombstones_mark() };
        bits ^ registers.rotate_left(1)
    }

    #[must_use]
    pub fn tombstones_part(&self) -> Overlays {
        Overlays {
            bits: self.bits.tombstones_part(),
            registers: self.registers.tombstones_part(),
            told: Tag::NEVER,
        }
    }

    #[must_use]
    pub fn take_part(&mut self, me: Replica) -> Overlays {
        Overlays {
            bits: self.bits.take_part(me),
            registers: self.registers.take_part(me),
            told: Tag::NEVER,
        }
    }

    pub fn tell_all(&mut self) {
        self.bits.tell_all();
        self.registers.tell_all();
    }

    /// Whether all of it is to be told, the text below too.
    #[must_use]
    pub fn tells_all(&self) -> bool {
        self.bits.tells_all() || self.registers.tells_all()
    }

    /// Whether the stream of `me` is to be told of this base, which may be long: if it wrote that since it
    /// was last asked. What is forgotten is short.
    pub fn is_to_tell(&mut self, me: Replica, base: &Register) -> bool {
        let is_known = base.tag() == self.told || base.tag().replica != me;
        self.told = base.tag();
        !(base.is_live() && is_known)
    }

    #[must_use]
    pub fn reissue(
        &self,
        lost: Replica,
        since: Stamp,
        new: Replica,
        known: Option<&Overlays>,
    ) -> Overlays {
        let bits = self.bits.reissue(lost, since, new, known.map(|known| &known.bits));
        let known = known.map(|known| &known.registers);
        let registers = self.registers.reissue(lost, since, new, known);
        Overlays { bits, registers, told: Tag::NEVER }
    }

    #[must_use]
    pub fn mentions(&self, replica: Replica) -> bool {
        self.bits.mentions(replica) || self.registers.mentions(replica)
    }

    #[must_use]
    pub fn max_stamp(&self) -> Stamp {
        self.bits.max_stamp().max(self.registers.max_stamp())
    }

    #[must_use]
    pub fn max_tag(&self) -> Tag {
        self.bits.max_tag().max(self.registers.max_tag())
    }

    /// Bytes of heap, itself included.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.bits.heap_bytes() + self.registers.heap_bytes() + size_of::<Tag>()
    }

    pub(in crate::crdt) fn encode(&self, out: &mut Encoder) {
        let has_bits = self.bits != Bits::default();
        let has_registers = self.registers != Registers::default();
        out.byte(flag_if(has_bits, BITS) | flag_if(has_registers, REGISTERS));
        if has_bits {
            self.bits.encode(out);
        }
        if has_registers {
            self.registers.encode(out);
        }
    }

    pub(in crate::crdt) fn decode(from: &mut Decoder<'_>) -> Result<Overlays, Malformed> {
        let flags = from.byte()?;
        if flags & !(BITS | REGISTERS) != 0 {
            return Err(Malformed("an unknown kind of overlay"));
        }
        let mut overlays = Overlays::default();
        if flags & BITS != 0 {
            overlays.bits = Bits::decode(from)?;
        }
        if flags & REGISTERS != 0 {
            overlays.registers = Registers::decode(from)?;
        }
        Ok(overlays)
    }
}

/// Equal when they say the same, whatever has been told of it.
impl PartialEq for Overlays {
    fn eq(&self, other: &Overlays) -> bool {
        self.bits == other.bits && self.registers == other.registers
    }
}

impl Eq for Overlays {}
