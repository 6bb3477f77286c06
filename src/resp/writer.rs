//! Writes replies, in the protocol that the connection speaks.

use crate::base::double::format_f64;

/// What ends every line of the protocol.
const CRLF: &[u8] = b"\r\n";

/// What a header takes at most: the type, an `i64` and the line's end.
const MAX_HEADER_LEN: usize = 1 + 20 + CRLF.len();

/// The version of the protocol that a connection speaks: RESP2 until it says `HELLO 3`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    #[default]
    Resp2,
    Resp3,
}

/// Appends replies to a connection's output.
///
/// Types that RESP2 lacks are written as Redis writes them there: a map as an array of twice the
/// length, sets and pushes as arrays, doubles, big numbers and verbatim texts as bulk strings, booleans
/// as integers. Whoever announces a length writes as many replies after it.
///
/// Allocates nothing but what the output itself grows by.
#[derive(Debug)]
pub struct ReplyWriter<'a> {
    out: &'a mut Vec<u8>,
    protocol: Protocol,
}

/// An aggregate whose length is not known yet; [`ReplyWriter::end_deferred`] takes it.
#[derive(Debug)]
#[must_use = "an aggregate without a length is no reply"]
pub struct Deferred {
    start: usize,
    aggregate: Aggregate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aggregate {
    Array,
    Map,
    Set,
    Push,
    Attribute,
}

impl<'a> ReplyWriter<'a> {
    /// A writer that appends to `out`.
    pub fn new(out: &'a mut Vec<u8>, protocol: Protocol) -> ReplyWriter<'a> {
        ReplyWriter { out, protocol }
    }

    /// The protocol that the replies are written in.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Writes in `protocol` from here on (HELLO, RESET).
    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    /// How many bytes the output holds: where the next reply begins.
    #[must_use]
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether the output holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Takes back what was written since the output was `len` bytes long, so that a command which
    /// fails half way can answer with an error alone.
    pub fn truncate(&mut self, len: usize) {
        self.out.truncate(len);
    }

    /// `OK`.
    pub fn ok(&mut self) {
        self.out.extend_from_slice(b"+OK\r\n");
    }

    /// A simple string: a short word of the server's own.
    pub fn simple(&mut self, text: &str) {
        self.line(b'+', text.as_bytes());
    }

    /// An error, its code first (`ERR no such key`), without the leading `-`.
    pub fn error(&mut self, text: &str) {
        self.error_bytes(text.as_bytes());
    }

    /// An error that quotes what a client sent, which need not be UTF-8.
    pub fn error_bytes(&mut self, text: &[u8]) {
        self.line(b'-', text);
    }

    /// An integer.
    /// A reply that is written already.
    pub fn raw(&mut self, reply: &[u8]) {
        self.out.extend_from_slice(reply);
    }

    pub fn integer(&mut self, value: i64) {
        self.header(b':', value);
    }

    /// A string of any bytes.
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.out.reserve(MAX_HEADER_LEN + bytes.len() + CRLF.len());
        self.length(b'$', bytes.len());
        self.out.extend_from_slice(bytes);
        self.out.extend_from_slice(CRLF);
    }

    /// An integer as a string: what GET answers for a counter.
    pub fn bulk_integer(&mut self, value: i64) {
        self.bulk(itoa::Buffer::new().format(value).as_bytes());
    }

    /// No value.
    pub fn null(&mut self) {
        self.out.extend_from_slice(match self.protocol {
            Protocol::Resp2 => b"$-1\r\n",
            Protocol::Resp3 => b"_\r\n",
        });
    }

    /// No array: what an aborted EXEC answers.
    pub fn null_array(&mut self) {
        self.out.extend_from_slice(match self.protocol {
            Protocol::Resp2 => b"*-1\r\n",
            Protocol::Resp3 => b"_\r\n",
        });
    }

    /// An array; `len` replies follow.
    pub fn array(&mut self, len: usize) {
        self.aggregate(Aggregate::Array, len);
    }

    /// An array of nothing.
    pub fn empty_array(&mut self) {
        self.array(0);
    }

    /// A map; `len` pairs of replies follow.
    pub fn map(&mut self, len: usize) {
        self.aggregate(Aggregate::Map, len);
    }

    /// A set; `len` replies follow.
    pub fn set(&mut self, len: usize) {
        self.aggregate(Aggregate::Set, len);
    }

    /// A push, which answers no request; `len` replies follow.
    pub fn push(&mut self, len: usize) {
        self.aggregate(Aggregate::Push, len);
    }

    /// What was written already, in the protocol of this writer.
    pub fn written(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Attributes of the reply that follows: `len` pairs. RESP2 has none: leave them out.
    pub fn attribute(&mut self, len: usize) {
        self.aggregate(Aggregate::Attribute, len);
    }

    /// A double, written as Redis 7.2 writes it.
    pub fn double(&mut self, value: f64) {
        let text = format_f64(value);
        self.typed(b',', &text);
    }

    /// A long double, whose text says more than a double holds.
    pub fn long_double(&mut self, text: &str) {
        self.typed(b',', text.as_bytes());
    }

    /// Yes or no.
    pub fn boolean(&mut self, value: bool) {
        match self.protocol {
            Protocol::Resp2 => self.integer(i64::from(value)),
            Protocol::Resp3 => {
                self.out.extend_from_slice(if value { b"#t\r\n" } else { b"#f\r\n" })
            }
        }
    }

    /// An integer of any size, in decimal digits.
    pub fn big_number(&mut self, digits: &str) {
        self.typed(b'(', digits.as_bytes());
    }

    /// A text to be shown as it is; `format` has three letters (`txt`, `mkd`).
    pub fn verbatim(&mut self, format: &str, text: &[u8]) {
        if self.protocol == Protocol::Resp2 {
            return self.bulk(text);
        }
        self.length(b'=', format.len() + 1 + text.len());
        for part in [format.as_bytes(), b":", text, CRLF] {
            self.out.extend_from_slice(part);
        }
    }

    /// Begins an array whose length is known only at its end.
    pub fn begin_deferred_array(&mut self) -> Deferred {
        self.begin_deferred(Aggregate::Array)
    }

    /// Begins a map whose length is known only at its end.
    pub fn begin_deferred_map(&mut self) -> Deferred {
        self.begin_deferred(Aggregate::Map)
    }

    /// Begins a set whose length is known only at its end.
    pub fn begin_deferred_set(&mut self) -> Deferred {
        self.begin_deferred(Aggregate::Set)
    }

    /// Ends what was begun last, of `len` replies (pairs, for a map).
    ///
    /// The header goes in front of them by moving them. Nothing from before the beginning may have
    /// been truncated in between.
    pub fn end_deferred(&mut self, deferred: Deferred, len: usize) {
        let end = self.out.len();
        self.aggregate(deferred.aggregate, len);
        let header_len = self.out.len() - end;
        if let Some(written) = self.out.get_mut(deferred.start..) {
            written.rotate_right(header_len);
        }
    }

    fn begin_deferred(&mut self, aggregate: Aggregate) -> Deferred {
        Deferred { start: self.out.len(), aggregate }
    }

    fn aggregate(&mut self, aggregate: Aggregate, len: usize) {
        match (self.protocol, aggregate) {
            (Protocol::Resp2, Aggregate::Map | Aggregate::Attribute) => {
                self.length(b'*', len.saturating_mul(2))
            }
            (Protocol::Resp2, _) | (_, Aggregate::Array) => self.length(b'*', len),
            (Protocol::Resp3, Aggregate::Map) => self.length(b'%', len),
            (Protocol::Resp3, Aggregate::Set) => self.length(b'~', len),
            (Protocol::Resp3, Aggregate::Push) => self.length(b'>', len),
            (Protocol::Resp3, Aggregate::Attribute) => self.length(b'|', len),
        }
    }

    /// A line of a type that RESP2 lacks; a bulk string there.
    fn typed(&mut self, kind: u8, text: &[u8]) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(text),
            Protocol::Resp3 => self.line(kind, text),
        }
    }

    /// A line of text. What would end it early becomes spaces.
    fn line(&mut self, kind: u8, text: &[u8]) {
        self.out.push(kind);
        let ends_line = |byte: u8| byte == b'\r' || byte == b'\n';
        self.out.extend(text.iter().map(|byte| if ends_line(*byte) { b' ' } else { *byte }));
        self.out.extend_from_slice(CRLF);
    }

    fn length(&mut self, kind: u8, len: usize) {
        // No slice is longer than `isize::MAX`.
        self.header(kind, i64::try_from(len).unwrap_or(i64::MAX));
    }

    fn header(&mut self, kind: u8, value: i64) {
        if let Ok(digit @ 0..=9) = u8::try_from(value) {
            return self.out.extend_from_slice(&[kind, b'0' + digit, b'\r', b'\n']);
        }
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(value).as_bytes();
        self.out.reserve(MAX_HEADER_LEN);
        self.out.push(kind);
        self.out.extend_from_slice(digits);
        self.out.extend_from_slice(CRLF);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(protocol: Protocol, write: impl Fn(&mut ReplyWriter)) -> String {
        let mut out = Vec::new();
        write(&mut ReplyWriter::new(&mut out, protocol));
        String::from_utf8(out).expect("the tests write text")
    }

    fn both(write: impl Fn(&mut ReplyWriter)) -> [String; 2] {
        [written(Protocol::Resp2, &write), written(Protocol::Resp3, &write)]
    }

    /// As `DEBUG PROTOCOL <type>` of Redis 7.0.15 answers after HELLO 2 and HELLO 3.
    #[test]
    fn types_look_as_in_redis() {
        let double = both(|reply| reply.double(3.25));
        assert_eq!(double, ["$4\r\n3.25\r\n", ",3.25\r\n"]);
        let long_double = both(|reply| reply.long_double("1234.59999999999999998"));
        let text = "1234.59999999999999998\r\n";
        assert_eq!(long_double, [format!("$22\r\n{text}"), format!(",{text}")]);
        assert_eq!(both(|reply| reply.null()), ["$-1\r\n", "_\r\n"]);
        assert_eq!(both(|reply| reply.null_array()), ["*-1\r\n", "_\r\n"]);
        assert_eq!(both(|reply| reply.boolean(true)), [":1\r\n", "#t\r\n"]);
        assert_eq!(both(|reply| reply.boolean(false)), [":0\r\n", "#f\r\n"]);
        assert_eq!(both(|reply| reply.set(3)), ["*3\r\n", "~3\r\n"]);
        assert_eq!(both(|reply| reply.map(3)), ["*6\r\n", "%3\r\n"]);
        assert_eq!(both(|reply| reply.push(2)), ["*2\r\n", ">2\r\n"]);
        let verbatim = both(|reply| reply.verbatim("txt", b"This is a verbatim\nstring"));
        let text = "This is a verbatim\nstring\r\n";
        assert_eq!(verbatim, [format!("$25\r\n{text}"), format!("=29\r\ntxt:{text}")]);
        let number = "1234567999999999999999999999999999999";
        let big = both(|reply| reply.big_number(number));
        assert_eq!(big, [format!("$37\r\n{number}\r\n"), format!("({number}\r\n")]);
    }

    #[test]
    fn integers_and_lengths_of_every_size() {
        for value in [0, 1, 9, 10, -1, 255, 256, i64::MAX, i64::MIN] {
            assert_eq!(
                both(|reply| reply.integer(value)),
                [(); 2].map(|()| format!(":{value}\r\n"))
            );
        }
        assert_eq!(written(Protocol::Resp2, |reply| reply.bulk_integer(-12)), "$3\r\n-12\r\n");
        assert_eq!(written(Protocol::Resp2, |reply| reply.bulk(b"")), "$0\r\n\r\n");
        assert_eq!(written(Protocol::Resp2, |reply| reply.empty_array()), "*0\r\n");
    }

    #[test]
    fn a_line_stays_one_line() {
        let error = written(Protocol::Resp2, |reply| reply.error("ERR got '\r\n'"));
        assert_eq!(error, "-ERR got '  '\r\n");
        assert_eq!(written(Protocol::Resp3, |reply| reply.simple("a\nb")), "+a b\r\n");
    }

    #[test]
    fn deferred_headers_go_in_front() {
        let [resp2, resp3] = both(|reply| {
            reply.ok();
            let outer = reply.begin_deferred_map();
            let mut pairs = 0;
            for key in ["a", "b"] {
                reply.bulk(key.as_bytes());
                let inner = reply.begin_deferred_set();
                (0..12).for_each(|member| reply.integer(member));
                reply.end_deferred(inner, 12);
                pairs += 1;
            }
            reply.end_deferred(outer, pairs);
            let empty = reply.begin_deferred_array();
            reply.end_deferred(empty, 0);
        });
        let members: String = (0..12).map(|member| format!(":{member}\r\n")).collect();
        let map = |map: &str, set: &str| {
            format!("+OK\r\n{map}$1\r\na\r\n{set}{members}$1\r\nb\r\n{set}{members}*0\r\n")
        };
        assert_eq!(resp2, map("*4\r\n", "*12\r\n"));
        assert_eq!(resp3, map("%2\r\n", "~12\r\n"));
    }

    #[test]
    fn a_failed_command_takes_its_reply_back() {
        let text = written(Protocol::Resp2, |reply| {
            reply.ok();
            let before = reply.len();
            reply.array(2);
            reply.integer(1);
            reply.truncate(before);
            reply.error("ERR no");
        });
        assert_eq!(text, "+OK\r\n-ERR no\r\n");
    }
}
