//! Strings and counters: a base register and what every replica counted on top of it.

use super::{FloatSlot, Register, ReplicaMap, Slot};
use crate::base::decimal::Decimal;
use crate::base::long_double::LongDouble;
use crate::base::number::parse_i64;
use crate::base::{Replica, Stamp, Tag};

/// A base register and per replica a [`Slot`] of integers and a [`FloatSlot`].
///
/// The value is base + Σ slots. SET writes the base and forgets every slot that it saw; DEL forgets
/// the base and every slot that it saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    /// When the key last became a string: decides between types born at once.
    born: Stamp,
    base: Register,
    slots: ReplicaMap<Slot>,
    floats: ReplicaMap<FloatSlot>,
}

impl Counter {
    /// A counter in which one replica has counted, and nothing else was ever written.
    #[must_use]
    pub fn counted(replica: Replica, slot: Slot) -> Counter {
        let mut counter = Counter { born: slot.born(), ..Counter::default() };
        counter.slots.get_or_insert_with(replica, || slot);
        counter
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

    /// Puts back a slot that was held elsewhere. Only for the replica's owner.
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

    /// DEL: forgets all that is seen here.
    pub fn forget(&mut self) {
        self.base.forget();
        self.forget_slots();
    }

    pub fn merge(&mut self, other: &Counter) {
        self.born = self.born.max(other.born);
        self.base.merge(&other.base);
        self.slots.merge_with(&other.slots, Slot::merge);
        self.floats.merge_with(&other.floats, FloatSlot::merge);
    }

    /// Drops what is entirely forgotten. Sound only once nothing can bring it back.
    pub fn collect(&mut self) {
        self.slots.retain(|_, slot| !slot.is_forgotten());
        self.floats.retain(|_, slot| !slot.is_forgotten());
        self.base.collect();
    }

    /// The latest stamp that this state holds.
    #[must_use]
    pub fn max_stamp(&self) -> Stamp {
        let slots = self.slots.iter().map(|(_, slot)| slot.born());
        let floats = self.floats.iter().map(|(_, slot)| slot.born());
        slots.chain(floats).chain([self.base.tag().stamp, self.born]).max().unwrap_or_default()
    }

    /// Bytes of heap that this state holds.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let wide: usize = self.slots.iter().map(|(_, slot)| slot.heap_bytes()).sum();
        let base = self.base.get().map_or(0, |(_, value)| value.len());
        base + wide + self.slots.heap_bytes() + self.floats.heap_bytes()
    }

    fn be_born(&mut self, stamp: Stamp) {
        if !self.is_living() {
            self.born = self.born.max(stamp);
        }
    }

    fn forget_slots(&mut self) {
        self.slots.values_mut().for_each(Slot::forget);
        self.floats.values_mut().for_each(FloatSlot::forget);
    }
}

/// What a reader sees of a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visible<'a> {
    Integer(i64),
    Text(&'a [u8]),
    Number(String),
}

/// A counter's value being read, over all lives that are not past.
#[derive(Default)]
pub struct Reading<'a> {
    base: Option<(Tag, &'a [u8])>,
    whole: i128,
    fraction: Option<Decimal>,
    counted: bool,
}

impl<'a> Reading<'a> {
    /// Adds what `counter` holds.
    pub fn include(&mut self, counter: &'a Counter) {
        if let Some((tag, value)) = counter.base.get()
            && self.base.is_none_or(|(latest, _)| tag > latest)
        {
            self.base = Some((tag, value));
        }
        for (_, slot) in counter.slots.iter().filter(|(_, slot)| !slot.is_forgotten()) {
            self.counted = true;
            self.whole = self.whole.saturating_add(slot.value());
        }
        for (_, slot) in counter.floats.iter().filter(|(_, slot)| !slot.is_forgotten()) {
            self.counted = true;
            *self.fraction.get_or_insert_default() += &slot.value();
        }
    }

    /// The value; `None` when nothing is living.
    ///
    /// A base that nothing was counted on stands as it was written. A base that is not a number hides
    /// what was counted. Integers past the 64-bit range (merges can get there) read as the nearest
    /// bound.
    #[must_use]
    pub fn value(self) -> Option<Visible<'a>> {
        let Some((_, text)) = self.base else {
            return self.counted.then(|| self.sum(Base::Integer(0)));
        };
        let base = Base::parse(text);
        match base {
            Base::Integer(value) if !self.counted => Some(Visible::Integer(value)),
            Base::NotANumber => Some(Visible::Text(text)),
            _ if !self.counted => Some(Visible::Text(text)),
            base => Some(self.sum(base)),
        }
    }

    /// What a base's text counts as, when it is a number.
    #[must_use]
    pub fn number_of(text: &[u8]) -> Option<Decimal> {
        match Base::parse(text) {
            Base::Integer(value) => Some(Decimal::from(i128::from(value))),
            Base::Decimal(value) => Some(value),
            Base::NotANumber => None,
        }
    }

    fn sum(self, base: Base) -> Visible<'a> {
        let mut sum = match (base, self.fraction) {
            (Base::Integer(base), None) => {
                return Visible::Integer(clamp(self.whole.saturating_add(i128::from(base))));
            }
            (Base::Integer(base), Some(fraction)) => {
                let mut sum = Decimal::from(i128::from(base));
                sum += &fraction;
                sum
            }
            (Base::Decimal(mut base), fraction) => {
                base += &fraction.unwrap_or_default();
                base
            }
            (Base::NotANumber, fraction) => fraction.unwrap_or_default(),
        };
        sum += &Decimal::from(self.whole);
        let text = sum.to_string();
        match parse_i64(text.as_bytes()) {
            Some(value) => Visible::Integer(value),
            None => Visible::Number(text),
        }
    }
}

/// A base as a number.
enum Base {
    Integer(i64),
    Decimal(Decimal),
    NotANumber,
}

impl Base {
    fn parse(text: &[u8]) -> Base {
        if let Some(value) = parse_i64(text) {
            return Base::Integer(value);
        }
        let number = LongDouble::parse(text).filter(|number| number.is_finite());
        match number.and_then(|number| Decimal::parse(number.to_redis_string().as_bytes())) {
            Some(decimal) => Base::Decimal(decimal),
            None => Base::NotANumber,
        }
    }
}

fn clamp(sum: i128) -> i64 {
    i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
}
