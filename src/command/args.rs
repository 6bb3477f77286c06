//! A request's arguments, borrowed from the connection's read buffer.

use crate::resp::Span;
use std::ops::Index;

/// The arguments of one request; `args[0]` is the command's name.
///
/// Indexing panics past the end, so a command indexes only what its arity guarantees and asks
/// [`Args::get`] for the rest.
#[derive(Clone, Copy)]
pub struct Args<'a> {
    buffer: &'a [u8],
    spans: &'a [Span],
}

impl<'a> Args<'a> {
    /// `spans` point into `buffer`.
    #[must_use]
    pub fn new(buffer: &'a [u8], spans: &'a [Span]) -> Args<'a> {
        Args { buffer, spans }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    #[must_use]
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        self.spans.get(index).map(|span| span.slice(self.buffer))
    }

    /// The arguments from `first` on.
    #[must_use]
    pub fn from(&self, first: usize) -> Args<'a> {
        Args { buffer: self.buffer, spans: self.spans.get(first..).unwrap_or(&[]) }
    }

    /// The first `count` arguments, or all when there are fewer.
    #[must_use]
    pub fn first(&self, count: usize) -> Args<'a> {
        Args { buffer: self.buffer, spans: self.spans.get(..count).unwrap_or(self.spans) }
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let buffer = self.buffer;
        self.spans.iter().map(move |span| span.slice(buffer))
    }
}

impl Index<usize> for Args<'_> {
    type Output = [u8];
    fn index(&self, index: usize) -> &[u8] {
        self.spans[index].slice(self.buffer)
    }
}

/// Runs `then` with the words of `request` as arguments.
#[cfg(test)]
pub(super) fn with_words<T>(request: &str, then: impl FnOnce(Args<'_>) -> T) -> T {
    let span = |word: &str| {
        let start = word.as_ptr() as usize - request.as_ptr() as usize;
        Span { start: start as u32, len: word.len() as u32 }
    };
    let spans: Vec<Span> = request.split_ascii_whitespace().map(span).collect();
    then(Args::new(request.as_bytes(), &spans))
}

/// The error with which `parse` refuses the words of `request`.
#[cfg(test)]
pub(super) fn refusal<T>(
    request: &str,
    parse: impl FnOnce(Args<'_>) -> Result<T, super::CommandError>,
) -> String {
    match with_words(request, parse) {
        Err(super::CommandError::Reply(text)) => text.into_owned(),
        Err(error) => format!("{error:?}"),
        Ok(_) => "accepted".to_owned(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::Args;
    use crate::resp::{Limits, RequestParser, Span};

    /// A request as a client would send it.
    pub(crate) struct Request {
        buffer: Vec<u8>,
        spans: Vec<Span>,
    }

    impl Request {
        pub(crate) fn new<W: AsRef<[u8]>>(words: impl ExactSizeIterator<Item = W>) -> Request {
            let mut buffer = format!("*{}\r\n", words.len()).into_bytes();
            for word in words {
                let word = word.as_ref();
                buffer.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
                buffer.extend_from_slice(word);
                buffer.extend_from_slice(b"\r\n");
            }
            let mut spans = Vec::new();
            let parsed =
                RequestParser::default().next(&mut buffer, &mut 0, &Limits::default(), &mut spans);
            assert!(matches!(parsed, Ok(Some(_))));
            Request { buffer, spans }
        }

        pub(crate) fn args(&self) -> Args<'_> {
            Args::new(&self.buffer, &self.spans)
        }
    }
}
