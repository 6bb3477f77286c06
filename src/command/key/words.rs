//! For tests: arguments from a line of words.

use crate::command::Args;
use crate::resp::Span;

/// What `read` makes of the words of `line` as arguments.
pub fn with_words<R>(line: &str, read: impl FnOnce(Args<'_>) -> R) -> R {
    let mut buffer = Vec::new();
    let mut spans = Vec::new();
    for word in line.split_whitespace() {
        spans.push(Span { start: buffer.len() as u32, len: word.len() as u32 });
        buffer.extend_from_slice(word.as_bytes());
    }
    read(Args::new(&buffer, &spans))
}
