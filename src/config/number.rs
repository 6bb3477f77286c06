//! Numbers as redis.conf writes them.

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A plain decimal integer.
    Plain,
    /// Bytes, with an optional unit: `k` is 1000, `kb` is 1024, and so on.
    Memory,
    /// A file mode.
    Octal,
}

impl Unit {
    /// Reads a number; every directive's value fits into `i128`.
    ///
    /// # Errors
    /// The reason, in Redis's words.
    pub fn parse(self, text: &[u8]) -> Result<i128, &'static str> {
        let (value, reason) = match self {
            Unit::Plain => (parse_plain(text), "argument couldn't be parsed into an integer"),
            Unit::Memory => (parse_memory(text).map(i128::from), "argument must be a memory value"),
            Unit::Octal => (parse_octal(text), "argument couldn't be parsed as an octal number"),
        };
        value.ok_or(reason)
    }

    /// As CONFIG GET answers it: memory in bytes.
    #[must_use]
    pub fn show(self, value: i128) -> String {
        match self {
            Unit::Plain | Unit::Memory => value.to_string(),
            Unit::Octal => format!("{value:o}"),
        }
    }

    /// As CONFIG REWRITE writes it: memory with the largest unit that divides it.
    #[must_use]
    pub fn write(self, value: i128) -> String {
        match self {
            Unit::Memory => write_memory(value),
            Unit::Plain | Unit::Octal => self.show(value),
        }
    }
}

/// Only the canonical spelling is a number, as everywhere in Redis: no `+1`, no `01`, no spaces.
fn parse_plain(text: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(text).ok()?;
    let value: i64 = text.parse().ok()?;
    (value.to_string() == text).then_some(value.into())
}

fn parse_octal(text: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(text).ok()?;
    i64::from_str_radix(text, 8).ok().map(i128::from)
}

/// A memory size in bytes: digits and one of `b k kb m mb g gb` in any case.
///
/// Redis takes a size that overflows, or a unit without digits, for some other number without a
/// word. Those are refused here: a limit that silently became 0 is no limit.
pub(super) fn parse_memory(text: &[u8]) -> Option<u64> {
    let digits_end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(digits_end);
    let factor: u64 = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    let count: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    count.checked_mul(factor)
}

/// The inverse of `parse_memory`, with the largest unit that divides the size.
pub(super) fn write_memory(bytes: i128) -> String {
    const UNITS: [(i128, &str); 3] = [(1 << 30, "gb"), (1 << 20, "mb"), (1 << 10, "kb")];
    let unit = UNITS.iter().find(|(size, _)| bytes != 0 && bytes % size == 0);
    match unit {
        Some((size, name)) => format!("{}{name}", bytes / size),
        None => bytes.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_units_are_redis_s() {
        let cases: [(&str, u64); 10] = [
            ("0", 0),
            ("7", 7),
            ("7b", 7),
            ("1k", 1000),
            ("1kb", 1024),
            ("2M", 2_000_000),
            ("2Mb", 2 * 1024 * 1024),
            ("3g", 3_000_000_000),
            ("3GB", 3 * 1024 * 1024 * 1024),
            ("18446744073709551615", u64::MAX),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse_memory(text.as_bytes()), Some(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_memory_size_is_refused() {
        for text in ["", "kb", "-1", "+1", " 1", "1 gb", "1.5gb", "10zz", "10%", "99999999999999gb"]
        {
            assert_eq!(parse_memory(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn a_written_size_reads_back() {
        for bytes in [0, 1, 1000, 1024, 1536, 3 << 20, 5 << 30, i128::from(u64::MAX)] {
            let text = write_memory(bytes);
            assert_eq!(parse_memory(text.as_bytes()).map(i128::from), Some(bytes), "{text}");
        }
        assert_eq!(write_memory(3 << 20), "3mb");
    }

    #[test]
    fn integers_have_one_spelling() {
        assert_eq!(parse_plain(b"-9223372036854775808"), Some(i64::MIN.into()));
        for text in ["", "+5", "010", "-0", "0x64", "100kb", " 1", "1 ", "99999999999999999999"] {
            assert_eq!(parse_plain(text.as_bytes()), None, "{text:?}");
        }
    }
}
