//! A reply in the other protocol, as far as that has its types.

use crate::resp::Protocol;
use std::borrow::Cow;

/// `reply`, written in the protocol `from`, for who speaks `to`. Goes through it element by element; what it
/// does not understand it leaves as it is.
pub fn transcode(reply: &[u8], from: Protocol, to: Protocol) -> Cow<'_, [u8]> {
    if from == to {
        return Cow::Borrowed(reply);
    }
    let mut out = Vec::with_capacity(reply.len());
    let mut rest = reply;
    while let Some((line, behind)) = split_line(rest) {
        let (kind, text) = line.split_first().map_or((0, line), |(kind, text)| (*kind, text));
        let number = std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok());
        let body_bytes = match (kind, number.map(usize::try_from)) {
            (b'$' | b'=' | b'!', Some(Ok(len))) => (len + 2).min(behind.len()),
            _ => 0,
        };
        let (body, behind) = behind.split_at(body_bytes);
        match to {
            Protocol::Resp3 => to_newer(kind, line, body, &mut out),
            Protocol::Resp2 => to_older(kind, text, number, line, body, &mut out),
        }
        rest = behind;
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// The newer protocol knows all of the older one but its two ways to say nothing.
fn to_newer(kind: u8, line: &[u8], body: &[u8], out: &mut Vec<u8>) {
    match (kind, line) {
        (b'$', b"$-1") | (b'*', b"*-1") => put(b"_", b"", out),
        _ => put(line, body, out),
    }
}

fn to_older(
    kind: u8,
    text: &[u8],
    number: Option<i64>,
    line: &[u8],
    body: &[u8],
    out: &mut Vec<u8>,
) {
    let bulk = |text: &[u8], out: &mut Vec<u8>| {
        put(format!("${}", text.len()).as_bytes(), &[text, b"\r\n"].concat(), out);
    };
    match (kind, number) {
        (b'_', _) => put(b"$-1", b"", out),
        (b'~' | b'>', Some(len)) => put(format!("*{len}").as_bytes(), b"", out),
        (b'%', Some(pairs)) => put(format!("*{}", pairs.saturating_mul(2)).as_bytes(), b"", out),
        (b'#', _) => put(if text == b"t" { b":1" } else { b":0" }, b"", out),
        (b',' | b'(', _) => bulk(text, out),
        // `txt:` goes before a verbatim text.
        (b'=', _) => bulk(body.get(4..body.len().saturating_sub(2)).unwrap_or_default(), out),
        _ => put(line, body, out),
    }
}

fn put(line: &[u8], body: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(line);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
}

fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.windows(2).position(|two| two == b"\r\n")?;
    Some((&bytes[..end], &bytes[end + 2..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::ReplyWriter;

    type Write = fn(&mut ReplyWriter<'_>);

    /// Each reply as both protocols have it.
    #[test]
    fn replies_are_as_the_other_protocol_writes_them() {
        let replies: &[Write] = &[
            |reply| reply.integer(-7),
            |reply| reply.ok(),
            |reply| reply.bulk(b"a\r\n:1\r\n"),
            |reply| reply.null(),
            |reply| reply.double(1.5),
            |reply| reply.boolean(true),
            |reply| reply.verbatim("txt", b"text"),
            |reply| {
                reply.set(2);
                reply.bulk(b"");
                reply.null();
            },
            |reply| {
                reply.map(1);
                reply.bulk(b"$3");
                reply.array(0);
            },
        ];
        for write in replies {
            let written = |protocol| {
                let mut out = Vec::new();
                write(&mut ReplyWriter::new(&mut out, protocol));
                out
            };
            let (old, new) = (written(Protocol::Resp2), written(Protocol::Resp3));
            let shown = String::from_utf8_lossy(&new);
            assert_eq!(transcode(&new, Protocol::Resp3, Protocol::Resp2), old, "{shown:?}");
            assert_eq!(transcode(&old, Protocol::Resp2, Protocol::Resp2), old);
        }
        let newer = transcode(b"*2\r\n$-1\r\n*-1\r\n", Protocol::Resp2, Protocol::Resp3);
        assert_eq!(*newer, *b"*2\r\n_\r\n_\r\n");
    }
}
