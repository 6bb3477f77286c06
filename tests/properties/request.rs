//! What holds for any bytes a client may send. The tests and the fuzz target share it.

use headcount::resp::{Limits, ProtocolError, RequestParser};

/// Small, so that short inputs reach them.
const LIMITS: Limits =
    Limits { max_bulk_len: 40, max_args: 20, max_inline_len: 48, authenticated: true };

/// What a client's bytes came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    pub requests: Vec<Vec<Vec<u8>>>,
    pub error: Option<ProtocolError>,
}

/// Parses bytes that arrive in pieces of the given lengths, over and over; with none, in one piece.
///
/// # Panics
///
/// If the parser breaks its contract: goes back, passes the buffer's end, or adds other spans than it
/// says.
pub fn parse_in_pieces(input: &[u8], piece_lens: &[u8], limits: &Limits) -> Parsed {
    let mut connection = Connection::default();
    let mut lens = piece_lens.iter().map(|len| usize::from(*len).max(1)).cycle();
    let mut rest = input;
    while !rest.is_empty() && connection.parsed.error.is_none() {
        let (piece, after) = rest.split_at(lens.next().unwrap_or(rest.len()).min(rest.len()));
        connection.receive(piece, limits);
        rest = after;
    }
    connection.parsed
}

/// Holds for any input: in how many pieces it arrives makes no difference.
///
/// # Panics
///
/// If it does.
pub fn pieces_make_no_difference(input: &[u8], piece_lens: &[u8]) {
    let whole = parse_in_pieces(input, &[], &LIMITS);
    assert_eq!(parse_in_pieces(input, piece_lens, &LIMITS), whole, "in pieces of {piece_lens:?}");
    assert_eq!(parse_in_pieces(input, &[1], &LIMITS), whole, "byte by byte");
}

/// A connection's read buffer, as a server keeps it.
#[derive(Default)]
struct Connection {
    buf: Vec<u8>,
    consumed: usize,
    parser: RequestParser,
    parsed: Parsed,
}

impl Connection {
    fn receive(&mut self, piece: &[u8], limits: &Limits) {
        // Half of the time what is done with stays in front of the incomplete request.
        if self.consumed.is_multiple_of(2) {
            self.buf.drain(..self.consumed);
            self.consumed = 0;
        }
        self.buf.extend_from_slice(piece);
        while self.parse_one(limits) {}
    }

    fn parse_one(&mut self, limits: &Limits) -> bool {
        let (before, mut spans) = (self.consumed, Vec::new());
        let next = self.parser.next(&mut self.buf, &mut self.consumed, limits, &mut spans);
        assert!((before..=self.buf.len()).contains(&self.consumed));
        match next {
            Ok(None) => assert!(spans.is_empty()),
            Err(error) => self.parsed.error = Some(error),
            Ok(Some(request)) => {
                assert!(self.consumed > before, "a request takes bytes");
                assert_eq!(request.arg_count, spans.len());
                let arg = |span: &headcount::resp::Span| {
                    assert!((span.start + span.len) as usize <= self.consumed);
                    span.slice(&self.buf).to_vec()
                };
                self.parsed.requests.push(spans.iter().map(arg).collect());
            }
        }
        matches!(next, Ok(Some(_)))
    }
}
