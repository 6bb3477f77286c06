//! What lies over the text of a counter.

use super::Counter;
use crate::base::{Replica, Stamp};
use crate::crdt::{
    Bits, Generation, Overlays, Reading, Register, Registers, Tombstones, Visible, Write,
};

impl Counter {
    /// The bits over the text, if any are living.
    #[must_use]
    pub fn bits(&self) -> Option<&Bits> {
        self.overlays.as_ref().map(|overlays| &overlays.bits).filter(|bits| bits.is_living())
    }

    /// The registers over the text, if any are living.
    #[must_use]
    pub fn registers(&self) -> Option<&Registers> {
        let registers = self.overlays.as_ref().map(|overlays| &overlays.registers);
        registers.filter(|registers| registers.is_living())
    }

    /// Whether bits or registers are living.
    #[must_use]
    pub fn is_overlaid(&self) -> bool {
        self.overlays.as_ref().is_some_and(|overlays| overlays.is_living())
    }

    /// Whether anything was counted that is not forgotten.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.slots.iter().any(|(_, slot)| !slot.is_forgotten())
            || self.floats.iter().any(|(_, slot)| !slot.is_forgotten())
    }

    /// Whether any overlay was ever written that is not collected yet.
    #[must_use]
    pub fn has_overlays(&self) -> bool {
        self.overlays.is_some()
    }

    /// Whether there are cells that are to become plain.
    #[must_use]
    pub fn has_fresh_cells(&self) -> bool {
        self.overlays.as_ref().is_some_and(|overlays| overlays.has_fresh())
    }

    /// Writes one bit.
    pub fn put_bit(&mut self, write: &Write, place: u32, bit: bool) {
        self.be_born(write.stamp());
        self.overlays.get_or_insert_default().bits.put(write, place, u8::from(bit));
    }

    /// Raises one register.
    pub fn raise_register(&mut self, write: &Write, register: u16, rank: u8) {
        self.be_born(write.stamp());
        self.overlays.get_or_insert_default().registers.put(write, register.into(), rank);
    }

    /// What the stream of `me` has to be told: all but the cells, and the base below them, that it was told
    /// before or others tell.
    pub(in crate::crdt) fn take_part(&mut self, me: Replica) -> Counter {
        let Some(overlays) = &mut self.overlays else { return self.clone() };
        let is_all = overlays.tells_all();
        let part = overlays.take_part(me);
        let base = match overlays.is_to_tell(me, &self.base) || is_all {
            true => self.base.clone(),
            false => Register::default(),
        };
        Counter {
            born: self.born,
            base,
            slots: self.slots.clone(),
            floats: self.floats.clone(),
            overlays: Some(part).filter(|part| *part != Overlays::default()).map(Box::new),
        }
    }

    pub(in crate::crdt) fn tell_all_overlays(&mut self) {
        self.overlays.iter_mut().for_each(|overlays| overlays.tell_all());
    }

    /// DEL: forgets all that is seen here.
    pub fn forget_with_cells(&mut self, tombstones: Tombstones) {
        self.forget();
        self.overlays.iter_mut().for_each(|overlays| overlays.forget(tombstones));
        self.drop_blank_overlays();
    }

    pub fn merge_with_cells(&mut self, other: &Counter, tombstones: Tombstones) {
        self.merge(other);
        if let Some(theirs) = &other.overlays {
            self.overlays.get_or_insert_default().merge(theirs, tombstones);
        }
    }

    /// Makes cells plain up to a generation, and, if all of the `whole` key is confirmed, drops what is
    /// forgotten. Sound only once nothing can bring it back.
    pub fn collect_with_cells(&mut self, upto: Generation, whole: bool) {
        self.overlays.iter_mut().for_each(|overlays| overlays.collect(upto, whole));
        self.drop_blank_overlays();
        if whole {
            self.collect();
        }
    }

    /// Makes the text that is seen the base, where nobody will ever ask who wrote what of it. What is not
    /// seen in it stays, and so does all that it lies on: a merge may take away what hides it.
    pub(in crate::crdt) fn bake(&mut self) {
        if !self.is_overlaid() {
            self.overlays = None;
            return;
        }
        if self.is_counted() || (self.bits().is_some() && self.registers().is_some()) {
            return;
        }
        let mut reading = Reading::default();
        reading.include(self);
        let Some(Visible::Made(text)) = reading.value() else { return };
        let overlays = self.overlays.take();
        let tag = overlays.map_or(self.base.tag(), |all| all.max_tag().max(self.base.tag()));
        *self = Counter { born: self.born, ..Counter::default() };
        self.base.write(tag, text.into());
    }

    fn drop_blank_overlays(&mut self) {
        self.overlays.take_if(|overlays| overlays.is_blank());
    }

    pub(super) fn overlays_reissued(
        &self,
        lost: Replica,
        since: Stamp,
        new: Replica,
        known: Option<&Counter>,
    ) -> Option<Box<Overlays>> {
        let known = known.and_then(|known| known.overlays.as_deref());
        let part = self.overlays.as_ref()?.reissue(lost, since, new, known);
        Some(part).filter(|part| !part.is_blank()).map(Box::new)
    }
}
