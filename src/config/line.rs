//! Lines of redis.conf: comments, words, quotes.

use super::ConfigError;

/// One line that is neither empty nor a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Counted from 1.
    pub number: usize,
    /// Without the blanks around it.
    pub text: &'a [u8],
    /// The directive's name, then its arguments; or what is wrong with the line's quotes.
    pub words: Result<Vec<Vec<u8>>, ConfigError>,
}

/// The lines of a configuration text that say something, in order.
pub fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    text.split(|&byte| byte == b'\n').zip(1..).filter_map(|(line, number)| {
        let text = trim(line);
        let says_nothing = text.is_empty() || text.starts_with(b"#");
        (!says_nothing).then(|| Line { number, text, words: split_words(text) })
    })
}

/// A line without the blanks around it.
pub(super) fn trim(line: &[u8]) -> &[u8] {
    const BLANKS: [u8; 4] = *b" \t\r\n";
    let start = line.iter().position(|byte| !BLANKS.contains(byte)).unwrap_or(line.len());
    let end = line.iter().rposition(|byte| !BLANKS.contains(byte)).map_or(start, |last| last + 1);
    &line[start..end]
}

/// Splits a line into words as Redis's `sdssplitargs` does: blanks separate; double quotes with the
/// escapes `\n \r \t \a \b \xHH`; single quotes in which only `\'` is an escape.
///
/// # Errors
/// A quote is not closed, or something other than a blank follows the closing quote.
pub fn split_words(line: &[u8]) -> Result<Vec<Vec<u8>>, ConfigError> {
    let mut words = Vec::new();
    let mut rest = skip_blanks(line);
    while !rest.is_empty() {
        let (word, after) = take_word(rest)?;
        words.push(word);
        rest = skip_blanks(after);
    }
    Ok(words)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn skip_blanks(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|&byte| !is_blank(byte)).unwrap_or(text.len());
    &text[start..]
}

/// One step inside quotes: a byte of the word, or the closing quote.
enum Quoted {
    Byte(u8),
    Close,
}

/// Reads one step from text that is not empty; answers how many bytes it took.
type QuoteRule = fn(&[u8]) -> Option<(Quoted, usize)>;

/// The first word and what follows it. A closing quote ends the word.
fn take_word(mut rest: &[u8]) -> Result<(Vec<u8>, &[u8]), ConfigError> {
    let mut word = Vec::new();
    loop {
        let rule: QuoteRule = match rest {
            [] | [b' ' | b'\t' | b'\n' | b'\r', ..] => return Ok((word, rest)),
            [b'"', ..] => double_quoted,
            [b'\'', ..] => single_quoted,
            [byte, after @ ..] => {
                word.push(*byte);
                rest = after;
                continue;
            }
        };
        let after = take_quoted(&rest[1..], rule, &mut word)?;
        return Ok((word, after));
    }
}

/// Appends what is inside the quotes to `word`; answers what follows them.
fn take_quoted<'a>(
    mut rest: &'a [u8],
    rule: QuoteRule,
    word: &mut Vec<u8>,
) -> Result<&'a [u8], ConfigError> {
    loop {
        let (step, taken) = rule(rest).ok_or(ConfigError::UnbalancedQuotes)?;
        rest = &rest[taken..];
        match step {
            Quoted::Byte(byte) => word.push(byte),
            Quoted::Close if rest.first().is_none_or(|&byte| is_blank(byte)) => return Ok(rest),
            Quoted::Close => return Err(ConfigError::UnbalancedQuotes),
        }
    }
}

fn double_quoted(rest: &[u8]) -> Option<(Quoted, usize)> {
    Some(match rest {
        [] => return None,
        [b'"', ..] => (Quoted::Close, 1),
        [b'\\', b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
            (Quoted::Byte(hex_digit(*high) << 4 | hex_digit(*low)), 4)
        }
        [b'\\', escaped, ..] => (Quoted::Byte(unescape(*escaped)), 2),
        [byte, ..] => (Quoted::Byte(*byte), 1),
    })
}

fn single_quoted(rest: &[u8]) -> Option<(Quoted, usize)> {
    Some(match rest {
        [] => return None,
        [b'\'', ..] => (Quoted::Close, 1),
        [b'\\', b'\'', ..] => (Quoted::Byte(b'\''), 2),
        [byte, ..] => (Quoted::Byte(*byte), 1),
    })
}

/// The value of an ASCII hexadecimal digit.
fn hex_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

fn unescape(escaped: u8) -> u8 {
    match escaped {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'a' => 0x07,
        b'b' => 0x08,
        other => other,
    }
}

/// A word in double quotes, as Redis's `sdscatrepr` writes it: printable ASCII only, so any bytes
/// survive in a text file. `split_words` gives them back.
#[must_use]
pub fn quote(word: &[u8]) -> String {
    let mut quoted = String::with_capacity(word.len() + 2);
    quoted.push('"');
    for &byte in word {
        match byte {
            b'\\' | b'"' => quoted.extend(['\\', char::from(byte)]),
            b'\n' => quoted.push_str("\\n"),
            b'\r' => quoted.push_str("\\r"),
            b'\t' => quoted.push_str("\\t"),
            0x07 => quoted.push_str("\\a"),
            0x08 => quoted.push_str("\\b"),
            b' '..=b'~' => quoted.push(char::from(byte)),
            _ => quoted.push_str(&format!("\\x{byte:02x}")),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(line: &str) -> Option<Vec<String>> {
        let words = split_words(line.as_bytes()).ok()?;
        Some(words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect())
    }

    #[test]
    fn quotes_are_redis_s() {
        let cases: [(&str, &[&str]); 8] = [
            ("port 1", &["port", "1"]),
            ("\t bind  a\x0b b ", &["bind", "a\x0b", "b"]),
            (r#"save """#, &["save", ""]),
            (r#"a "b c" 'd "e'"#, &["a", "b c", "d \"e"]),
            (r#"a"b c""#, &["ab c"]),
            (r#""\x41\n\q\"" '\n\''"#, &["A\nq\"", "\\n'"]),
            (r#""\xzz""#, &["xzz"]),
            ("", &[]),
        ];
        for (line, expected) in cases {
            let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
            assert_eq!(words(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn unbalanced_quotes_are_refused() {
        for line in [r#""abc"#, r#"'abc"#, r#""a"b"#, r#"'a'"b""#, r#""abc\"#] {
            assert_eq!(words(line), None, "{line}");
        }
    }

    #[test]
    fn comments_and_empty_lines_are_skipped_but_counted() {
        let found: Vec<_> = lines(b"# a\n\n  port 1 \r\n\t# b\nhz 5")
            .map(|line| (line.number, String::from_utf8_lossy(line.text).into_owned()))
            .collect();
        assert_eq!(found, [(3, "port 1".to_owned()), (5, "hz 5".to_owned())]);
    }

    proptest! {
        #[test]
        fn quoted_words_read_back(words in proptest::collection::vec(any::<Vec<u8>>(), 0..5)) {
            let line: Vec<String> = words.iter().map(|word| quote(word)).collect();
            let line = line.join(" ");
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(split_words(line.as_bytes()), Ok(words));
        }

        #[test]
        fn any_line_is_split_or_refused(line in any::<Vec<u8>>()) {
            let _ = split_words(&line);
        }
    }
}
