//! Glob patterns as Redis matches them (`stringmatchlen`): `*`, `?`, classes, `\` escapes.
//!
//! Bytes, not characters. Redis's corners are kept: a class left open ends with the pattern, `]` right
//! after `[` closes it, ranges may be turned round and compare bytes as signed, and an escaped byte in a
//! class keeps its case.

/// Patterns with more stars than this (a last one not counted) match nothing, as in Redis 7.2.6, where
/// each star is a recursion.
const MAX_STARS: usize = 1000;

/// Whether the pattern matches the whole text.
///
/// Work is bounded by the product of the two lengths: only the latest star is ever tried again,
/// because whatever an earlier one could still reach, the later one reaches too.
#[must_use]
pub fn matches(pattern: &[u8], text: &[u8], ignore_case: bool) -> bool {
    if text.is_empty() {
        // Even `*` needs a byte here; only once something was matched may stars match nothing.
        return pattern.is_empty();
    }
    Matcher { pattern, text, ignore_case, stars: 0, retry: None }.run()
}

struct Matcher<'a> {
    pattern: &'a [u8],
    text: &'a [u8],
    ignore_case: bool,
    stars: usize,
    /// What follows the latest star, and the text that it is tried on next.
    retry: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> Matcher<'a> {
    fn run(mut self) -> bool {
        loop {
            let Some((byte, after_byte)) = self.text.split_first() else {
                return self.pattern.iter().all(|left| *left == b'*');
            };
            if let [b'*', ..] = self.pattern {
                let rest = skip_stars(self.pattern);
                if rest.is_empty() {
                    return true;
                }
                self.stars += 1;
                if self.stars > MAX_STARS {
                    return false;
                }
                self.pattern = rest;
                self.retry = Some((rest, after_byte));
            } else if let Some(after_element) = self.element(*byte) {
                self.pattern = after_element;
                self.text = after_byte;
            } else if !self.retry_star() {
                return false;
            }
        }
    }

    /// Lets the latest star take one byte more. Every byte of the pattern behind it but stars wants
    /// one of the text, so there must be text left.
    fn retry_star(&mut self) -> bool {
        let Some((pattern, text)) = self.retry else {
            return false;
        };
        let Some((_, after_byte)) = text.split_first() else {
            return false;
        };
        (self.pattern, self.text) = (pattern, text);
        self.retry = Some((pattern, after_byte));
        true
    }

    /// Matches the pattern's first element against one byte; the rest of the pattern if it does.
    fn element(&self, byte: u8) -> Option<&'a [u8]> {
        let (matched, rest) = match self.pattern {
            [] => return None,
            [b'?', rest @ ..] => (true, rest),
            [b'[', b'^', class @ ..] => self.class(class, byte, true),
            [b'[', class @ ..] => self.class(class, byte, false),
            [b'\\', literal, rest @ ..] | [literal, rest @ ..] => (self.same(*literal, byte), rest),
        };
        matched.then_some(rest)
    }

    fn class(&self, mut class: &'a [u8], byte: u8, negated: bool) -> (bool, &'a [u8]) {
        let mut found = false;
        loop {
            class = match class {
                [b'\\', literal, rest @ ..] => {
                    found |= *literal == byte;
                    rest
                }
                [b']', rest @ ..] => return (found != negated, rest),
                [] => return (found != negated, class),
                [first, b'-', last, rest @ ..] => {
                    found |= self.in_range(*first, *last, byte);
                    rest
                }
                [literal, rest @ ..] => {
                    found |= self.same(*literal, byte);
                    rest
                }
            };
        }
    }

    /// The ends are put in order before their case is folded: `[Z-a]` is empty without case.
    fn in_range(&self, first: u8, last: u8, byte: u8) -> bool {
        let signed = |byte: u8| byte as i8;
        let (low, high) = (signed(first).min(signed(last)), signed(first).max(signed(last)));
        let fold = |byte: i8| self.fold(byte as u8) as i8;
        (fold(low)..=fold(high)).contains(&fold(signed(byte)))
    }

    fn same(&self, first: u8, second: u8) -> bool {
        self.fold(first) == self.fold(second)
    }

    fn fold(&self, byte: u8) -> u8 {
        if self.ignore_case { byte.to_ascii_lowercase() } else { byte }
    }
}

fn skip_stars(pattern: &[u8]) -> &[u8] {
    let stars = pattern.iter().take_while(|byte| **byte == b'*').count();
    pattern.get(stars..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The keys that `KEYS <pattern>` was asked over.
    const KEYS: &str = r"* - ? Z [ \ ] ^ _ a a-c aXb a\ ab abc z";

    /// What `KEYS <pattern>` of Redis 7.0.15 replies.
    #[test]
    fn matches_the_keys_that_redis_matches() {
        let single = r"* - ? Z [ \ ] ^ _ a z";
        let cases = [
            ("**", KEYS),
            ("", ""),
            ("?", single),
            ("[", ""),
            ("[^", single),
            ("[^]", single),
            ("[]", ""),
            ("[]]", ""),
            ("[a", "a"),
            ("[a-", "- a"),
            ("[a-c", "a"),
            ("[c-a]", "a"),
            ("[a-]", "] ^ _ a"),
            (r"[\]]", "]"),
            ("[^a]", r"* - ? Z [ \ ] ^ _ z"),
            (r"\", r"\"),
            (r"a\", r"a\"),
            (r"\a", "a"),
            (r"[\", r"\"),
            ("[!a]", "a"),
            ("[a-c]*", r"a a-c aXb a\ ab abc"),
            ("a**", r"a a-c aXb a\ ab abc"),
            ("a*?*", r"a-c aXb a\ ab abc"),
            (r"[a-\]]", ""),
            ("[^a-z]", r"* - ? Z [ \ ] ^ _"),
            ("[]-a]", ""),
            ("[z-", "- z"),
            ("a[^", r"a\ ab"),
            (r"\*", "*"),
            ("[*]", "*"),
            ("a[", ""),
        ];
        for (pattern, expected) in cases {
            let matched: Vec<&str> = KEYS
                .split(' ')
                .filter(|key| matches(pattern.as_bytes(), key.as_bytes(), false))
                .collect();
            assert_eq!(matched.join(" "), expected, "{pattern}");
        }
    }

    /// `COMMAND LIST FILTERBY PATTERN`, which ignores case, on Redis 7.0.15.
    #[test]
    fn folds_case_where_redis_does() {
        let cases = [
            ("GE[S-u]", true),
            ("GE[T]", true),
            (r"GE[\T]", false),
            (r"G\ET", true),
            ("ge[A-z]", true),
            ("ge[Z-a]", false),
        ];
        for (pattern, expected) in cases {
            assert_eq!(matches(pattern.as_bytes(), b"get", true), expected, "{pattern}");
        }
        assert!(!matches(b"GET", b"get", false));
    }

    #[test]
    fn ranges_compare_signed_bytes() {
        let matched = |pattern: &[u8]| -> Vec<u8> {
            let bytes = [0x00, 0x41, 0x7f, 0x80, 0xff];
            bytes.into_iter().filter(|byte| matches(pattern, &[*byte], false)).collect()
        };
        assert_eq!(matched(b"[\x00-\x7f]"), [0x00, 0x41, 0x7f]);
        assert_eq!(matched(b"[\x80-\xff]"), [0x80, 0xff]);
        assert_eq!(matched(b"[\x7f-\x80]"), [0x00, 0x41, 0x7f, 0x80, 0xff]);
        assert_eq!(matched(b"[\x00-\xff]"), [0x00, 0xff]);
    }

    #[test]
    fn nothing_matches_the_empty_text_but_the_empty_pattern() {
        assert!(matches(b"", b"", false));
        assert!(!matches(b"*", b"", false));
        assert!(!matches(b"**", b"", false));
    }

    /// The depth is that of Redis; the text ends in what never matches, so that a matcher which tries
    /// every star again would not end.
    #[test]
    fn many_stars_are_bounded() {
        let text = vec![b'a'; 10_000];
        assert!(matches(&b"a*".repeat(1001), &text, false));
        assert!(matches(&[&b"a*".repeat(1000)[..], b"a"].concat(), &text, false));
        assert!(!matches(&[&b"a*".repeat(1001)[..], b"a"].concat(), &text, false));
        assert!(!matches(&[&b"a*".repeat(500)[..], b"b"].concat(), &text, false));
    }

    /// What a pattern of stars, question marks and literals means, said in the plainest way.
    fn by_definition(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            ([b'*', rest @ ..], _) => {
                (0..=text.len()).any(|skip| by_definition(rest, &text[skip..]))
            }
            ([b'?', rest @ ..], [_, text @ ..]) => by_definition(rest, text),
            ([literal, rest @ ..], [byte, text @ ..]) if literal == byte => {
                by_definition(rest, text)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(pattern in "[ab*?]{0,10}", text in "[ab]{1,12}") {
            let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
            prop_assert_eq!(matches(pattern, text, false), by_definition(pattern, text));
        }

        #[test]
        fn never_panics(pattern: Vec<u8>, text: Vec<u8>, ignore_case: bool) {
            let _ = matches(&pattern, &text, ignore_case);
        }

        #[test]
        fn an_escaped_text_matches_itself_only(text in "[a-c*?\\[\\]^\\\\-]{1,6}", other in "[a-c*?\\[\\]^\\\\-]{1,6}") {
            let escaped: Vec<u8> = text.bytes().flat_map(|byte| [b'\\', byte]).collect();
            prop_assert!(matches(&escaped, text.as_bytes(), false));
            prop_assert_eq!(matches(&escaped, other.as_bytes(), false), text == other);
        }
    }
}
