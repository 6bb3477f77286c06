//! Strings and counters: a base register and what every replica counted on top of it.

mod overlaid;
mod wire;

use super::{FloatSlot, Overlays, Own, OwnFloat, Register, ReplicaMap, Slot};
use crate::base::decimal::Decimal;
use crate::base::{Replica, Stamp, Tag};
use xxhash_rust::xxh3::Xxh3Default;

/// A base register, per replica a [`Slot`] of integers and a [`FloatSlot`], and [`Overlays`].
///
/// The value is base + Σ slots, under the overlays. SET writes the base and forgets every slot that it saw; DEL forgets
/// the base and every slot that it saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    /// When the key last became a string: decides between types born at once.
    born: Stamp,
    base: Register,
    slots: ReplicaMap<Slot>,
    floats: ReplicaMap<FloatSlot>,
    /// What lies over the text cell by cell; few keys have any.
    overlays: Option<Box<Overlays>>,
}

impl Counter {
    /// A counter in which one replica has counted, and nothing else was ever written.
    #[must_use]
    pub fn counted(replica: Replica, slot: Slot) -> Counter {
        let mut counter = Counter { born: slot.born(), ..Counter::default() };
        counter.slots.get_or_insert_with(replica, || slot);
        counter
    }

    /// A counter of which only is known that its base, written when it was born, is forgotten.
    #[must_use]
    pub(super) fn forgotten(tag: Tag) -> Counter {
        let base = Register::written(tag, None);
        Counter { born: tag.stamp, base, ..Counter::default() }
    }

    /// When the key last became a string.
    #[must_use]
    pub fn born(&self) -> Stamp {
        self.born
    }

    #[must_use]
    pub fn base(&self) -> &Register {
        &self.base
    }

    #[must_use]
    pub fn slot(&self, replica: Replica) -> Option<&Slot> {
        self.slots.get(replica)
    }

    /// Each replica's slot of integers.
    pub fn slots(&self) -> impl ExactSizeIterator<Item = (Replica, &Slot)> {
        self.slots.iter()
    }

    #[must_use]
    pub fn float(&self, replica: Replica) -> Option<&FloatSlot> {
        self.floats.get(replica)
    }

    /// Each replica's slot of floats.
    pub fn floats(&self) -> impl ExactSizeIterator<Item = (Replica, &FloatSlot)> {
        self.floats.iter()
    }

    /// Whether any float was counted here that is not collected yet.
    #[must_use]
    pub fn has_floats(&self) -> bool {
        !self.floats.is_empty()
    }

    /// Whether there is anything to see.
    #[must_use]
    pub fn is_living(&self) -> bool {
        self.base.is_live()
            || self.slots.iter().any(|(_, slot)| !slot.is_forgotten())
            || self.floats.iter().any(|(_, slot)| !slot.is_forgotten())
            || self.is_overlaid()
    }

    /// Counts `by` for the replica of `tag`.
    pub fn add(&mut self, tag: Tag, by: i128) {
        self.be_born(tag.stamp);
        let slot = self.slots.get_or_insert_with(tag.replica, || Slot::new(tag.stamp));
        if slot.is_forgotten() {
            *slot = Slot::new(tag.stamp);
        }
        slot.add(by);
    }

    /// Catches up with what a replica counted on its living slot.
    pub fn count(&mut self, replica: Replica, added: i128, taken: i128) {
        if let Some(slot) = self.slots.get_mut(replica) {
            slot.add(added);
            slot.add(-taken);
        }
    }

    /// Puts a slot in place of what is there.
    pub fn put_slot(&mut self, replica: Replica, slot: Slot) {
        let born = slot.born();
        *self.slots.get_or_insert_with(replica, || Slot::new(born)) = slot;
    }

    /// Counts a decimal for the replica of `tag`.
    pub fn add_decimal(&mut self, tag: Tag, by: &Decimal) {
        self.be_born(tag.stamp);
        let slot = self.floats.get_or_insert_with(tag.replica, || FloatSlot::new(tag.stamp));
        if slot.is_forgotten() {
            *slot = FloatSlot::new(tag.stamp);
        }
        slot.add(by);
    }

    /// SET: a new base; what was counted before, as far as it is seen here, is forgotten.
    pub fn write(&mut self, tag: Tag, value: &[u8]) {
        self.born = self.born.max(tag.stamp);
        self.forget_slots();
        self.base.write(tag, value.into());
    }

    /// DEL: forgets all that is seen here, below overlays ([`Counter::forget_with_cells`]).
    pub fn forget(&mut self) {
        self.base.forget();
        self.forget_slots();
    }

    /// DEL as a planted defect has it: writes the base instead of forgetting it.
    #[cfg(feature = "planted")]
    pub(super) fn write_nothing(&mut self, tag: Tag) {
        self.base.write_nothing(tag);
    }

    /// Merges what is below overlays ([`Counter::merge_with_cells`]).
    pub fn merge(&mut self, other: &Counter) {
        self.born = self.born.max(other.born);
        self.base.merge(&other.base);
        self.slots.merge_with(&other.slots, Slot::merge);
        self.floats.merge_with(&other.floats, FloatSlot::merge);
    }

    /// Drops what is entirely forgotten, below overlays ([`Counter::collect_with_cells`]). Sound only once
    /// nothing can bring it back.
    pub fn collect(&mut self) {
        self.slots.retain(|_, slot| !slot.is_forgotten());
        self.floats.retain(|_, slot| !slot.is_forgotten());
        self.base.collect();
    }

    /// Whether it holds anything that [`Counter::collect`] could drop, if only the tags of fresh cells.
    #[must_use]
    pub fn has_tombstones(&self) -> bool {
        self.has_forgotten() || self.has_fresh_cells()
    }

    fn has_forgotten(&self) -> bool {
        self.base.tombstone() != Register::default()
            || self.slots.iter().any(|(_, slot)| slot.is_forgotten())
            || self.floats.iter().any(|(_, slot)| slot.is_forgotten())
            || self.overlays.as_ref().is_some_and(|overlays| overlays.tombstones_mark() != 0)
    }

    /// A number that is another one whenever something else of what [`Counter::collect`] could drop is
    /// forgotten; 0 for nothing.
    #[must_use]
    pub(super) fn tombstones_mark(&self) -> u64 {
        if !self.has_forgotten() {
            return 0;
        }
        let mut hasher = Xxh3Default::new();
        let mut note = |tag: Tag, sum: u128| {
            hasher.update(&tag.stamp.0.to_le_bytes());
            hasher.update(&tag.replica.node.to_le_bytes());
            hasher.update(&tag.replica.epoch.to_le_bytes());
            hasher.update(&sum.to_le_bytes());
        };
        note(self.base.tombstone().tag(), 0);
        for (replica, slot) in self.slots.iter().filter(|(_, slot)| slot.is_forgotten()) {
            note(Tag::new(slot.born(), replica), slot.added().wrapping_add(slot.taken()));
        }
        for (replica, slot) in self.floats.iter().filter(|(_, slot)| slot.is_forgotten()) {
            note(Tag::new(slot.born(), replica), u128::from(slot.sums()[0].0));
        }
        let overlays = self.overlays.as_ref().map_or(0, |overlays| overlays.tombstones_mark());
        note(Tag::NEVER, u128::from(overlays));
        hasher.digest().max(1)
    }

    /// Only what is forgotten.
    #[must_use]
    pub fn tombstones_part(&self) -> Counter {
        let overlays = self.overlays.as_ref().map(|overlays| overlays.tombstones_part());
        let overlays = overlays.filter(|part| !part.is_blank()).map(Box::new);
        let mut part = Counter { base: self.base.tombstone(), overlays, ..Counter::default() };
        for (replica, slot) in self.slots.iter().filter(|(_, slot)| slot.has_forgotten()) {
            part.put_slot(replica, slot.tombstone());
        }
        for (replica, slot) in self.floats.iter().filter(|(_, slot)| slot.has_forgotten()) {
            part.put_float(replica, slot.tombstone());
        }
        if part != Counter::default() {
            part.born = self.born;
        }
        part
    }

    /// What the replica `lost` counted beyond `before` and `known` and wrote after the stamp `since`, as
    /// the words of `new`.
    ///
    /// A slot that was born since replaced one of which others may hold what was forgotten. They are
    /// told of its birth, with nothing counted.
    #[must_use]
    pub fn reissue(
        &self,
        lost: Replica,
        before: Option<&Own>,
        since: Stamp,
        new: Replica,
        known: Option<&Counter>,
    ) -> Counter {
        let mut part = Counter::default();
        if let Some((tag, value)) = self.base.get()
            && tag.replica == lost
            && tag.stamp > since
            && known.is_none_or(|known| known.base.tag() != tag)
        {
            part.base.write(Tag::new(tag.stamp, new), value.into());
        }
        if let Some(slot) = self.slots.get(lost) {
            let is_new = slot.born() > since;
            let before = slot.known_of(before, known.and_then(|known| known.slots.get(lost)));
            if before.is_some() || is_new {
                slot.beyond(before.as_ref()).into_iter().for_each(|slot| part.put_slot(new, slot));
            }
            if is_new {
                part.put_slot(lost, slot.tombstone());
            }
        }
        if let Some(slot) = self.floats.get(lost) {
            let is_new = slot.born() > since;
            let before = before.and_then(|before| before.float.as_deref());
            let before = slot.known_of(before, known.and_then(|known| known.floats.get(lost)));
            if before.is_some() || is_new {
                slot.beyond(before.as_ref()).into_iter().for_each(|slot| part.put_float(new, slot));
            }
            if is_new {
                part.put_float(lost, slot.tombstone());
            }
        }
        part.overlays = self.overlays_reissued(lost, since, new, known);
        if part != Counter::default() {
            part.born = self.born;
        }
        part
    }

    /// What `me` alone has counted.
    #[must_use]
    pub fn own(&self, me: Replica) -> Own {
        let float = self.floats.get(me).map(|slot| {
            let [(seq, sum), _] = slot.sums();
            Box::new(OwnFloat { born: slot.born(), seq, sum: sum.clone() })
        });
        let own = Own { float, ..Own::default() };
        match self.slots.get(me) {
            Some(slot) => {
                Own { born: slot.born(), added: slot.added(), taken: slot.taken(), ..own }
            }
            None => own,
        }
    }

    /// Whether it has counts of `me` that `known` lacks.
    #[must_use]
    pub fn exceeds(&self, me: Replica, known: Option<&Counter>) -> bool {
        let slot = self.slots.get(me);
        let float = self.floats.get(me);
        slot.is_some_and(|slot| slot.exceeds(known.and_then(|known| known.slots.get(me))))
            || float.is_some_and(|slot| slot.exceeds(known.and_then(|known| known.floats.get(me))))
    }

    /// Whether a replica has left anything in it.
    #[must_use]
    pub fn mentions(&self, replica: Replica) -> bool {
        self.base.tag().replica == replica
            || self.slots.get(replica).is_some()
            || self.floats.get(replica).is_some()
            || self.overlays.as_ref().is_some_and(|overlays| overlays.mentions(replica))
    }

    /// The latest stamp that this state holds.
    #[must_use]
    pub fn max_stamp(&self) -> Stamp {
        let slots = self.slots.iter().map(|(_, slot)| slot.born());
        let floats = self.floats.iter().map(|(_, slot)| slot.born());
        let overlays = self.overlays.iter().map(|overlays| overlays.max_stamp());
        let own = [self.base.tag().stamp, self.born];
        slots.chain(floats).chain(overlays).chain(own).max().unwrap_or_default()
    }

    /// Bytes of heap that this state holds.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let wide: usize = self.slots.iter().map(|(_, slot)| slot.heap_bytes()).sum();
        let base = self.base.get().map_or(0, |(_, value)| value.len());
        let overlays = self.overlays.as_ref().map_or(0, |overlays| overlays.heap_bytes());
        base + wide + self.slots.heap_bytes() + self.floats.heap_bytes() + overlays
    }

    fn put_float(&mut self, replica: Replica, slot: FloatSlot) {
        let born = slot.born();
        *self.floats.get_or_insert_with(replica, || FloatSlot::new(born)) = slot;
    }

    pub(super) fn be_born(&mut self, stamp: Stamp) {
        if !self.is_living() {
            self.born = self.born.max(stamp);
        }
    }

    fn forget_slots(&mut self) {
        self.slots.values_mut().for_each(Slot::forget);
        self.floats.values_mut().for_each(FloatSlot::forget);
    }
}
