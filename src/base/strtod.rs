//! The grammar of C's `strtod` (C11, 7.22.1.3), for whole strings: what is left over refuses the text.
//!
//! Redis reads floats with `strtod` and `strtold`, so hexadecimal floats, `infinity` and `5.` are
//! numbers to it. Leading blanks, which `strtod` skips, Redis refuses. NaN it refuses as well.

use std::borrow::Cow;

/// Past this, an exponent of two is an overflow or an underflow of every type that reads it.
const MAX_BINARY_EXPONENT: i64 = 30_000;

/// A text that `strtod` would read to its end, not yet rounded to a type.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Literal<'a> {
    /// A decimal number, as it stands.
    Decimal(&'a str),
    /// A hexadecimal number, rewritten as `[-]0xh.hhhpn`.
    Hexadecimal(String),
    /// The word for infinity.
    Infinity { negative: bool },
}

impl Literal<'_> {
    /// Whether the number is exactly zero. One that is not must not be rounded to zero: `strtod`
    /// reports that as out of range.
    pub(super) fn is_zero(&self) -> bool {
        let (text, exponent_marks): (&str, &[char]) = match self {
            Literal::Decimal(text) => (text, &['e', 'E']),
            Literal::Hexadecimal(text) => (text, &['p']),
            Literal::Infinity { .. } => return false,
        };
        let digits = text.split(exponent_marks).next().unwrap_or_default();
        !digits.contains(|c: char| c.is_ascii_hexdigit() && c != '0')
    }
}

/// Reads the whole text, or `None`.
pub(super) fn read(text: &[u8]) -> Option<Literal<'_>> {
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if unsigned.eq_ignore_ascii_case(b"inf") || unsigned.eq_ignore_ascii_case(b"infinity") {
        return Some(Literal::Infinity { negative });
    }
    if let [b'0', b'x' | b'X', rest @ ..] = unsigned {
        return hexadecimal(negative, rest).map(Literal::Hexadecimal);
    }
    let mantissa = Mantissa::split(unsigned, u8::is_ascii_digit)?;
    exponent(mantissa.tail, b'e')?;
    std::str::from_utf8(text).ok().map(Literal::Decimal)
}

/// The digits before and after the point, of which there is at least one, and what follows them.
struct Mantissa<'a> {
    whole: &'a [u8],
    fraction: &'a [u8],
    tail: &'a [u8],
}

impl<'a> Mantissa<'a> {
    fn split(text: &'a [u8], is_digit: fn(&u8) -> bool) -> Option<Mantissa<'a>> {
        let split = |text: &'a [u8]| {
            text.split_at(text.iter().position(|byte| !is_digit(byte)).unwrap_or(text.len()))
        };
        let (whole, after) = split(text);
        let (fraction, tail) = match after {
            [b'.', after @ ..] => split(after),
            _ => (after.get(..0)?, after),
        };
        let empty = whole.is_empty() && fraction.is_empty();
        (!empty).then_some(Mantissa { whole, fraction, tail })
    }
}

/// The exponent after its mark (a lower case letter, read in both cases), saturating; 0 without one.
fn exponent(tail: &[u8], mark: u8) -> Option<i64> {
    let [first, signed @ ..] = tail else {
        return Some(0);
    };
    let (sign, digits) = match signed {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        _ => (1, signed),
    };
    let well_formed = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if first.to_ascii_lowercase() != mark || !well_formed {
        return None;
    }
    let push =
        |value: i64, byte: &u8| value.saturating_mul(10).saturating_add((byte - b'0').into());
    Some(sign * digits.iter().fold(0, push))
}

/// Normalizes what follows `0x` so that its exponent is that of its first digit: neither a long run
/// of zeros nor a huge exponent is left for the rounding to trip over.
fn hexadecimal(negative: bool, text: &[u8]) -> Option<String> {
    let Mantissa { whole, fraction, tail } = Mantissa::split(text, u8::is_ascii_hexdigit)?;
    let exponent = exponent(tail, b'p')?;
    let sign = if negative { "-" } else { "" };
    let digits = [whole, fraction].concat();
    let Some(first) = digits.iter().position(|digit| *digit != b'0') else {
        return Some(format!("{sign}0x0p0"));
    };
    let digits: Cow<'_, str> = String::from_utf8_lossy(digits.get(first..)?);
    let (lead, rest) = digits.split_at_checked(1)?;
    let places = i64::try_from(whole.len()).ok()? - 1 - i64::try_from(first).ok()?;
    let exponent =
        exponent.saturating_add(4 * places).clamp(-MAX_BINARY_EXPONENT, MAX_BINARY_EXPONENT);
    Some(format!("{sign}0x{lead}.{rest}p{exponent}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_normalized() {
        let normal = |text: &str| match read(text.as_bytes()) {
            Some(Literal::Hexadecimal(normal)) => normal,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(normal("0x10"), "0x1.0p4");
        assert_eq!(normal("-0X0.08P-3"), "-0x8.p-11");
        assert_eq!(normal("0x00p7"), "0x0p0");
        assert_eq!(normal("0x1p99999999999999999999"), "0x1.p30000");
    }

    #[test]
    fn zero_is_told_from_what_is_only_small() {
        for (text, zero) in [("0e9", true), ("-0.00", true), ("1e-99999", false), ("0x0p5", true)] {
            assert_eq!(
                read(text.as_bytes()).map(|literal| literal.is_zero()),
                Some(zero),
                "{text}"
            );
        }
    }
}
