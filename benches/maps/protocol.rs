//! The rest of a request's work: it is parsed, and its reply is written.

use headcount::resp::{Limits, Protocol as Version, ReplyWriter, RequestParser, Span};
use std::hint::black_box;

/// Parses one request and writes one reply, over and over.
pub struct Protocol {
    request: Vec<u8>,
    parser: RequestParser,
    limits: Limits,
    spans: Vec<Span>,
    output: Vec<u8>,
}

impl Protocol {
    pub fn new() -> Protocol {
        let request = b"*2\r\n$4\r\nINCR\r\n$16\r\nkey:000000000001\r\n".to_vec();
        let (parser, limits) = (RequestParser::default(), Limits::default());
        Protocol { request, parser, limits, spans: Vec::new(), output: Vec::new() }
    }

    pub fn parse(&mut self) {
        self.spans.clear();
        let request = black_box(&mut self.request);
        let parsed = self.parser.next(request, &mut 0, &self.limits, &mut self.spans);
        assert!(matches!(parsed, Ok(Some(_))), "a whole request");
    }

    pub fn reply(&mut self) {
        self.output.clear();
        ReplyWriter::new(&mut self.output, Version::Resp2).integer(black_box(1_000_000));
        black_box(&self.output);
    }
}
