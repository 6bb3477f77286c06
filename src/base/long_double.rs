//! The x87 80-bit `long double`, in which Redis on x86-64 computes INCRBYFLOAT and HINCRBYFLOAT.
//!
//! Its 64-bit significand shows in replies (`1234.5 + 0.1 = 1234.59999999999999998`), so doubles would
//! not do.

use std::ops::{Add, Neg, Sub};

use num_bigint::BigUint;
use rustc_apfloat::{Float, ieee::X87DoubleExtended};

use super::strtod::{self, Literal};

/// A text of this many bytes is no number to Redis (`MAX_LONG_DOUBLE_CHARS`).
const MAX_TEXT_LEN: usize = 5 * 1024;

/// How many digits Redis writes after the point, before it trims zeros.
const FRACTION_DIGITS: usize = 17;

const FRACTION_SCALE: u128 = 10u128.pow(FRACTION_DIGITS as u32);

/// What the stored exponent exceeds the exponent of the significand's last bit by.
const EXPONENT_BIAS: i32 = 16_383 + 63;

/// An 80-bit extended precision float.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct LongDouble(X87DoubleExtended);

impl LongDouble {
    /// Reads a number as Redis's `string2ld` does: what `strtold` reads to the end, infinity
    /// included; but no NaN, no blanks, no overflow, no underflow to zero, and no more than 5119
    /// bytes.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<LongDouble> {
        if text.len() >= MAX_TEXT_LEN {
            return None;
        }
        let literal = strtod::read(text)?;
        let value: X87DoubleExtended = match &literal {
            Literal::Infinity { negative } => return Some(LongDouble::infinity(*negative)),
            Literal::Decimal(text) => text.parse().ok()?,
            Literal::Hexadecimal(text) => text.parse().ok()?,
        };
        let underflow = value.is_zero() && !literal.is_zero();
        (value.is_finite() && !underflow).then_some(LongDouble(value))
    }

    fn infinity(negative: bool) -> LongDouble {
        let infinity = X87DoubleExtended::INFINITY;
        LongDouble(if negative { -infinity } else { infinity })
    }

    /// Every 64-bit integer is exact.
    #[must_use]
    pub fn from_i64(value: i64) -> LongDouble {
        LongDouble(X87DoubleExtended::from_i128(value.into()).value)
    }

    /// The greatest finite number, `LDBL_MAX`.
    #[must_use]
    pub fn largest() -> LongDouble {
        LongDouble(X87DoubleExtended::largest())
    }

    /// Neither infinite nor NaN.
    #[must_use]
    pub fn is_finite(self) -> bool {
        self.0.is_finite()
    }

    /// The text that Redis stores and replies (`ld2string`, human form): `%.17Lf` without trailing
    /// zeros, up to 4932 digits long.
    #[must_use]
    pub fn to_redis_string(self) -> String {
        if self.0.is_nan() {
            return "nan".to_owned();
        }
        let digits = if self.0.is_infinite() { "inf".to_owned() } else { self.magnitude() };
        let sign = if self.0.is_negative() && digits != "0" { "-" } else { "" };
        format!("{sign}{digits}")
    }

    /// The digits of a finite number without its sign.
    fn magnitude(self) -> String {
        let bits = self.0.to_bits();
        let significand = bits as u64;
        // Denormals, whose stored exponent means another one, are far too small to show.
        let exponent = ((bits >> 64) as i32 & 0x7fff) - EXPONENT_BIAS;
        if exponent >= 0 {
            (BigUint::from(significand) << exponent).to_string()
        } else {
            with_fraction(scaled_fraction(significand, exponent.unsigned_abs()))
        }
    }
}

/// The sum, rounded to nearest, ties to even.
impl Add for LongDouble {
    type Output = LongDouble;

    fn add(self, other: LongDouble) -> LongDouble {
        LongDouble((self.0 + other.0).value)
    }
}

/// The difference, rounded to nearest, ties to even.
impl Sub for LongDouble {
    type Output = LongDouble;

    fn sub(self, other: LongDouble) -> LongDouble {
        LongDouble((self.0 - other.0).value)
    }
}

impl Neg for LongDouble {
    type Output = LongDouble;

    fn neg(self) -> LongDouble {
        LongDouble(-self.0)
    }
}

/// `significand / 2^shift × 10^17`, rounded to nearest, ties to even: 121 bits at most.
fn scaled_fraction(significand: u64, shift: u32) -> u128 {
    let scaled = u128::from(significand) * FRACTION_SCALE;
    let (Some(floor), Some(one)) = (scaled.checked_shr(shift), 1u128.checked_shl(shift)) else {
        return 0;
    };
    let (rest, half) = (scaled & (one - 1), one >> 1);
    let up = rest > half || (rest == half && floor & 1 == 1);
    floor + u128::from(up)
}

/// Writes a number of 10^-17ths, without trailing zeros.
fn with_fraction(scaled: u128) -> String {
    let (whole, fraction) = (scaled / FRACTION_SCALE, scaled % FRACTION_SCALE);
    let text = format!("{whole}.{fraction:0FRACTION_DIGITS$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> LongDouble {
        LongDouble::parse(text.as_bytes()).unwrap_or_else(|| panic!("{text} is refused"))
    }

    fn sum(first: &str, second: &str) -> String {
        (parse(first) + parse(second)).to_redis_string()
    }

    /// What `SET x <first>`, `INCRBYFLOAT x <second>` of Redis 7.0.15 on x86-64 replies.
    #[test]
    fn sums_as_redis_increments() {
        let cases = [
            ("1234.5", "0.1", "1234.59999999999999998"),
            ("10.5", "0.1", "10.6"),
            ("10.6", "1e20", "100000000000000000008"),
            ("123456789.1", "0.3", "123456789.40000000000145519"),
            ("3.0e3", "200", "3200"),
            ("1e19", "0.5", "10000000000000000000"),
            ("-0.1", "0.1", "0"),
            ("0", "-0", "0"),
            ("0", "-1e-18", "0"),
            ("0", "5e-18", "0"),
            ("0", "15e-18", "0.00000000000000002"),
            ("0", "5.1e-18", "0.00000000000000001"),
            ("0", "-5.1e-18", "-0.00000000000000001"),
            ("9223372036854775807", "0.4", "9223372036854775807.5"),
            ("9223372036854775807", "0.6", "9223372036854775807.5"),
            ("18446744073709551615", "1", "18446744073709551616"),
            ("9223372036854775808", "0.5", "9223372036854775808"),
            ("0", "0x1.ffffffffffffffffp0", "2"),
            ("0", "0x1p-17", "0.00000762939453125"),
            ("0", "0x1p-18", "0.00000381469726562"),
            ("0", "0x3p-18", "0.00001144409179688"),
            ("0.3", "0.6", "0.9"),
            ("0", "3.14159265358979323846", "3.14159265358979324"),
            ("1e18", "0.123456789012345678", "1000000000000000000.125"),
            ("-5", "5.5", "0.5"),
            ("0", "123456789012345678901234567890", "123456789012345678899921813504"),
            ("0", "0x10", "16"),
            ("0", "0X1.8P-3", "0.1875"),
            ("0", "1e-4950", "0"),
            ("0", "0x1p-16445", "0"),
            ("0", "0e99999999999", "0"),
            ("0", "+5.", "5"),
        ];
        for (first, second, expected) in cases {
            assert_eq!(sum(first, second), expected, "{first} + {second}");
        }
    }

    #[test]
    fn the_largest_powers_have_4932_digits() {
        let ten = sum("1e4931", "17");
        assert_eq!(ten.len(), 4932);
        assert!(ten.starts_with("100000000000000000000601894938796389132383777425453311477378"));
        let two = sum("0", "0x1p16383");
        assert_eq!(two.len(), 4932);
        assert!(two.starts_with("594865747678615882542879663314003565381722343548255118736337"));
    }

    #[test]
    fn what_overflows_is_not_finite() {
        let infinite = parse("1e4932") + parse("1e4932");
        assert!(!infinite.is_finite());
        assert_eq!(infinite.to_redis_string(), "inf");
        assert!(!parse("-inf").is_finite(), "read, and refused only as an increment");
        assert_eq!(sum("-INFINITY", "1"), "-inf");
        assert_eq!(sum("-inf", "inf"), "nan");
    }

    /// Refused by INCRBYFLOAT of Redis 7.0.15 with "value is not a valid float".
    #[test]
    fn refuses_what_redis_refuses() {
        let refused = [
            "",
            "0x",
            "0x.",
            ".",
            "1e",
            "1e+",
            "++5",
            " 5",
            "5 ",
            "nan",
            "nan(1)",
            "1e5000",
            "1e-4951",
            "1e-5000",
            "1e99999999999999999999999",
            "1e-99999999999999999999",
            "0x1p-16446",
            "infin",
            "1_0",
            "0x1p",
            "0x1p+",
            "1d5",
            "1.18973149535723176508575932662800702e4932",
            "5\0",
        ];
        for text in refused {
            assert_eq!(LongDouble::parse(text.as_bytes()), None, "{text}");
        }
        let padded = |len: usize| format!("{:0>len$}", 7);
        assert_eq!(LongDouble::parse(padded(5119).as_bytes()), Some(LongDouble::from_i64(7)));
        assert_eq!(LongDouble::parse(padded(5120).as_bytes()), None);
    }

    proptest! {
        #[test]
        fn integers_are_exact(value: i64) {
            let exact = LongDouble::from_i64(value);
            prop_assert_eq!(exact.to_redis_string(), value.to_string());
            prop_assert_eq!(LongDouble::parse(value.to_string().as_bytes()), Some(exact));
        }

        #[test]
        fn never_panics(text in "[-+0-9a-fxpeEinX.]{0,12}") {
            if let Some(value) = LongDouble::parse(text.as_bytes()) {
                let _ = (value + value).to_redis_string();
            }
        }
    }
}
