//! Integers of any width, and what becomes of those that do not fit.

use crate::base::number::parse_i64;
use crate::command::CommandError;

const BAD_TYPE: CommandError = CommandError::fixed(
    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
);

/// `i5`, `u63`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FieldType {
    pub bits: u32,
    pub is_signed: bool,
}

/// What OVERFLOW says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overflow {
    Wrap,
    Saturate,
    Fail,
}

impl FieldType {
    pub fn parse(text: &[u8]) -> Result<FieldType, CommandError> {
        let (sign, width) = text.split_first().ok_or(BAD_TYPE)?;
        let (is_signed, max) = match sign {
            b'i' => (true, 64),
            b'u' => (false, 63),
            _ => return Err(BAD_TYPE),
        };
        let bits = parse_i64(width).and_then(|bits| u32::try_from(bits).ok());
        let bits = bits.filter(|bits| (1..=max).contains(bits)).ok_or(BAD_TYPE)?;
        Ok(FieldType { bits, is_signed })
    }

    /// The integer that the low bits of `raw` are.
    pub fn value(self, raw: u64) -> i64 {
        let unused = 64 - self.bits;
        match self.is_signed {
            true => (raw << unused) as i64 >> unused,
            false => (raw << unused >> unused) as i64,
        }
    }

    /// An integer in this width; `None`: it does not fit, and is not to be written.
    pub fn fit(self, value: i128, overflow: Overflow) -> Option<i64> {
        let (min, max) = match self.is_signed {
            true => (-1 << (self.bits - 1), (1 << (self.bits - 1)) - 1),
            false => (0, (1_i128 << self.bits) - 1),
        };
        if (min..=max).contains(&value) {
            return Some(value as i64);
        }
        match overflow {
            Overflow::Wrap => Some(self.value(value as u64)),
            Overflow::Saturate => Some(value.clamp(min, max) as i64),
            Overflow::Fail => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_fit_or_do_what_overflow_says() {
        let i8 = FieldType { bits: 8, is_signed: true };
        let u8 = FieldType { bits: 8, is_signed: false };
        let i64 = FieldType { bits: 64, is_signed: true };
        let cases = [
            (i8, 127, Some(127), Some(127), Some(127)),
            (i8, 128, Some(-128), Some(127), None),
            (i8, -129, Some(127), Some(-128), None),
            (u8, 256, Some(0), Some(255), None),
            (u8, -1, Some(255), Some(0), None),
            (i64, i128::from(i64::MAX) + 1, Some(i64::MIN), Some(i64::MAX), None),
        ];
        for (field, value, wrapped, saturated, failed) in cases {
            let all = [Overflow::Wrap, Overflow::Saturate, Overflow::Fail];
            let got = all.map(|overflow| field.fit(value, overflow));
            assert_eq!(got, [wrapped, saturated, failed], "{value} as {field:?}");
        }
    }

    #[test]
    fn types_are_read_as_redis_reads_them() {
        for text in ["i1", "i64", "u1", "u63"] {
            assert!(FieldType::parse(text.as_bytes()).is_ok(), "{text}");
        }
        for text in ["", "i", "i0", "i65", "u64", "I8", "x8", "i08", "i-1", "i 8"] {
            assert!(FieldType::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
