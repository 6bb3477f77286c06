use super::*;

/// Everything that a client sent: the requests' arguments, then the error if there is one.
fn parse(input: &[u8], limits: &Limits) -> (Vec<Vec<Vec<u8>>>, Option<ProtocolError>) {
    let (mut buf, mut consumed, mut spans) = (input.to_vec(), 0, Vec::new());
    let (mut parser, mut requests) = (RequestParser::default(), Vec::new());
    loop {
        spans.clear();
        match parser.next(&mut buf, &mut consumed, limits, &mut spans) {
            Ok(Some(request)) => {
                assert_eq!(request.arg_count, spans.len());
                requests.push(spans.iter().map(|span| span.slice(&buf).to_vec()).collect());
            }
            Ok(None) => return (requests, None),
            Err(error) => return (requests, Some(error)),
        }
    }
}

fn error_of(input: &[u8]) -> Option<String> {
    error_within(input, &Limits::default())
}

fn error_within(input: &[u8], limits: &Limits) -> Option<String> {
    let mut out = Vec::new();
    let (_, error) = parse(input, limits);
    error?.write(&mut crate::resp::ReplyWriter::new(&mut out, crate::resp::Protocol::Resp2));
    Some(out.escape_ascii().to_string())
}

const PING: &str = "*1\r\n$4\r\nPING\r\n";

/// What Redis 7.0.15 answers before it closes the connection.
#[test]
fn errors_are_those_of_redis() {
    let cases: [(&[u8], &str); 22] = [
        (b"*\r\n", "invalid multibulk length"),
        (b"*x\r\n", "invalid multibulk length"),
        (b"*01\r\n", "invalid multibulk length"),
        (b"*+1\r\n", "invalid multibulk length"),
        (b"*-0\r\n", "invalid multibulk length"),
        (b"*2147483648\r\n", "invalid multibulk length"),
        (b"*99999999999999999999\r\n", "invalid multibulk length"),
        (b"*1\r\nPING\r\n", r"expected \'$\', got \'P\'"),
        (b"*1\r\n\r\nPING\r\n", r"expected \'$\', got \' \'"),
        (b"*1\r\n\n\r\n", r"expected \'$\', got \' \'"),
        (b"*1\r\n\xffab\r\n", r"expected \'$\', got \'\xff\'"),
        (b"*1\r\n:4\r\n", r"expected \'$\', got \':\'"),
        (b"*1\r\n:4x\r\n", r"expected \'$\', got \':\'"),
        (b"*1\r\n$-1\r\n", "invalid bulk length"),
        (b"*1\r\n$x\r\n", "invalid bulk length"),
        (b"*1\r\n$\r\n", "invalid bulk length"),
        (b"*1\r\n$4 \r\n", "invalid bulk length"),
        (b"*1\r\n$04\r\nPING\r\n", "invalid bulk length"),
        (b"*1\r\n$536870913\r\n", "invalid bulk length"),
        (b"ECHO \"a\r\n", "unbalanced quotes in request"),
        (b"ECHO \"a\"b\n", "unbalanced quotes in request"),
        (b"\r\n*0\r\n*-1\r\n*\r\n", "invalid multibulk length"),
    ];
    for (input, text) in cases {
        let expected = format!(r"-ERR Protocol error: {text}\r\n");
        assert_eq!(error_of(input), Some(expected), "{}", input.escape_ascii());
    }
}

#[test]
fn a_line_may_be_64_kib_long() {
    let cases = [
        ("*", "too big mbulk count string"),
        ("*1\r\n$", "too big bulk count string"),
        ("*1\r\na", "too big bulk count string"),
        ("P", "too big inline request"),
    ];
    for (prefix, text) in cases {
        let line_len = 64 * 1024 - 1;
        let fits = format!("{prefix}{}", "1".repeat(line_len));
        assert_eq!(error_of(fits.as_bytes()), None, "{prefix}");
        let expected = format!(r"-ERR Protocol error: {text}\r\n");
        assert_eq!(error_of(format!("{fits}1").as_bytes()), Some(expected), "{prefix}");
    }
    let longest = format!("{}\n", "1".repeat(64 * 1024));
    assert_eq!(parse(longest.as_bytes(), &Limits::default()).0.len(), 1);
}

#[test]
fn clients_get_little_room_before_they_authenticate() {
    let limits = Limits { authenticated: false, ..Limits::default() };
    let of = |input: &str| error_within(input.as_bytes(), &limits);
    let error = |text: &str| Some(format!(r"-ERR Protocol error: {text}\r\n"));
    assert_eq!(of("*11\r\n"), error("unauthenticated multibulk length"));
    assert_eq!(of("*1\r\n$16385\r\n"), error("unauthenticated bulk length"));
    assert_eq!(of("*10\r\n$16384\r\n"), None);
}

#[test]
fn limits_are_the_callers() {
    let limits = Limits { max_bulk_len: 3, max_args: 2, ..Limits::default() };
    let of = |input: &str| parse(input.as_bytes(), &limits).1;
    assert_eq!(of("*2\r\n$3\r\n"), None);
    assert_eq!(of("*3\r\n"), Some(ProtocolError::InvalidMultibulkLength));
    assert_eq!(of("*1\r\n$4\r\n"), Some(ProtocolError::InvalidBulkLength));
}

/// Redis 7.0.15 answers each of these with one PONG, or, where nothing is expected, not at all.
#[test]
fn reads_what_redis_reads() {
    let ping = vec![vec![b"PING".to_vec()]];
    let pings = [
        PING.to_owned(),
        format!("*0\r\n{PING}"),
        format!("*-5\r\n{PING}"),
        "*1\rX$4\rYPINGZZ".to_owned(),
        "PING\n".to_owned(),
        "\r\n\n  \r\nPING\r\n".to_owned(),
    ];
    for input in pings {
        assert_eq!(parse(input.as_bytes(), &Limits::default()), (ping.clone(), None), "{input:?}");
    }
    let silent = [
        "*1\0\r\n",
        "*1\r\n\0ab\r\n",
        "PI\0NG\r\n*1\r\n$4\r\nPING\r\n",
        "*2147483647\r\n",
        "*1\r\n$536870912\r\n",
        "*1\r",
        "PING",
    ];
    for input in silent {
        assert_eq!(parse(input.as_bytes(), &Limits::default()), (vec![], None), "{input:?}");
    }
}

#[test]
fn a_pipeline_shares_its_spans() {
    let mut buf = b"*2\r\n$3\r\nGET\r\n$0\r\n\r\nSET a 'b c'\r\n*1\r\n$4\r\nPI".to_vec();
    let (mut parser, mut consumed, mut spans) = (RequestParser::default(), 0, Vec::new());
    let mut next = |buf: &mut [u8], consumed: &mut usize, spans: &mut Vec<Span>| {
        let request = parser.next(buf, consumed, &Limits::default(), spans);
        (request.map(|request| request.map(|it| it.arg_count)), parser.bytes_wanted())
    };
    assert_eq!(next(&mut buf, &mut consumed, &mut spans), (Ok(Some(2)), None));
    assert_eq!(next(&mut buf, &mut consumed, &mut spans), (Ok(Some(3)), None));
    assert_eq!(next(&mut buf, &mut consumed, &mut spans), (Ok(None), Some(4)));
    let args: Vec<&[u8]> = spans.iter().map(|span| span.slice(&buf)).collect();
    assert_eq!(args, [&b"GET"[..], b"", b"SET", b"a", b"b c"]);

    buf.drain(..consumed);
    consumed = 0;
    buf.extend_from_slice(b"NG\r\n");
    spans.clear();
    assert_eq!(next(&mut buf, &mut consumed, &mut spans), (Ok(Some(1)), None));
    assert_eq!((spans[0].slice(&buf), consumed), (&b"PING"[..], buf.len()));
}

/// Feeds a request in small pieces; how many bytes were looked at in all.
fn bytes_scanned(input: &[u8], piece_len: usize) -> usize {
    let (mut parser, mut buf) = (RequestParser::default(), Vec::new());
    let (mut consumed, mut spans, mut requests) = (0, Vec::new(), 0);
    for piece in input.chunks(piece_len) {
        buf.extend_from_slice(piece);
        let next = parser.next(&mut buf, &mut consumed, &Limits::default(), &mut spans);
        requests += usize::from(next.expect("a good request").is_some());
    }
    assert_eq!(requests, 1);
    parser.bytes_scanned
}

#[test]
fn work_is_linear_in_whatever_pieces_a_request_comes() {
    let len = 1024 * 1024;
    let one_large = [&b"*1\r\n$1048576\r\n"[..], &vec![b'x'; len], b"\r\n"].concat();
    let many_small = [&b"*131072\r\n"[..], &b"$1\r\nx\r\n".repeat(131_072)].concat();
    let line = [&vec![b'x'; 64 * 1024 - 1][..], b"\n"].concat();
    for piece_len in [1, 2, 16, 4096] {
        assert!(bytes_scanned(&one_large, piece_len) < 64, "an argument's bytes are not scanned");
        assert!(bytes_scanned(&many_small, piece_len) <= 2 * many_small.len());
        assert!(bytes_scanned(&line, piece_len) <= line.len());
    }
}

#[test]
fn announced_lengths_reserve_nothing() {
    let mut parser = RequestParser::default();
    let (mut buf, mut spans) = (b"*2147483647\r\n$536870912\r\n".to_vec(), Vec::new());
    let next = parser.next(&mut buf, &mut 0, &Limits::default(), &mut spans);
    assert_eq!(next, Ok(None));
    assert_eq!((parser.args.capacity(), spans.capacity()), (0, 0));
    assert_eq!(parser.bytes_wanted(), Some(536_870_912 + CRLF_LEN));
}
