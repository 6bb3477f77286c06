//! A command line split into words as redis-cli splits it.

/// Splits at blanks; `"…"` takes escapes (`\n`, `\x00`), in `'…'` every byte is itself.
///
/// # Panics
/// On quotes that do not close: transcripts are written by hand.
pub fn split(line: &str) -> Vec<Vec<u8>> {
    let mut rest = line.trim();
    let mut words = Vec::new();
    while !rest.is_empty() {
        let (word, after) = match rest.as_bytes()[0] {
            b'"' => double_quoted(&rest[1..], line),
            b'\'' => single_quoted(&rest[1..], line),
            _ => {
                let (word, after) =
                    rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
                (word.as_bytes().to_vec(), after)
            }
        };
        words.push(word);
        rest = after.trim_start();
    }
    words
}

fn double_quoted<'a>(text: &'a str, line: &str) -> (Vec<u8>, &'a str) {
    let bytes = text.as_bytes();
    let mut word = Vec::new();
    let mut at = 0;
    loop {
        match bytes.get(at..).unwrap_or_default() {
            [] => panic!("quotes that do not close: {line}"),
            [b'"', ..] => return (word, &text[at + 1..]),
            [b'\\', b'x', high, low, ..] => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).expect("hex digits");
                word.push(u8::from_str_radix(digits, 16).expect("hex digits"));
                at += 4;
            }
            [b'\\', escaped, ..] => {
                word.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'a' => 0x07,
                    b'b' => 0x08,
                    other => *other,
                });
                at += 2;
            }
            [byte, ..] => {
                word.push(*byte);
                at += 1;
            }
        }
    }
}

fn single_quoted<'a>(text: &'a str, line: &str) -> (Vec<u8>, &'a str) {
    let end = text.find('\'').unwrap_or_else(|| panic!("quotes that do not close: {line}"));
    (text.as_bytes()[..end].to_vec(), &text[end + 1..])
}
