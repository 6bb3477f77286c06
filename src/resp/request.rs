//! Parses requests where they lie: in a connection's read buffer.
//!
//! An argument is a [`Span`] of the buffer, so nothing is copied and nothing is allocated per request.
//! A request that has not arrived whole is resumed where the bytes ended; no byte is looked for a
//! line's end twice, and the bytes of an argument are not looked at at all. Lengths that a client
//! announces reserve nothing.

use memchr::memchr2;

use super::{Limits, ProtocolError, inline};
use crate::base::number::parse_i64;

/// The line end behind lengths and arguments. As in Redis, its second byte may be any, and behind an
/// argument both may.
const CRLF_LEN: usize = 2;

/// The longest length that is read without looking for the line's end first.
const MAX_SHORT_DIGITS: usize = 9;

/// How many spans of an incomplete request are kept room for.
const MAX_IDLE_SPANS: usize = 1024;

/// Where an argument lies, in bytes from the start of the buffer.
///
/// Half the size of a range of `usize`: a buffer is shorter than 4 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub start: u32,
    pub len: u32,
}

impl Span {
    /// Both are offsets in a buffer that [`RequestParser::next`] has found short enough.
    pub(super) fn of(start: usize, len: usize) -> Span {
        Span { start: start as u32, len: len as u32 }
    }

    fn moved(self, by: usize) -> Span {
        Span::of(self.start as usize + by, self.len as usize)
    }

    /// The argument's bytes; empty if the buffer is not the one that was parsed.
    #[must_use]
    pub fn slice(self, buf: &[u8]) -> &[u8] {
        let start = self.start as usize;
        buf.get(start..start + self.len as usize).unwrap_or_default()
    }
}

/// A complete request: how many spans it added, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    pub arg_count: usize,
}

/// The parser of one connection. It remembers how far it came in a request that is still incomplete.
#[derive(Debug, Default)]
pub struct RequestParser {
    /// Where the next line or argument begins. This and all that follows is relative to the start of
    /// the request, so that the buffer may move under it.
    position: usize,
    /// Up to here there is no end of the line that begins at `position`.
    scanned: usize,
    /// The arguments still to come; 0 while their number is not known.
    args_left: usize,
    /// The length of the argument at `position`, once it is known.
    bulk_len: Option<usize>,
    /// The arguments that have arrived.
    args: Vec<Span>,
    bytes_wanted: Option<usize>,
    #[cfg(test)]
    bytes_scanned: usize,
}

/// The line before an argument or before all of them: a type byte and a number.
struct Header {
    kind: u8,
    /// Whatever is no canonical integer is `None`.
    number: Option<i64>,
    /// Where the line ends.
    end: usize,
}

impl RequestParser {
    /// Parses the next request, which begins at `*consumed`, and adds its arguments to `spans`; a
    /// pipeline's requests may share one `spans`. Empty requests are skipped. `None` means that more
    /// bytes are needed; `*consumed` is then where the incomplete request begins.
    ///
    /// Until the request is complete, the caller may append to the buffer and drop bytes in front of
    /// `*consumed`, and nothing else. The arguments of an inline request are unescaped in place.
    ///
    /// # Errors
    ///
    /// The request breaks the protocol. The parser is of no use after that.
    pub fn next(
        &mut self,
        buf: &mut [u8],
        consumed: &mut usize,
        limits: &Limits,
        spans: &mut Vec<Span>,
    ) -> Result<Option<Request>, ProtocolError> {
        self.bytes_wanted = None;
        if u32::try_from(buf.len()).is_err() {
            return Err(ProtocolError::InvalidBulkLength);
        }
        while let Some(request) = buf.get_mut(*consumed..)
            && self.request(request, limits)?
        {
            let start = std::mem::replace(consumed, *consumed + self.position);
            let arg_count = self.hand_over(start, spans);
            if arg_count > 0 {
                return Ok(Some(Request { arg_count }));
            }
        }
        Ok(None)
    }

    /// How many bytes the argument that did not arrive whole still lacks, as announced by the client:
    /// a hint for the size of the next read, to be bounded by the reader.
    #[must_use]
    pub fn bytes_wanted(&self) -> Option<usize> {
        self.bytes_wanted
    }

    /// Goes on with one request; whether it is complete, up to `position`.
    fn request(&mut self, request: &mut [u8], limits: &Limits) -> Result<bool, ProtocolError> {
        match request {
            [] => Ok(false),
            [b'*', ..] => self.multibulk(request, limits),
            _ => self.inline(request, limits),
        }
    }

    /// Gives a complete request's arguments away and gets ready for the next.
    fn hand_over(&mut self, start: usize, spans: &mut Vec<Span>) -> usize {
        let arg_count = self.args.len();
        spans.extend(self.args.drain(..).map(|span| span.moved(start)));
        self.args.shrink_to(MAX_IDLE_SPANS);
        (self.position, self.scanned) = (0, 0);
        arg_count
    }

    /// Goes on with an array of bulk strings; whether it is complete.
    fn multibulk(&mut self, request: &[u8], limits: &Limits) -> Result<bool, ProtocolError> {
        if self.args_left == 0 {
            let too_long = ProtocolError::TooBigMultibulkCount;
            let Some(header) = self.header(request, limits, too_long)? else {
                return Ok(false);
            };
            self.args_left = multibulk_len(&header, limits)?;
            self.position = header.end;
        }
        while self.args_left > 0 {
            if !self.argument(request, limits)? {
                return Ok(false);
            }
            self.args_left -= 1;
        }
        Ok(true)
    }

    /// Goes on with one bulk string; whether it is complete.
    fn argument(&mut self, request: &[u8], limits: &Limits) -> Result<bool, ProtocolError> {
        let len = match self.bulk_len {
            Some(len) => len,
            None => {
                let too_long = ProtocolError::TooBigBulkCount;
                let Some(header) = self.header(request, limits, too_long)? else {
                    return Ok(false);
                };
                self.position = header.end;
                *self.bulk_len.insert(bulk_len(&header, limits)?)
            }
        };
        let end = self.position.saturating_add(len).saturating_add(CRLF_LEN);
        if request.len() < end {
            self.bytes_wanted = Some(end - request.len());
            return Ok(false);
        }
        self.args.push(Span::of(self.position, len));
        self.position = end;
        self.bulk_len = None;
        Ok(true)
    }

    /// Goes on with a line typed by hand; whether it is complete.
    fn inline(&mut self, request: &mut [u8], limits: &Limits) -> Result<bool, ProtocolError> {
        let too_long = ProtocolError::TooBigInline;
        let Some(newline) = self.line_end(request, b'\n', limits, too_long)? else {
            return Ok(false);
        };
        let line = request.get_mut(..newline).unwrap_or_default();
        inline::split_args(line, &mut self.args)?;
        self.position = newline + 1;
        Ok(true)
    }

    /// Reads the header at `position`, once it is there whole.
    fn header(
        &mut self,
        request: &[u8],
        limits: &Limits,
        too_long: ProtocolError,
    ) -> Result<Option<Header>, ProtocolError> {
        if self.scanned <= self.position
            && let Some(header) = self.short_header(request)
        {
            return Ok(Some(header));
        }
        let Some(line_end) = self.line_end(request, b'\r', limits, too_long)? else {
            return Ok(None);
        };
        let end = line_end + CRLF_LEN;
        let (Some([kind, ..]), true) = (request.get(self.position..), end <= request.len()) else {
            return Ok(None);
        };
        let number = request.get(self.position + 1..line_end).and_then(parse_i64);
        Ok(Some(Header { kind: *kind, number, end }))
    }

    /// The usual header, a few digits that are there whole, in one pass.
    fn short_header(&mut self, request: &[u8]) -> Option<Header> {
        let [kind, digits @ ..] = request.get(self.position..)? else {
            return None;
        };
        let mut number = 0;
        for (count, byte) in digits.iter().enumerate().take(MAX_SHORT_DIGITS + 1) {
            self.note_scanned(1);
            let digit = byte.wrapping_sub(b'0');
            if digit < 10 {
                number = number * 10 + i64::from(digit);
                continue;
            }
            let canonical = count == 1 || digits.first() != Some(&b'0');
            let end = self.position + 1 + count + CRLF_LEN;
            let whole = *byte == b'\r' && count > 0 && end <= request.len();
            return (whole && canonical).then_some(Header {
                kind: *kind,
                number: Some(number),
                end,
            });
        }
        None
    }

    /// Looks for the end of the line at `position`, from where the last search ended. A NUL hides
    /// all that follows it, as it does in Redis: such a line only ever becomes too long.
    fn line_end(
        &mut self,
        request: &[u8],
        terminator: u8,
        limits: &Limits,
        too_long: ProtocolError,
    ) -> Result<Option<usize>, ProtocolError> {
        let from = self.scanned.max(self.position);
        let last = self.position.saturating_add(limits.max_inline_len);
        let unscanned = request.get(from..request.len().min(last.saturating_add(1)));
        let unscanned = unscanned.unwrap_or_default();
        let found = memchr2(terminator, 0, unscanned);
        let searched = found.unwrap_or(unscanned.len());
        self.note_scanned(searched);
        self.scanned = from + searched;
        if found.is_some() && request.get(self.scanned) == Some(&terminator) {
            return Ok(Some(self.scanned));
        }
        if request.len() > last { Err(too_long) } else { Ok(None) }
    }

    /// Lets the tests see that the work is linear.
    #[cfg(test)]
    fn note_scanned(&mut self, count: usize) {
        self.bytes_scanned += count;
    }

    #[cfg(not(test))]
    #[inline]
    fn note_scanned(&mut self, _count: usize) {}
}

fn multibulk_len(header: &Header, limits: &Limits) -> Result<usize, ProtocolError> {
    let announced = header.number.ok_or(ProtocolError::InvalidMultibulkLength)?;
    // A negative number of arguments is none.
    let len = usize::try_from(announced.max(0)).unwrap_or(usize::MAX);
    if len > limits.max_args {
        Err(ProtocolError::InvalidMultibulkLength)
    } else if len > Limits::MAX_UNAUTHENTICATED_ARGS && !limits.authenticated {
        Err(ProtocolError::UnauthenticatedMultibulkLength)
    } else {
        Ok(len)
    }
}

fn bulk_len(header: &Header, limits: &Limits) -> Result<usize, ProtocolError> {
    if header.kind != b'$' {
        return Err(ProtocolError::ExpectedBulk { got: header.kind });
    }
    let announced = header.number.and_then(|number| usize::try_from(number).ok());
    match announced {
        None => Err(ProtocolError::InvalidBulkLength),
        Some(len) if len > limits.max_bulk_len => Err(ProtocolError::InvalidBulkLength),
        Some(len) if len > Limits::MAX_UNAUTHENTICATED_BULK_LEN && !limits.authenticated => {
            Err(ProtocolError::UnauthenticatedBulkLength)
        }
        Some(len) => Ok(len),
    }
}

#[cfg(test)]
mod tests;
