//! Reading one reply from a byte stream, within bounds.
//!
//! The codec decodes single values. Arrays, maps and sets are put together here, on a stack of our
//! own, because the codec's decoder recurses once a level (a few kB of `*1\r\n` overflow a thread's
//! stack), starts an incomplete reply over from its first byte, forgets the order of maps and sets,
//! and refuses a set of maps, which COMMAND INFO answers in RESP3.

use std::io::{self, BufRead, ErrorKind, Read};

use redis_protocol::error::RedisProtocolError;
use redis_protocol::resp2::{decode as resp2, types::RangeFrame as Frame2};
use redis_protocol::resp3::{decode::complete as resp3, types::RangeFrame as Frame3};

/// No item is shorter than RESP3's null.
const SHORTEST_ITEM_BYTES: usize = "_\r\n".len();

/// A reply, or a push message, as the server sent it: order and duplicates are kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// `+OK`
    Simple(Vec<u8>),
    /// `-ERR …`, with its code and without the dash
    Error(Vec<u8>),
    Integer(i64),
    Bulk(Vec<u8>),
    /// RESP2's null bulk string, RESP3's null
    Null,
    /// RESP2's null array
    NullArray,
    Array(Vec<Reply>),
    Map(Vec<(Reply, Reply)>),
    Set(Vec<Reply>),
    /// A message that no command asked for
    Push(Vec<Reply>),
    Double(f64),
    Boolean(bool),
    BigNumber(Vec<u8>),
    /// Text to be shown as it is; the format in front of it is cut off
    Verbatim(Vec<u8>),
}

/// What one reply may cost the client.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How deep arrays, maps and sets may nest.
    pub depth: usize,
    /// How long a reply may be on the wire.
    pub bytes: usize,
}

impl Default for Limits {
    /// Deeper than any command answers (COMMAND DOCS: 8), longer than the longest string (512 MiB).
    fn default() -> Limits {
        Limits { depth: 32, bytes: 513 << 20 }
    }
}

/// Reads one reply.
///
/// # Errors
/// `InvalidData` for what is not RESP or exceeds the limits (the connection is then of no more use),
/// `UnexpectedEof` for an end in the middle, and whatever the stream fails with.
pub fn read_reply(input: &mut impl BufRead, limits: Limits) -> io::Result<Reply> {
    let mut wire = Wire { input, bytes_left: limits.bytes };
    let mut open: Vec<Aggregate> = Vec::new();
    loop {
        let mut done = match wire.item()? {
            Item::Whole(reply) => Some(reply),
            Item::Start(aggregate) if open.len() == limits.depth => {
                return Err(invalid(format!(
                    "a reply nests deeper than {} in {aggregate:?}",
                    open.len()
                )));
            }
            Item::Start(aggregate) if aggregate.missing == 0 => aggregate.finish(),
            Item::Start(aggregate) => {
                open.push(aggregate);
                continue;
            }
        };
        // A finished item may finish the one around it, and so on outwards.
        while let Some(reply) = done.take() {
            let Some(outer) = open.last_mut() else { return Ok(reply) };
            outer.items.push(reply);
            outer.missing -= 1;
            if outer.missing == 0 {
                done = open.pop().and_then(Aggregate::finish);
            }
        }
    }
}

enum Item {
    Whole(Reply),
    Start(Aggregate),
}

/// An array, map, set, push or attribute of which `missing` items have not arrived yet.
#[derive(Debug)]
struct Aggregate {
    kind: u8,
    missing: usize,
    items: Vec<Reply>,
}

impl Aggregate {
    /// The reply it is, or nothing for attributes: they describe the next reply, we skip them.
    fn finish(self) -> Option<Reply> {
        match self.kind {
            b'%' => Some(Reply::Map(pairs(self.items))),
            b'~' => Some(Reply::Set(self.items)),
            b'>' => Some(Reply::Push(self.items)),
            b'|' => None,
            _ => Some(Reply::Array(self.items)),
        }
    }
}

fn pairs(items: Vec<Reply>) -> Vec<(Reply, Reply)> {
    let mut items = items.into_iter();
    std::iter::from_fn(|| items.next().zip(items.next())).collect()
}

struct Wire<'a, R> {
    input: &'a mut R,
    bytes_left: usize,
}

impl<R: BufRead> Wire<'_, R> {
    fn item(&mut self) -> io::Result<Item> {
        let mut raw = Vec::new();
        self.line(&mut raw)?;
        match raw.first() {
            Some(b'*' | b'%' | b'~' | b'>' | b'|') => self.start(&raw),
            Some(b'$' | b'=' | b'!') => {
                self.body(&mut raw)?;
                value(&raw).map(Item::Whole)
            }
            _ => value(&raw).map(Item::Whole),
        }
    }

    /// Appends what comes up to and with the next CRLF.
    fn line(&mut self, raw: &mut Vec<u8>) -> io::Result<()> {
        while !raw.ends_with(b"\r\n") {
            let limit = self.bytes_left as u64;
            let read = self.input.by_ref().take(limit).read_until(b'\n', raw)?;
            self.spend(read)?;
        }
        Ok(())
    }

    /// Appends the body that the header in `raw` announces; memory grows as it arrives.
    fn body(&mut self, raw: &mut Vec<u8>) -> io::Result<()> {
        let length = announced(raw)?;
        if length < 0 {
            return Ok(());
        }
        let length = usize::try_from(length).ok().and_then(|length| length.checked_add(2));
        let length = length.filter(|length| *length <= self.bytes_left).ok_or_else(too_long)?;
        let read = self.input.by_ref().take(length as u64).read_to_end(raw)?;
        if read < length {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        // The codec takes any two bytes for the end: a wrong length would shift all that follows.
        if !raw.ends_with(b"\r\n") {
            return Err(invalid("a body does not end where its header says"));
        }
        self.spend(read)
    }

    fn start(&self, header: &[u8]) -> io::Result<Item> {
        let length = announced(header)?;
        if length < 0 {
            return Ok(Item::Whole(Reply::NullArray));
        }
        let kind = header.first().copied().unwrap_or_default();
        let items = if matches!(kind, b'%' | b'|') { 2 } else { 1 };
        let missing = usize::try_from(length).ok().and_then(|length| length.checked_mul(items));
        let most = self.bytes_left / SHORTEST_ITEM_BYTES;
        let missing = missing.filter(|missing| *missing <= most).ok_or_else(too_long)?;
        Ok(Item::Start(Aggregate { kind, missing, items: Vec::new() }))
    }

    fn spend(&mut self, read: usize) -> io::Result<()> {
        if read == 0 {
            let full = self.bytes_left == 0;
            return Err(if full { too_long() } else { ErrorKind::UnexpectedEof.into() });
        }
        self.bytes_left = self.bytes_left.saturating_sub(read);
        Ok(())
    }
}

/// The number in a header such as `$12\r\n`.
fn announced(header: &[u8]) -> io::Result<i64> {
    let digits = header.get(1..).and_then(|rest| rest.strip_suffix(b"\r\n"));
    let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| invalid(format!("header {header:?}")))
}

/// One value that is no aggregate, by the codec.
fn value(raw: &[u8]) -> io::Result<Reply> {
    let reply = match raw.first() {
        Some(b'+' | b'-' | b':' | b'$') => resp2_value(raw),
        _ => resp3_value(raw),
    };
    reply.map_err(invalid)?.ok_or_else(|| invalid(format!("not a reply: {}", raw.escape_ascii())))
}

fn resp2_value(raw: &[u8]) -> Result<Option<Reply>, RedisProtocolError> {
    let text = |(from, to): (usize, usize)| raw.get(from..to).map(<[u8]>::to_vec);
    Ok(resp2::decode_range(raw)?.and_then(|(frame, _)| match frame {
        Frame2::SimpleString(range) => text(range).map(Reply::Simple),
        Frame2::Error(range) => text(range).map(Reply::Error),
        Frame2::Integer(number) => Some(Reply::Integer(number)),
        Frame2::BulkString(range) => text(range).map(Reply::Bulk),
        Frame2::Null => Some(Reply::Null),
        Frame2::Array(_) => None,
    }))
}

fn resp3_value(raw: &[u8]) -> Result<Option<Reply>, RedisProtocolError> {
    let text = |(from, to): (usize, usize)| raw.get(from..to).map(<[u8]>::to_vec);
    Ok(resp3::decode_range(raw)?.and_then(|(frame, _)| match frame {
        Frame3::Null => Some(Reply::Null),
        Frame3::Boolean { data, .. } => Some(Reply::Boolean(data)),
        Frame3::Double { data, .. } => Some(Reply::Double(data)),
        Frame3::BigNumber { data, .. } => text(data).map(Reply::BigNumber),
        Frame3::VerbatimString { data, .. } => text(data).map(Reply::Verbatim),
        Frame3::BlobError { data, .. } => text(data).map(Reply::Error),
        _ => None,
    }))
}

fn invalid(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, reason)
}

fn too_long() -> io::Error {
    invalid("a reply is longer than the client accepts")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> io::Result<Reply> {
        read_reply(&mut &bytes[..], Limits { depth: 8, bytes: 1_000 })
    }

    fn bulk(text: &str) -> Reply {
        Reply::Bulk(text.into())
    }

    #[test]
    fn every_type_of_both_protocols_is_read() {
        let cases: &[(&str, Reply)] = &[
            ("+OK\r\n", Reply::Simple("OK".into())),
            ("-ERR no\r\n", Reply::Error("ERR no".into())),
            (":-7\r\n", Reply::Integer(-7)),
            ("$3\r\na\rb\r\n", bulk("a\rb")),
            ("$0\r\n\r\n", bulk("")),
            ("$-1\r\n", Reply::Null),
            ("*-1\r\n", Reply::NullArray),
            ("*0\r\n", Reply::Array(vec![])),
            ("_\r\n", Reply::Null),
            ("#t\r\n", Reply::Boolean(true)),
            (",1.5\r\n", Reply::Double(1.5)),
            (",inf\r\n", Reply::Double(f64::INFINITY)),
            ("(123456789012345678901\r\n", Reply::BigNumber("123456789012345678901".into())),
            ("=7\r\ntxt:abc\r\n", Reply::Verbatim("abc".into())),
            ("!5\r\nERR x\r\n", Reply::Error("ERR x".into())),
            ("~2\r\n:1\r\n:1\r\n", Reply::Set(vec![Reply::Integer(1), Reply::Integer(1)])),
            (">1\r\n+x\r\n", Reply::Push(vec![Reply::Simple("x".into())])),
            (
                "%1\r\n+k\r\n*0\r\n",
                Reply::Map(vec![(Reply::Simple("k".into()), Reply::Array(vec![]))]),
            ),
            ("|1\r\n+ttl\r\n:3\r\n:9\r\n", Reply::Integer(9)),
        ];
        for (wire, expected) in cases {
            assert_eq!(&read(wire.as_bytes()).expect(wire), expected, "{wire:?}");
        }
    }

    #[test]
    fn nested_aggregates_keep_their_order() {
        let reply = read(b"*3\r\n%2\r\n$1\r\nb\r\n~1\r\n%0\r\n$1\r\na\r\n:2\r\n*1\r\n*0\r\n:5\r\n");
        let map = Reply::Map(vec![
            (bulk("b"), Reply::Set(vec![Reply::Map(vec![])])),
            (bulk("a"), Reply::Integer(2)),
        ]);
        let expected = vec![map, Reply::Array(vec![Reply::Array(vec![])]), Reply::Integer(5)];
        assert_eq!(reply.expect("nested"), Reply::Array(expected));
    }

    #[test]
    fn nesting_is_bounded_before_the_stack_is() {
        let error = read(&b"*1\r\n".repeat(100_000)).expect_err("too deep");
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(
            read(format!("{}:1\r\n", "*1\r\n".repeat(8)).as_bytes()).is_ok(),
            "8 levels are within"
        );
    }

    #[test]
    fn an_announced_length_is_not_believed() {
        for wire in
            ["$9223372036854775807\r\n", "$999\r\n", "*400\r\n:1\r\n", "%9223372036854775807\r\n"]
        {
            assert_eq!(
                read(wire.as_bytes()).expect_err(wire).kind(),
                ErrorKind::InvalidData,
                "{wire}"
            );
        }
    }

    #[test]
    fn garbage_and_ends_are_errors() {
        for wire in
            ["hello\r\n", "\r\n", ":x\r\n", "$x\r\n", "#y\r\n", "=2\r\nab\r\n", "$2\r\nabcd"]
        {
            assert_eq!(
                read(wire.as_bytes()).expect_err(wire).kind(),
                ErrorKind::InvalidData,
                "{wire}"
            );
        }
        for wire in ["", "+OK", "+OK\n", "$5\r\nab", "*2\r\n:1\r\n"] {
            assert_eq!(
                read(wire.as_bytes()).expect_err(wire).kind(),
                ErrorKind::UnexpectedEof,
                "{wire}"
            );
        }
    }
}
