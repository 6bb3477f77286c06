//! Splits an inline request, typed by hand, into its arguments (Redis's `sdssplitargs`).

use super::{ProtocolError, Span};

/// What is read past the end of the line. A NUL ends the line too.
const END: u8 = 0;

/// Appends the arguments' spans, relative to the line; quoted ones are unescaped in place, which never
/// makes them longer.
///
/// # Errors
///
/// [`ProtocolError::UnbalancedQuotes`] if a quote stays open or something follows a closing one. The
/// line may be changed then.
pub(super) fn split_args(line: &mut [u8], args: &mut Vec<Span>) -> Result<(), ProtocolError> {
    let mut splitter = Splitter { line, read: 0, write: 0 };
    while splitter.skip_blanks() {
        let start = splitter.read;
        splitter.write = start;
        splitter.argument()?;
        args.push(Span::of(start, splitter.write - start));
    }
    Ok(())
}

/// The argument being read ends at `read`; what was kept of it, at `write`.
struct Splitter<'a> {
    line: &'a mut [u8],
    read: usize,
    write: usize,
}

impl Splitter<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.line.get(self.read + ahead).copied().unwrap_or(END)
    }

    /// Takes bytes of the line, of which one, perhaps another than any of them, is the argument's.
    fn keep(&mut self, byte: u8, taken: usize) {
        if let Some(place) = self.line.get_mut(self.write) {
            *place = byte;
        }
        self.write += 1;
        self.read += taken;
    }

    /// Whether anything but blanks is left.
    fn skip_blanks(&mut self) -> bool {
        while is_blank(self.peek(0)) {
            self.read += 1;
        }
        self.peek(0) != END
    }

    /// A closing quote ends the argument, an opening one may stand in its middle.
    fn argument(&mut self) -> Result<(), ProtocolError> {
        loop {
            match self.peek(0) {
                // Vertical tabs and form feeds are blanks only in front of an argument.
                b' ' | b'\n' | b'\r' | b'\t' | END => return Ok(()),
                quote @ (b'"' | b'\'') => {
                    self.read += 1;
                    return self.quoted(quote);
                }
                byte => self.keep(byte, 1),
            }
        }
    }

    fn quoted(&mut self, quote: u8) -> Result<(), ProtocolError> {
        loop {
            match self.peek(0) {
                END => return Err(ProtocolError::UnbalancedQuotes),
                byte if byte == quote => {
                    self.read += 1;
                    let next = self.peek(0);
                    let closes = next == END || is_blank(next);
                    return if closes { Ok(()) } else { Err(ProtocolError::UnbalancedQuotes) };
                }
                b'\\' => self.escaped(quote),
                byte => self.keep(byte, 1),
            }
        }
    }

    /// A backslash. Between single quotes it escapes only those.
    fn escaped(&mut self, quote: u8) {
        let next = self.peek(1);
        if quote == b'\'' && next != b'\'' || next == END {
            self.keep(b'\\', 1);
        } else if let (b'x', Some(byte)) = (next, hex_byte(self.peek(2), self.peek(3))) {
            self.keep(byte, 4);
        } else {
            self.keep(unescape(next), 2);
        }
    }
}

/// C's `isspace`.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\x0b' | b'\x0c' | b'\r')
}

fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

fn unescape(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &[u8]) -> Result<Vec<Vec<u8>>, ProtocolError> {
        let (mut line, mut args) = (line.to_vec(), Vec::new());
        split_args(&mut line, &mut args)?;
        Ok(args.iter().map(|span| span.slice(&line).to_vec()).collect())
    }

    /// What `ECHO <argument>` of Redis 7.0.15 gave back for these inline requests.
    #[test]
    fn splits_as_redis_does() {
        let cases: [(&[u8], &[&[u8]]); 19] = [
            (b"", &[]),
            (b" \t\r\x0b\x0c ", &[]),
            (b"ECHO a", &[b"ECHO", b"a"]),
            (b"  ECHO\ta  ", &[b"ECHO", b"a"]),
            (b"\x0b\x0cECHO a", &[b"ECHO", b"a"]),
            (b"ECHO a\x0bb", &[b"ECHO", b"a\x0bb"]),
            (b"ECHO a\rb", &[b"ECHO", b"a", b"b"]),
            (b"ECHO \"\"", &[b"ECHO", b""]),
            (b"ECHO ''", &[b"ECHO", b""]),
            (b"ECHO \"a\"\x0bb", &[b"ECHO", b"a", b"b"]),
            (b"ECHO a\"b c\"", &[b"ECHO", b"ab c"]),
            (b"ECHO \"a\rb\"", &[b"ECHO", b"a\rb"]),
            (br#"ECHO "\x41\n\r\t\b\a\q\xZZ\"""#, &[b"ECHO", b"A\n\r\t\x08\x07qxZZ\""]),
            (br#"ECHO "\x4""#, &[b"ECHO", b"x4"]),
            (br#"ECHO "\x00\xFf""#, &[b"ECHO", b"\x00\xff"]),
            (br"ECHO 'a\'b\n\\ '", &[b"ECHO", br"a'b\n\\ "]),
            (br"ECHO \x41", &[b"ECHO", br"\x41"]),
            (b"ECHO \xff", &[b"ECHO", b"\xff"]),
            (b"ECHO a\0b", &[b"ECHO", b"a"]),
        ];
        for (line, expected) in cases {
            assert_eq!(split(line).unwrap(), expected, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn quotes_must_close_at_the_end_of_an_argument() {
        let cases: [&[u8]; 9] = [
            b"ECHO \"a",
            b"ECHO 'a",
            b"ECHO \"a\"b",
            b"ECHO 'a'b",
            b"ECHO a\"b c\"'d'",
            b"ECHO \"a\\",
            b"ECHO \"a\\\"",
            b"ECHO 'a\\'",
            b"\"",
        ];
        for line in cases {
            assert_eq!(
                split(line),
                Err(ProtocolError::UnbalancedQuotes),
                "{}",
                line.escape_ascii()
            );
        }
    }
}
