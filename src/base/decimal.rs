//! Exact decimal numbers with 17 digits behind the point: the precision that Redis prints the results
//! of INCRBYFLOAT with. Sums of these are exact, so they do not depend on the order of merges.

use num_bigint::BigInt;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{AddAssign, Sub};

/// Digits behind the decimal point (`%.17Lf` in Redis).
const PLACES: usize = 17;
/// Longest text that is parsed: the largest x87 long double has 4932 digits before the point.
const MAX_TEXT_LEN: usize = 5_000;

/// A number in units of 10⁻¹⁷.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<u8>", into = "Vec<u8>")]
pub struct Decimal(BigInt);

impl From<Vec<u8>> for Decimal {
    /// Two's complement, the lowest byte first.
    fn from(bytes: Vec<u8>) -> Decimal {
        Decimal(BigInt::from_signed_bytes_le(&bytes))
    }
}

impl From<Decimal> for Vec<u8> {
    fn from(decimal: Decimal) -> Vec<u8> {
        decimal.0.to_signed_bytes_le()
    }
}

impl Decimal {
    /// Parses `[-]digits[.digits]` with at most 17 digits behind the point, as Redis prints numbers.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Decimal> {
        if text.len() > MAX_TEXT_LEN {
            return None;
        }
        let (negative, digits) = match text.strip_prefix(b"-") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.iter().position(|&byte| byte == b'.') {
            Some(point) => (&digits[..point], &digits[point + 1..]),
            None => (digits, &[][..]),
        };
        if whole.is_empty() || fraction.len() > PLACES {
            return None;
        }
        let mut scaled = Vec::with_capacity(whole.len() + PLACES);
        scaled.extend_from_slice(whole);
        scaled.extend_from_slice(fraction);
        scaled.resize(whole.len() + PLACES, b'0');
        if !scaled.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let magnitude = BigInt::parse_bytes(&scaled, 10)?;
        Some(Decimal(if negative { -magnitude } else { magnitude }))
    }

    /// The number of units in two's complement, the lowest byte first, as short as can be.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_signed_bytes_le()
    }

    /// What [`Decimal::to_bytes`] wrote.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Decimal {
        Decimal(BigInt::from_signed_bytes_le(bytes))
    }

    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0 == BigInt::ZERO
    }
}

impl From<i128> for Decimal {
    fn from(whole: i128) -> Decimal {
        Decimal(BigInt::from(whole) * BigInt::from(10u64.pow(PLACES as u32)))
    }
}

impl AddAssign<&Decimal> for Decimal {
    fn add_assign(&mut self, other: &Decimal) {
        self.0 += &other.0;
    }
}

impl Sub<&Decimal> for &Decimal {
    type Output = Decimal;
    fn sub(self, other: &Decimal) -> Decimal {
        Decimal(&self.0 - &other.0)
    }
}

/// As Redis prints the result of INCRBYFLOAT: no exponent, no trailing zeros.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", text.as_str()),
        };
        let padded = format!("{digits:0>width$}", width = PLACES + 1);
        let (whole, fraction) = padded.split_at(padded.len() - PLACES);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{point}{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_a_round_trip() {
        for text in
            ["0", "1", "-1", "10.6", "-0.5", "1234.59999999999999998", "0.00000000000000001"]
        {
            assert_eq!(Decimal::parse(text.as_bytes()).unwrap().to_string(), text);
        }
        assert_eq!(Decimal::parse(b"3.0").unwrap().to_string(), "3");
    }

    #[test]
    fn what_redis_would_not_print_is_refused() {
        for text in ["", "-", ".5", "1e3", "1.2.3", "0.000000000000000001", "+1", "1 "] {
            assert_eq!(Decimal::parse(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn sums_are_exact() {
        let mut sum = Decimal::default();
        for _ in 0..10 {
            sum += &Decimal::parse(b"0.1").unwrap();
        }
        assert_eq!(sum, Decimal::from(1));
        assert_eq!((&sum - &Decimal::parse(b"0.3").unwrap()).to_string(), "0.7");
    }
}
