//! Integers as Redis reads them: the canonical decimal form and nothing else.
//!
//! A string that reads as an integer is the string that writing the integer gives back, which is why
//! `+1`, `01`, ` 1` and `-0` are no integers (Redis's `string2ll`).

/// The digits of `u64::MAX`.
const MAX_DIGITS: usize = 20;

/// Reads a canonical signed integer; `None` for anything else, overflow included.
#[must_use]
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    match text.strip_prefix(b"-") {
        None => i64::try_from(parse_u64(text)?).ok(),
        Some(b"0") => None,
        Some(digits) => 0i64.checked_sub_unsigned(parse_u64(digits)?),
    }
}

/// Reads a canonical unsigned integer; `None` for anything else, overflow included.
#[must_use]
pub fn parse_u64(text: &[u8]) -> Option<u64> {
    match text {
        [] => None,
        [b'0', rest @ ..] => rest.is_empty().then_some(0),
        _ if text.len() > MAX_DIGITS => None,
        _ => text.iter().try_fold(0, |value, byte| push_digit(value, *byte)),
    }
}

fn push_digit(value: u64, byte: u8) -> Option<u64> {
    let digit = byte.wrapping_sub(b'0');
    if digit > 9 {
        return None;
    }
    value.checked_mul(10)?.checked_add(u64::from(digit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Accepted and refused by `SET k <text>`, `INCR k` on Redis 7.0.15.
    #[test]
    fn reads_what_redis_increments() {
        let accepted = ["0", "1", "-1", "10", "9223372036854775807", "-9223372036854775808"];
        for text in accepted {
            assert_eq!(parse_i64(text.as_bytes()), text.parse().ok(), "{text}");
        }
        let refused = [
            "",
            "-",
            "+1",
            "01",
            "00",
            "-0",
            "-01",
            " 1",
            "1 ",
            "1\n",
            "1.0",
            "1e3",
            "0x1",
            "--1",
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551616",
            "1\0",
            "100000000000000000000000",
            "٣",
            "/",
            ":",
        ];
        for text in refused {
            assert_eq!(parse_i64(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn unsigned_ends_where_64_bits_end() {
        assert_eq!(parse_u64(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(parse_u64(b"18446744073709551616"), None);
        assert_eq!(parse_u64(b"-1"), None);
    }

    proptest! {
        #[test]
        fn every_integer_reads_back(value: i64, unsigned: u64) {
            prop_assert_eq!(parse_i64(value.to_string().as_bytes()), Some(value));
            prop_assert_eq!(parse_u64(unsigned.to_string().as_bytes()), Some(unsigned));
        }

        #[test]
        fn what_reads_is_canonical(text in "[-+0-9 ]{0,21}") {
            if let Some(value) = parse_i64(text.as_bytes()) {
                prop_assert_eq!(value.to_string(), text);
            }
        }
    }
}
