//! Doubles as Redis reads them (`string2d`) and as it replies them (`d2string`).

use std::fmt::{self, Write};

use rustc_apfloat::{Float, ieee};
use smallvec::SmallVec;

use super::number::parse_i64;
use super::strtod::{self, Literal};

/// The text of a double; it fits in place.
pub type DoubleText = SmallVec<[u8; 32]>;

/// Whole numbers up to this magnitude (`LLONG_MAX / 2`) are written as integers.
const MAX_WRITTEN_AS_INTEGER: f64 = (i64::MAX / 2) as f64;

/// Reads a double as scores and timeouts are given: what C's `strtod` reads to the end, infinity
/// included; but no NaN, no blanks, no overflow, no underflow to zero.
#[must_use]
pub fn parse_f64(text: &[u8]) -> Option<f64> {
    let literal = strtod::read(text)?;
    let value = match &literal {
        Literal::Infinity { negative: false } => return Some(f64::INFINITY),
        Literal::Infinity { negative: true } => return Some(f64::NEG_INFINITY),
        Literal::Decimal(text) => text.parse().ok()?,
        Literal::Hexadecimal(text) => round_hexadecimal(text)?,
    };
    let underflow = value == 0.0 && !literal.is_zero();
    (value.is_finite() && !underflow).then_some(value)
}

/// Reads the bound of a range of scores, as C's `strtod` does to the end of a C string: blanks may come first,
/// past the range it is an infinity, and no text at all is 0.
#[must_use]
pub fn parse_bound(text: &[u8]) -> Option<f64> {
    let text = text.split(|byte| *byte == 0).next()?;
    if text.is_empty() {
        return Some(0.0);
    }
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let first = text.iter().position(|byte| !is_blank(byte))?;
    match strtod::read(text.get(first..)?)? {
        Literal::Infinity { negative: false } => Some(f64::INFINITY),
        Literal::Infinity { negative: true } => Some(f64::NEG_INFINITY),
        Literal::Decimal(text) => text.parse().ok(),
        Literal::Hexadecimal(text) => round_hexadecimal(&text),
    }
}

/// A double with up to 17 digits, as C's `%.17g` writes it: what Redis hands out in ZSCAN of large sorted sets.
#[must_use]
pub fn format_f64_long(value: f64) -> DoubleText {
    if !value.is_finite() || value == 0.0 {
        return format_f64(value);
    }
    let mut text = Scientific(DoubleText::new());
    // Writing to memory does not fail.
    let _ = write!(text, "{:.16e}", value.abs());
    let mark = text.0.iter().position(|byte| *byte == b'e').unwrap_or(text.0.len());
    let (mantissa, exponent) = text.0.split_at(mark);
    let exponent = exponent.get(1..).and_then(parse_i64).unwrap_or(0) as i32;
    let mut digits: DoubleText = mantissa.iter().copied().filter(|byte| *byte != b'.').collect();
    while digits.len() > 1 && digits.last() == Some(&b'0') {
        digits.pop();
    }
    let mut out = DoubleText::new();
    if value < 0.0 {
        out.push(b'-');
    }
    let power = exponent - (digits.len() as i32 - 1);
    let shortest = Shortest { digits, power };
    if !(-4..17).contains(&exponent) {
        shortest.write_scientific(exponent, 2, &mut out);
    } else if power >= 0 {
        out.extend_from_slice(&shortest.digits);
        pad_zeros(&mut out, power);
    } else {
        shortest.write_plain_fraction(&mut out);
    }
    out
}

fn round_hexadecimal(text: &str) -> Option<f64> {
    let rounded: ieee::Double = text.parse().ok()?;
    u64::try_from(rounded.to_bits()).ok().map(f64::from_bits)
}

/// A double as Redis 7.2 replies it: whole numbers as integers, others in the shortest form that
/// reads back, with an exponent where the plain form would be long.
///
/// The digits are always the shortest. Redis's Grisu2 misses those for about one double in a thousand
/// (`1e23`, some sums of decimals) and writes more digits of the same double.
#[must_use]
pub fn format_f64(value: f64) -> DoubleText {
    if value.is_nan() {
        DoubleText::from_slice(b"nan")
    } else if value.is_infinite() {
        DoubleText::from_slice(if value > 0.0 { b"inf" } else { b"-inf" })
    } else if value == 0.0 {
        DoubleText::from_slice(if value.is_sign_negative() { b"-0" } else { b"0" })
    } else if value.abs() <= MAX_WRITTEN_AS_INTEGER && value.fract() == 0.0 {
        DoubleText::from_slice(itoa::Buffer::new().format(value as i64).as_bytes())
    } else {
        let mut text = DoubleText::new();
        if value < 0.0 {
            text.push(b'-');
        }
        Shortest::of(value.abs()).write(&mut text);
        text
    }
}

/// The shortest decimal that reads back as a given double: its digits, read as one integer, times
/// ten to the power.
struct Shortest {
    digits: DoubleText,
    power: i32,
}

impl Shortest {
    fn of(value: f64) -> Shortest {
        let mut text = Scientific(DoubleText::new());
        // Writing to memory does not fail.
        let _ = write!(text, "{value:e}");
        let mark = text.0.iter().position(|byte| *byte == b'e').unwrap_or(text.0.len());
        let (mantissa, exponent) = text.0.split_at(mark);
        let exponent = exponent.get(1..).and_then(parse_i64).unwrap_or(0) as i32;
        let digits: DoubleText = mantissa.iter().copied().filter(|byte| *byte != b'.').collect();
        let power = exponent - (digits.len() as i32 - 1);
        Shortest { digits, power }
    }

    /// Places the point where Redis's fpconv places it.
    fn write(&self, out: &mut DoubleText) {
        let count = self.digits.len() as i32;
        let exponent = self.power + count - 1;
        if self.power >= 0 && exponent < count + 7 {
            out.extend_from_slice(&self.digits);
            pad_zeros(out, self.power);
        } else if self.power < 0 && (self.power > -7 || exponent.abs() < 4) {
            self.write_plain_fraction(out);
        } else {
            self.write_scientific(exponent, 1, out);
        }
    }

    fn write_plain_fraction(&self, out: &mut DoubleText) {
        let whole_digits = self.digits.len() as i32 + self.power;
        let (whole, fraction) = self.digits.split_at(whole_digits.max(0) as usize);
        out.extend_from_slice(if whole.is_empty() { b"0" } else { whole });
        out.push(b'.');
        pad_zeros(out, -whole_digits);
        out.extend_from_slice(fraction);
    }

    /// With so many digits of the exponent at least.
    fn write_scientific(&self, exponent: i32, exponent_digits: usize, out: &mut DoubleText) {
        let (lead, rest) = self.digits.split_at(1);
        out.extend_from_slice(lead);
        if !rest.is_empty() {
            out.push(b'.');
            out.extend_from_slice(rest);
        }
        out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
        let mut buffer = itoa::Buffer::new();
        let exponent = buffer.format(exponent.unsigned_abs());
        pad_zeros(out, exponent_digits as i32 - exponent.len() as i32);
        out.extend_from_slice(exponent.as_bytes());
    }
}

fn pad_zeros(out: &mut DoubleText, count: i32) {
    out.extend((0..count).map(|_| b'0'));
}

/// Where `{:e}` writes to.
struct Scientific(DoubleText);

impl Write for Scientific {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.0.extend_from_slice(part.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn formatted(value: f64) -> String {
        String::from_utf8_lossy(&format_f64(value)).into_owned()
    }

    /// As `ZADD z <text> m`, `ZSCORE z m` on Redis 7.0.15 accept and read them.
    #[test]
    fn reads_what_redis_takes_for_a_score() {
        let accepted = [
            ("0x10", 16.0),
            ("0x1p3", 8.0),
            ("0x.8", 0.5),
            ("0X1.8P-3", 0.1875),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e5", 1e5),
            ("1E5", 1e5),
            ("+5", 5.0),
            ("-5", -5.0),
            ("0e99999999999", 0.0),
            ("inf", f64::INFINITY),
            ("-inf", f64::NEG_INFINITY),
            ("INFINITY", f64::INFINITY),
            ("0x0p99999999999999", 0.0),
            ("5e-324", 5e-324),
            ("0x1p-1074", 5e-324),
        ];
        for (text, value) in accepted {
            assert_eq!(parse_f64(text.as_bytes()), Some(value), "{text}");
        }
        assert!(parse_f64(b"-0").is_some_and(|zero| zero == 0.0 && zero.is_sign_negative()));
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
            "1e400",
            "1e-400",
            "1e99999999999999999999999",
            "1e-99999999999999999999",
            "infin",
            "1_0",
            "0x1p",
            "0x1p+",
            "1d5",
            "0x1p-16445",
            "5\0",
            "-",
            "+",
            "e5",
            "1e5.0",
        ];
        for text in refused {
            assert_eq!(parse_f64(text.as_bytes()), None, "{text}");
        }
    }

    /// The layout rules of `fpconv_dtoa` in Redis 7.2's `deps/fpconv`, and `double2ll` before it.
    #[test]
    fn writes_as_fpconv_does() {
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (3.0, "3"),
            (-3.0, "-3"),
            (0.1, "0.1"),
            (1e17, "100000000000000000"),
            (4611686018427387904.0, "4611686018427387904"),
            (1e19, "1e+19"),
            (1e20, "1e+20"),
            (1.2345e19, "1.2345e+19"),
            (1.2345678901234e19, "12345678901234000000"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (1.5e-6, "1.5e-6"),
            (1.5e-5, "0.000015"),
            (1.5e-7, "1.5e-7"),
            (0.00012345, "1.2345e-4"),
            (0.0012345, "0.0012345"),
            (123.456789012, "123.456789012"),
            (12345.123456789, "1.2345123456789e+4"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
            (5e-324, "5e-324"),
            (-0.25, "-0.25"),
            (1.0 / 3.0, "0.3333333333333333"),
            (-2.5e-10, "-2.5e-10"),
        ];
        for (value, text) in cases {
            assert_eq!(formatted(value), text);
        }
    }

    /// As `ZADD z <value> m`, `ZSCAN z 0` of Redis 7.0.15 with `zset-max-listpack-entries 0`.
    #[test]
    fn writes_as_printf_does() {
        let cases = [
            (0.1, "0.10000000000000001"),
            (-2.5, "-2.5"),
            (3.0, "3"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (0.0001, "0.0001"),
            (0.00001, "1.0000000000000001e-05"),
            (5e-324, "4.9406564584124654e-324"),
            (f64::INFINITY, "inf"),
            (-0.0, "-0"),
        ];
        for (value, text) in cases {
            let written = format_f64_long(value);
            assert_eq!(std::str::from_utf8(&written), Ok(text));
        }
    }

    /// As `ZCOUNT z <text> inf` of Redis 7.0.15.
    #[test]
    fn reads_bounds_as_strtod_does() {
        let cases: [(&[u8], Option<f64>); 11] = [
            (b"", Some(0.0)),
            (b" 5", Some(5.0)),
            (b"\t\x0b-1e3", Some(-1000.0)),
            (b"5\0x", Some(5.0)),
            (b"1e999", Some(f64::INFINITY)),
            (b"-inf", Some(f64::NEG_INFINITY)),
            (b"0x10", Some(16.0)),
            (b" ", None),
            (b"5 ", None),
            (b"nan", None),
            (b"(1", None),
        ];
        for (text, value) in cases {
            assert_eq!(parse_bound(text), value, "{}", text.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(!value.is_nan());
            let text = format_f64(value);
            prop_assert!(!text.spilled());
            prop_assert_eq!(parse_f64(&text), Some(value));
        }
    }
}
