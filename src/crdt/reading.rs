//! What a reader sees of strings and counters.

use super::{Bits, Counter, Registers};
use crate::base::Tag;
use crate::base::decimal::Decimal;
use crate::base::hll;
use crate::base::long_double::LongDouble;
use crate::base::number::parse_i64;
use smallvec::SmallVec;

/// How long a HyperLogLog gets that is made of registers before it is dense, the same on every node: what
/// Redis has unless it is told otherwise.
const SPARSE_MAX_BYTES: usize = 3_000;

/// What a reader sees of a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visible<'a> {
    Integer(i64),
    Text(&'a [u8]),
    Number(String),
    /// What overlays make of a text.
    Made(Vec<u8>),
}

impl Visible<'_> {
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Visible::Integer(value) => value.to_string().into_bytes(),
            Visible::Text(text) => text.to_vec(),
            Visible::Number(text) => text.into_bytes(),
            Visible::Made(text) => text,
        }
    }
}

/// A counter's value being read, over all lives that are not past.
#[derive(Default)]
pub struct Reading<'a> {
    base: Option<(Tag, &'a [u8])>,
    whole: i128,
    fraction: Option<Decimal>,
    counted: bool,
    /// In the order of the lives: a later life's bits lie over an earlier one's.
    bits: SmallVec<[&'a Bits; 1]>,
    registers: SmallVec<[&'a Registers; 1]>,
}

/// A base with bits over it.
#[derive(Clone, Debug)]
pub struct Laid<'a> {
    base: &'a [u8],
    bits: SmallVec<[&'a Bits; 1]>,
}

impl Laid<'_> {
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        let bits = self.bits.iter().map(|bits| bits.shown().len_bytes()).max().unwrap_or(0);
        bits.max(self.base.len())
    }

    /// Reads the text from `offset` on, and zeros behind its end.
    pub fn read_at(&self, offset: usize, bytes: &mut [u8]) {
        let base = self.base.get(offset..).unwrap_or_default();
        let (below, behind) = bytes.split_at_mut(base.len().min(bytes.len()));
        below.copy_from_slice(&base[..below.len()]);
        behind.fill(0);
        self.bits.iter().for_each(|bits| bits.shown().lay_over(offset, bytes));
    }
}

impl<'a> Reading<'a> {
    /// Adds what `counter` holds.
    pub fn include(&mut self, counter: &'a Counter) {
        if let Some((tag, value)) = counter.base().get() {
            self.include_base(tag, value);
        }
        for (_, slot) in counter.slots().filter(|(_, slot)| !slot.is_forgotten()) {
            self.include_sum(slot.value());
        }
        for (_, slot) in counter.floats().filter(|(_, slot)| !slot.is_forgotten()) {
            self.counted = true;
            *self.fraction.get_or_insert_default() += &slot.value();
        }
        self.bits.extend(counter.bits());
        self.registers.extend(counter.registers());
    }

    /// Adds a base: the latest counts.
    pub fn include_base(&mut self, tag: Tag, value: &'a [u8]) {
        if self.base.is_none_or(|(latest, _)| tag > latest) {
            self.base = Some((tag, value));
        }
    }

    /// Adds what one replica has counted.
    pub fn include_sum(&mut self, sum: i128) {
        self.counted = true;
        self.whole = self.whole.saturating_add(sum);
    }

    /// The value; `None` when nothing is living.
    ///
    /// A base that nothing was counted on stands as it was written. A base that is not a number hides
    /// what was counted. Integers past the 64-bit range (merges can get there) read as the nearest
    /// bound.
    ///
    /// Registers are seen where nothing was counted, no bit was written, and the base is another
    /// HyperLogLog, or there is none; bits lie over whatever else there is.
    #[must_use]
    pub fn value(mut self) -> Option<Visible<'a>> {
        let bits = std::mem::take(&mut self.bits);
        if bits.is_empty() {
            return self.value_below();
        }
        self.registers.clear();
        let mut text = match self.value_below() {
            None => Vec::new(),
            Some(below) => below.into_bytes(),
        };
        let len = bits.iter().map(|bits| bits.shown().len_bytes()).max().unwrap_or(0);
        text.resize(len.max(text.len()), 0);
        bits.iter().for_each(|bits| bits.shown().lay_over(0, &mut text));
        Some(Visible::Made(text))
    }

    /// Bits over a base, where that is all there is to see, and no text has to be made to read a part of it.
    #[must_use]
    pub fn laid(self) -> Option<Laid<'a>> {
        if self.counted || self.bits.is_empty() {
            return None;
        }
        Some(Laid { base: self.base.map_or(&[][..], |(_, text)| text), bits: self.bits })
    }

    /// The rank of a register, where registers are seen and nothing else is.
    #[must_use]
    pub fn rank(&self, register: u16) -> Option<u8> {
        let ranks = self.registers.iter().map(|registers| registers.shown().get(register));
        ranks.max().filter(|_| self.shows_registers_alone())
    }

    fn shows_registers_alone(&self) -> bool {
        self.base.is_none() && !self.counted && self.bits.is_empty() && !self.registers.is_empty()
    }

    /// The registers, where they are seen and nothing else is.
    #[must_use]
    pub fn ranks(&self) -> Option<Box<hll::Ranks>> {
        if !self.shows_registers_alone() {
            return None;
        }
        let mut ranks = Box::new([0; hll::REGISTERS]);
        self.registers.iter().for_each(|registers| registers.shown().raise(&mut ranks));
        Some(ranks)
    }

    fn value_below(self) -> Option<Visible<'a>> {
        let Some((_, text)) = self.base else {
            if self.counted {
                return Some(self.sum(Base::Integer(0)));
            }
            return self.hll(None);
        };
        if !self.counted {
            let seen = match parse_i64(text) {
                Some(value) => Visible::Integer(value),
                None => Visible::Text(text),
            };
            return self.hll(Some(text)).or(Some(seen));
        }
        match Base::parse(text) {
            Base::NotANumber => Some(Visible::Text(text)),
            base => Some(self.sum(base)),
        }
    }

    /// The registers over a base that is a HyperLogLog, or without one.
    fn hll(&self, base: Option<&[u8]>) -> Option<Visible<'a>> {
        if self.registers.is_empty() {
            return None;
        }
        let mut ranks = match base {
            Some(text) => hll::ranks(text).ok()?,
            None => Box::new([0; hll::REGISTERS]),
        };
        self.registers.iter().for_each(|registers| registers.shown().raise(&mut ranks));
        let is_dense = base.is_some_and(|text| hll::form(text) == Ok(hll::Form::Dense));
        let sparse_max_bytes = if is_dense { 0 } else { SPARSE_MAX_BYTES };
        Some(Visible::Made(hll::of_ranks(&ranks, sparse_max_bytes)))
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

    /// What has to be added to what is visible for it to become `to`, and whether it is shown as `to_text`
    /// already if that is nothing. `None`: it is not a number.
    #[must_use]
    pub fn way_to(
        visible: Option<&Visible<'_>>,
        to: &Decimal,
        to_text: &[u8],
    ) -> Option<(Decimal, bool)> {
        let (from, is_shown) = match visible {
            None => (Decimal::default(), false),
            Some(Visible::Integer(value)) => (Decimal::from(i128::from(*value)), true),
            Some(Visible::Number(text)) => (Decimal::parse(text.as_bytes())?, true),
            Some(Visible::Text(text)) => (Reading::number_of(text)?, *text == to_text),
            Some(Visible::Made(text)) => (Reading::number_of(text)?, true),
        };
        Some((to - &from, is_shown))
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
