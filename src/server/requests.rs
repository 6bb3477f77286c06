//! The requests of a pipeline: parsed where they lie in a buffer, executed one after the other.

use crate::command::Args;
use crate::resp::{Limits, ProtocolError, RequestParser, Span};

/// Room that is kept between batches: more is given back.
const KEPT_SPANS: usize = 16 * 1024;

/// Parsed requests of one buffer. The buffer may not change while some are left, except that what is
/// behind [`Requests::done_bytes`] is dropped along with [`Requests::forget_done`].
#[derive(Default)]
pub struct Requests {
    /// All arguments of all requests.
    spans: Vec<Span>,
    bounds: Vec<Bounds>,
    /// The first one that has not been taken.
    next: usize,
    /// Up to here the buffer holds whole requests.
    parsed_bytes: usize,
    /// What follows cannot be read.
    error: Option<ProtocolError>,
}

/// Where a request ends.
#[derive(Clone, Copy)]
struct Bounds {
    spans: usize,
    bytes: usize,
}

impl Requests {
    /// Parses what `buffer` holds behind the requests of before, at most `max` requests.
    pub fn parse(
        &mut self,
        parser: &mut RequestParser,
        buffer: &mut [u8],
        limits: &Limits,
        max: usize,
    ) {
        while self.bounds.len() < max {
            match parser.next(buffer, &mut self.parsed_bytes, limits, &mut self.spans) {
                Ok(Some(_)) => {
                    self.bounds.push(Bounds { spans: self.spans.len(), bytes: self.parsed_bytes });
                }
                Ok(None) => break,
                Err(error) => {
                    self.error = Some(error);
                    break;
                }
            }
        }
    }

    /// Requests that have not been taken.
    pub fn len(&self) -> usize {
        self.bounds.len() - self.next
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is wrong with the bytes behind the last request.
    pub fn error(&self) -> Option<ProtocolError> {
        self.error
    }

    /// The next request; it stays the next until [`Requests::take`].
    pub fn peek<'a>(&'a self, buffer: &'a [u8]) -> Option<Args<'a>> {
        (!self.is_empty()).then(|| self.args(buffer, self.next))
    }

    /// Takes the request that was peeked at.
    pub fn take(&mut self) {
        self.next = (self.next + 1).min(self.bounds.len());
    }

    /// All requests that have not been taken.
    pub fn iter<'a>(&'a self, buffer: &'a [u8]) -> impl ExactSizeIterator<Item = Args<'a>> {
        (self.next..self.bounds.len()).map(move |at| self.args(buffer, at))
    }

    /// How much of the buffer is done with.
    pub fn done_bytes(&self) -> usize {
        if self.is_empty() {
            self.parsed_bytes
        } else {
            self.next.checked_sub(1).map_or(0, |last| self.bounds[last].bytes)
        }
    }

    /// Forgets the requests that were taken; the caller drops [`Requests::done_bytes`] of the buffer.
    pub fn forget_done(&mut self) {
        if self.is_empty() {
            self.spans.clear();
            self.spans.shrink_to(KEPT_SPANS);
            self.bounds.clear();
            (self.next, self.parsed_bytes) = (0, 0);
            return;
        }
        let (bytes, spans) = (self.done_bytes(), self.first_span(self.next));
        self.spans.drain(..spans);
        self.bounds.drain(..self.next);
        self.next = 0;
        self.parsed_bytes -= bytes;
        for span in &mut self.spans {
            span.start -= bytes as u32;
        }
        for bounds in &mut self.bounds {
            bounds.bytes -= bytes;
            bounds.spans -= spans;
        }
    }

    fn args<'a>(&'a self, buffer: &'a [u8], at: usize) -> Args<'a> {
        let spans = self.first_span(at)..self.bounds[at].spans;
        Args::new(buffer, &self.spans[spans])
    }

    fn first_span(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |before| self.bounds[before].spans)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(requests: &Requests, buffer: &[u8]) -> Vec<String> {
        let line = |args: Args<'_>| {
            let words: Vec<&[u8]> = args.iter().collect();
            String::from_utf8(words.join(&b' ')).unwrap()
        };
        requests.iter(buffer).map(line).collect()
    }

    #[test]
    fn what_was_not_taken_survives_a_move_of_the_buffer() {
        // The quoted word is unescaped in place: it must not be parsed a second time.
        let mut buffer =
            b"set a 1\r\n\r\n*2\r\n$3\r\nget\r\n$1\r\na\r\nset b \"\\x5cn\"\r\n*1\r\n$4\r\npi"
                .to_vec();
        let (mut parser, mut requests) = (RequestParser::default(), Requests::default());
        let limits = Limits::default();
        requests.parse(&mut parser, &mut buffer, &limits, 100);
        assert_eq!(words(&requests, &buffer), ["set a 1", "get a", "set b \\n"]);

        requests.take();
        buffer.drain(..requests.done_bytes());
        requests.forget_done();
        assert_eq!(words(&requests, &buffer), ["get a", "set b \\n"]);

        requests.take();
        requests.take();
        buffer.drain(..requests.done_bytes());
        requests.forget_done();
        assert_eq!(buffer, b"*1\r\n$4\r\npi");

        buffer.extend_from_slice(b"ng\r\n*1\r\n+\r\n");
        requests.parse(&mut parser, &mut buffer, &limits, 100);
        assert_eq!(words(&requests, &buffer), ["ping"]);
        assert!(requests.error().is_some());
    }

    #[test]
    fn no_more_than_asked_for_is_parsed() {
        let mut buffer = b"ping\r\nping\r\nping\r\n".to_vec();
        let (mut parser, mut requests) = (RequestParser::default(), Requests::default());
        requests.parse(&mut parser, &mut buffer, &Limits::default(), 2);
        assert_eq!(requests.len(), 2);
        requests.take();
        requests.take();
        assert_eq!(requests.done_bytes(), 12);
    }
}
