//! The cursor and the options that SCAN and SSCAN share.

use super::{Args, CommandError};
use crate::base::glob;
use crate::base::number::parse_i64;
use crate::store::Kind;

const INVALID_CURSOR: CommandError = CommandError::fixed("ERR invalid cursor");
const DEFAULT_COUNT: usize = 10;

/// `[MATCH pattern] [COUNT count]`, and for SCAN also `[TYPE type]`; of repeated ones the last counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanOptions<'a> {
    /// About how many elements one call looks at; at least 1, and as large as the client likes.
    pub count: usize,
    pattern: Option<&'a [u8]>,
    kind: WantedKind,
    /// NOVALUES of HSCAN: the names of fields alone.
    pub names_only: bool,
}

/// Which options a command takes besides MATCH and COUNT.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Type,
    NoValues,
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WantedKind {
    Any,
    Only(Kind),
    /// A type that no key here has. Redis 7.2 takes any name for a type.
    Nothing,
}

impl<'a> ScanOptions<'a> {
    /// The options of SCAN, from argument `first` on.
    ///
    /// # Errors
    /// A syntax error, or COUNT's value is not an integer.
    pub fn of_keys(args: Args<'a>, first: usize) -> Result<ScanOptions<'a>, CommandError> {
        ScanOptions::parse(args, first, Takes::Type)
    }

    /// The options of SSCAN, from argument `first` on: no TYPE.
    ///
    /// # Errors
    /// As [`ScanOptions::of_keys`].
    pub fn of_members(args: Args<'a>, first: usize) -> Result<ScanOptions<'a>, CommandError> {
        ScanOptions::parse(args, first, Takes::Nothing)
    }

    /// The options of HSCAN, from argument `first` on: NOVALUES in place of TYPE.
    ///
    /// # Errors
    /// As [`ScanOptions::of_keys`].
    pub fn of_fields(args: Args<'a>, first: usize) -> Result<ScanOptions<'a>, CommandError> {
        ScanOptions::parse(args, first, Takes::NoValues)
    }

    fn parse(args: Args<'a>, first: usize, takes: Takes) -> Result<Self, CommandError> {
        let mut options = ScanOptions {
            count: DEFAULT_COUNT,
            pattern: None,
            kind: WantedKind::Any,
            names_only: false,
        };
        let mut rest = args.from(first).iter();
        while let Some(option) = rest.next() {
            if takes == Takes::NoValues && option.eq_ignore_ascii_case(b"novalues") {
                options.names_only = true;
                continue;
            }
            let value = rest.next().ok_or(CommandError::SYNTAX)?;
            if option.eq_ignore_ascii_case(b"count") {
                options.count = parse_count(value)?;
            } else if option.eq_ignore_ascii_case(b"match") {
                options.pattern = Some(value);
            } else if takes == Takes::Type && option.eq_ignore_ascii_case(b"type") {
                options.kind = WantedKind::named(value);
            } else {
                return Err(CommandError::SYNTAX);
            }
        }
        Ok(options)
    }

    /// Whether MATCH lets this key or member through.
    #[must_use]
    pub fn wants_name(&self, name: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| pattern == b"*" || glob::matches(pattern, name, false))
    }

    /// Whether MATCH and TYPE let this key through.
    #[must_use]
    pub fn wants_key(&self, name: &[u8], kind: Kind) -> bool {
        let kind_fits = match self.kind {
            WantedKind::Any => true,
            WantedKind::Only(wanted) => wanted == kind,
            WantedKind::Nothing => false,
        };
        kind_fits && self.wants_name(name)
    }
}

impl WantedKind {
    fn named(name: &[u8]) -> WantedKind {
        if name.eq_ignore_ascii_case(b"string") {
            WantedKind::Only(Kind::String)
        } else if name.eq_ignore_ascii_case(b"set") {
            WantedKind::Only(Kind::Set)
        } else if name.eq_ignore_ascii_case(b"hash") {
            WantedKind::Only(Kind::Hash)
        } else if name.eq_ignore_ascii_case(b"zset") {
            WantedKind::Only(Kind::SortedSet)
        } else if name.eq_ignore_ascii_case(b"list") {
            WantedKind::Only(Kind::List)
        } else {
            WantedKind::Nothing
        }
    }
}

fn parse_count(text: &[u8]) -> Result<usize, CommandError> {
    let count = parse_i64(text).ok_or(CommandError::NOT_INTEGER)?;
    if count < 1 {
        return Err(CommandError::SYNTAX);
    }
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// A cursor as Redis 7.2 reads it, which is how C's `strtoul` does: a sign and leading zeros are
/// fine, a negative one counts down from 2^64, and no text at all is 0.
///
/// # Errors
/// `ERR invalid cursor`
pub fn parse_cursor(text: &[u8]) -> Result<u64, CommandError> {
    let (negative, digits) = match text {
        [] => return Ok(0),
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let value = parse_digits(digits).ok_or(INVALID_CURSOR)?;
    Ok(if negative { value.wrapping_neg() } else { value })
}

fn parse_digits(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |value, byte| {
        let digit = char::from(*byte).to_digit(10)?;
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::Span;

    fn parse(words: &[&str], type_allowed: bool) -> Result<(usize, bool, bool), CommandError> {
        let mut buffer = Vec::new();
        let mut spans = Vec::new();
        for word in words {
            spans.push(Span { start: buffer.len() as u32, len: word.len() as u32 });
            buffer.extend_from_slice(word.as_bytes());
        }
        let takes = if type_allowed { Takes::Type } else { Takes::Nothing };
        let options = ScanOptions::parse(Args::new(&buffer, &spans), 0, takes)?;
        let (text, set) = (Kind::String, Kind::Set);
        Ok((options.count, options.wants_key(b"abc", text), options.wants_key(b"abc", set)))
    }

    /// What `SCAN <text>` answers on Redis 7.0.15.
    #[test]
    fn cursors_are_read_as_redis_does() {
        let accepted: [(&[u8], u64); 6] = [
            (b"", 0),
            (b"0", 0),
            (b"01", 1),
            (b"+5", 5),
            (b"-1", u64::MAX),
            (b"18446744073709551615", u64::MAX),
        ];
        for (text, cursor) in accepted {
            assert_eq!(parse_cursor(text), Ok(cursor), "{text:?}");
        }
        for text in [" 3", "3 ", "1x", "-", "+", "--1", "0x1", "18446744073709551616"] {
            assert_eq!(parse_cursor(text.as_bytes()), Err(INVALID_CURSOR), "{text}");
        }
    }

    #[test]
    fn options_come_in_any_order_and_case() {
        assert_eq!(parse(&[], true), Ok((10, true, true)));
        assert_eq!(parse(&["Count", "3", "mAtch", "*"], false), Ok((3, true, true)));
        assert_eq!(parse(&["TYPE", "SET", "COUNT", "1"], true), Ok((1, false, true)));
        assert_eq!(parse(&["type", "string"], true), Ok((10, true, false)));
        assert_eq!(parse(&["type", "list"], true), Ok((10, false, false)));
        assert_eq!(parse(&["count", "1", "count", "2"], true), Ok((2, true, true)));
    }

    /// What `SCAN 0 …` and `SSCAN s 0 …` answer on Redis 7.0.15.
    #[test]
    fn wrong_options_are_refused_as_in_redis() {
        let syntax: [&[&str]; 7] = [
            &["count"],
            &["match"],
            &["type"],
            &["foo", "bar"],
            &["count", "0"],
            &["count", "-1"],
            &["count", "5", "foo"],
        ];
        for words in syntax {
            assert_eq!(parse(words, true), Err(CommandError::SYNTAX), "{words:?}");
        }
        for number in ["x", "", "1.5", "99999999999999999999"] {
            assert_eq!(parse(&["count", number], true), Err(CommandError::NOT_INTEGER), "{number}");
        }
        assert_eq!(parse(&["type", "set"], false), Err(CommandError::SYNTAX));
    }
}
