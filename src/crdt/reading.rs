//! What a reader sees of strings and counters.

use super::Counter;
use crate::base::Tag;
use crate::base::decimal::Decimal;
use crate::base::long_double::LongDouble;
use crate::base::number::parse_i64;

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
