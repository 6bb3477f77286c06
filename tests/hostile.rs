//! What a socket may carry and a server must survive: malformed requests, greedy and lazy clients.
//!
//! Each script runs against Headcount and, when one is installed, against redis-server: the texts
//! are the original's.

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use headcount::client::{Client, Reply};
use rustix::process::Signal;
use support::{Kind, PATIENCE, Server, against_both, eventually, print};

const MIB: usize = 1 << 20;

fn open(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

/// Everything that comes until the server closes the connection.
fn read_to_the_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Ok(_) => {}
        // It closed with some of our bytes unread.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("not closed: {error}, after {}", all.escape_ascii()),
    }
    all
}

/// Sends bytes; the server answers with exactly this and closes the connection.
fn closes_with(server: &Server, sent: &[u8], answer: &str) {
    let mut stream = open(server);
    stream.write_all(sent).expect("bytes sent");
    let shown = sent[..sent.len().min(60)].escape_ascii().to_string();
    let answered = read_to_the_end(&mut stream).escape_ascii().to_string();
    assert_eq!(answered, answer.as_bytes().escape_ascii().to_string(), "to {shown}");
}

/// Sends bytes; the server answers with exactly this and the connection lives on.
fn goes_on_with(server: &Server, sent: &[u8], answer: &str) {
    let mut stream = open(server);
    stream.write_all(sent).expect("bytes sent");
    stream.write_all(b"*2\r\n$4\r\nECHO\r\n$7\r\nthe end\r\n").expect("an ECHO sent");
    let expected = format!("{answer}$7\r\nthe end\r\n");
    let mut answered = vec![0; expected.len()];
    stream
        .read_exact(&mut answered)
        .unwrap_or_else(|error| panic!("{}: {error}", sent.escape_ascii()));
    assert_eq!(answered.escape_ascii().to_string(), expected.as_bytes().escape_ascii().to_string());
}

fn used_memory(server: &Server) -> usize {
    server.info("used_memory").expect("used_memory").parse().expect("bytes")
}

#[test]
fn malformed_requests_get_the_originals_error_and_a_closed_connection() {
    against_both(&[], |server| {
        let cases: &[(&str, &str)] = &[
            ("*abc\r\n", "invalid multibulk length"),
            ("*2147483648\r\n", "invalid multibulk length"),
            ("*9223372036854775808\r\n", "invalid multibulk length"),
            ("* 1\r\n", "invalid multibulk length"),
            ("*\r\n", "invalid multibulk length"),
            ("*1\r\nPING\r\n", "expected '$', got 'P'"),
            ("*1\r\n:5\r\n", "expected '$', got ':'"),
            ("*2\r\n$3\r\nGET\r\n*1\r\n", "expected '$', got '*'"),
            ("*1\r\n\r\n", "expected '$', got '\r'"),
            ("*1\r\n$-1\r\n", "invalid bulk length"),
            ("*1\r\n$abc\r\n", "invalid bulk length"),
            ("*1\r\n$\r\n", "invalid bulk length"),
            ("*1\r\n$ 4\r\n", "invalid bulk length"),
            ("*1\r\n$536870913\r\n", "invalid bulk length"),
            ("*1\r\n$9223372036854775808\r\n", "invalid bulk length"),
            ("SET k \"half\r\n", "unbalanced quotes in request"),
            ("SET k 'half\r\n", "unbalanced quotes in request"),
            ("SET k \"v\"x\r\n", "unbalanced quotes in request"),
        ];
        for (sent, reason) in cases {
            // An error is one line: the original puts blanks for line ends in what it quotes.
            let reason = reason.replace('\r', " ");
            closes_with(server, sent.as_bytes(), &format!("-ERR Protocol error: {reason}\r\n"));
        }
    });
}

#[test]
fn lines_without_an_end_are_bounded() {
    against_both(&[], |server| {
        for (start, reason) in [
            ("", "too big inline request"),
            ("*", "too big mbulk count string"),
            ("*1\r\n$", "too big bulk count string"),
        ] {
            let mut sent = start.as_bytes().to_vec();
            sent.resize(start.len() + 64 * 1024 + 1, b'1');
            closes_with(server, &sent, &format!("-ERR Protocol error: {reason}\r\n"));
        }
    });
}

#[test]
fn what_came_before_the_error_is_answered() {
    against_both(&[], |server| {
        let answer = "+PONG\r\n+OK\r\n-ERR Protocol error: invalid multibulk length\r\n";
        closes_with(server, b"PING\r\nSET before 1\r\n*x\r\nSET after 1\r\n", answer);
        let mut client = server.connect();
        let exists = client.call(&["EXISTS", "before", "after"]).expect("EXISTS");
        assert_eq!(exists, Reply::Integer(1), "what came after it is not run");
    });
}

#[test]
fn before_auth_requests_are_small() {
    against_both(&["--requirepass", "secret"], |server| {
        let error = |reason| format!("-ERR Protocol error: {reason}\r\n");
        closes_with(server, b"*11\r\n", &error("unauthenticated multibulk length"));
        closes_with(server, b"*1\r\n$16385\r\n", &error("unauthenticated bulk length"));
        let within =
            b"*10\r\n".iter().copied().chain(b"$1\r\na\r\n".repeat(10)).collect::<Vec<_>>();
        let refused = "-ERR unknown command 'a', with args beginning with: 'a' 'a' 'a' 'a' 'a' 'a' 'a' 'a' 'a' \r\n";
        let mut stream = open(server);
        stream.write_all(&within).expect("bytes sent");
        stream.write_all(b"GET k\r\nAUTH secret\r\nPING\r\nQUIT\r\n").expect("bytes sent");
        let answered = String::from_utf8(read_to_the_end(&mut stream)).expect("text");
        let noauth = "-NOAUTH Authentication required.\r\n";
        assert_eq!(answered, format!("{refused}{noauth}+OK\r\n+PONG\r\n+OK\r\n"));
    });
}

#[test]
fn inline_commands_and_odd_but_legal_requests_are_answered() {
    against_both(&[], |server| {
        let cases: &[(&[u8], &str)] = &[
            (b"PING\r\n", "+PONG\r\n"),
            (b"PING\n", "+PONG\r\n"),
            (b"  ping   hello  \r\n", "$5\r\nhello\r\n"),
            (b"ECHO \"a b\\n\\x41\"\r\n", "$5\r\na b\nA\r\n"),
            (b"ECHO 'a\\'b \\n'\r\n", "$6\r\na'b \\n\r\n"),
            (b"ECHO \"\"\r\n", "$0\r\n\r\n"),
            (b"\r\n\n\r\nPING\r\n", "+PONG\r\n"),
            (b"*0\r\n*-1\r\n*-5\r\nPING\r\n", "+PONG\r\n"),
            (b"*1\r\n$0\r\n\r\n", "-ERR unknown command '', with args beginning with: \r\n"),
            // The original does not look at the two bytes behind a bulk string.
            (b"*1\r\n$4\r\nPINGxx", "+PONG\r\n"),
        ];
        for (sent, answer) in cases {
            goes_on_with(server, sent, answer);
        }
        let echoed = server.connect().call(&[&b"ECHO"[..], b"\r\n\0\xff"]).expect("ECHO");
        assert_eq!(echoed, Reply::Bulk(b"\r\n\0\xff".to_vec()));
    });
}

#[test]
fn http_requests_are_closed_without_an_answer() {
    against_both(&[], |server| {
        closes_with(server, b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nSET a 1\r\n", "");
        let mut stream = open(server);
        stream.write_all(b"GET /\r\n").expect("a request line sent");
        let mut answered = [0; 5];
        stream.read_exact(&mut answered).expect("a reply");
        assert_eq!(&answered, b"$-1\r\n", "to a key called /");
        stream.write_all(b"Host: 127.0.0.1\r\nSET attacked 1\r\n\r\n").expect("the rest sent");
        assert!(read_to_the_end(&mut stream).is_empty());
        let exists = server.connect().call(&["EXISTS", "attacked"]).expect("EXISTS");
        assert_eq!(exists, Reply::Integer(0));
    });
}

#[test]
fn deep_nesting_does_not_reach_the_stack() {
    against_both(&[], |server| {
        let error = "-ERR Protocol error: expected '$', got '*'\r\n";
        closes_with(server, &b"*1\r\n".repeat(3_000), error);
        closes_with(server, b"*1\r\n*1\r\n", error);
    });
}

#[test]
fn announced_lengths_are_not_allocated() {
    let server = Server::headcount(&[]);
    if server.kind == Kind::Redis {
        return println!("skipped: redis-server makes room for what is announced");
    }
    let before = used_memory(&server);
    let streams: Vec<_> = (0..64)
        .map(|index| {
            let mut stream = open(&server);
            let header: &[u8] = if index % 2 == 0 {
                b"*2\r\n$3\r\nGET\r\n$536870912\r\nx"
            } else {
                b"*1000000\r\n$1\r\n"
            };
            stream.write_all(header).expect("bytes sent");
            stream
        })
        .collect();
    eventually("all are connected", || {
        server.info("connected_clients").and_then(|count| count.parse::<usize>().ok())
            > Some(streams.len())
    });
    std::thread::sleep(Duration::from_millis(100));
    let grown = used_memory(&server).saturating_sub(before);
    assert!(grown < 16 * MIB, "64 announcements took {grown} bytes");
}

#[test]
fn requests_may_come_byte_by_byte() {
    against_both(&[], |server| {
        let mut stream = open(server);
        stream.set_nodelay(true).expect("no delay");
        for byte in b"*3\r\n$3\r\nSET\r\n$4\r\nslow\r\n$2\r\n\r\n\r\nGET slow\r\n" {
            stream.write_all(&[*byte]).expect("a byte sent");
        }
        let mut answered = [0; 13];
        stream.read_exact(&mut answered).expect("both replies");
        assert_eq!(&answered, b"+OK\r\n$2\r\n\r\n\r\n");
    });
}

#[test]
fn long_pipelines_are_answered_in_order() {
    against_both(&[], |server| {
        let mut client = server.connect();
        let incr: &[&str] = &["INCR", "n"];
        client.send(&vec![incr; 10_000]).expect("a pipeline sent");
        for expected in 1..=10_000 {
            assert_eq!(client.receive().expect("a reply"), Reply::Integer(expected));
        }
    });
}

/// More requests in one read than a batch takes, with more replies than are written at once: what a
/// batch leaves over, and what lies behind it, is executed without waiting for the client to say more.
#[test]
fn long_pipelines_of_long_replies_are_answered_to_the_end() {
    against_both(&[], |server| {
        let mut client = server.connect();
        client.call(&["SET", "k", &"x".repeat(100)]).expect("SET");
        let get: &[&str] = &["GET", "k"];
        for count in [1_500, 3_000, 20_000] {
            client.send(&vec![get; count]).expect("a pipeline sent");
            for at in 0..count {
                let reply = client.receive().unwrap_or_else(|error| panic!("{at}: {error}"));
                assert_eq!(reply, Reply::Bulk(vec![b'x'; 100]));
            }
        }
    });
}

/// Many client libraries write a whole pipeline before they read the first reply: more of each than
/// the kernel's buffers hold.
#[test]
fn a_client_may_write_all_before_it_reads() {
    against_both(&[], |server| {
        let mut client = server.connect();
        let payload = "x".repeat(8 * 1024);
        let ping: &[&str] = &["PING", &payload];
        let count = 6_000;
        client.send(&vec![ping; count]).expect("a pipeline sent");
        for at in 0..count {
            let reply = client.receive().unwrap_or_else(|error| panic!("{at}: {error}"));
            assert_eq!(reply, Reply::Bulk(payload.clone().into_bytes()));
        }
    });
}

#[test]
fn a_request_may_have_more_than_a_million_arguments() {
    against_both(&[], |server| {
        let mut client = server.connect();
        let mut request = vec!["EXISTS"];
        request.resize(1_100_001, "k");
        assert_eq!(client.call(&["SET", "k", "v"]).expect("SET"), Reply::Simple(b"OK".to_vec()));
        assert_eq!(client.call(&request).expect("EXISTS"), Reply::Integer(1_100_000));
    });
}

#[test]
fn big_values_arrive_whole() {
    against_both(&[], |server| {
        let value: Vec<u8> = (0..20 * MIB).map(|index| (index % 251) as u8).collect();
        let mut client = server.connect();
        let stored = client.call(&[&b"SET"[..], b"big", &value]).expect("SET");
        assert_eq!(stored, Reply::Simple("OK".into()));
        assert_eq!(client.call(&["GET", "big"]).expect("GET"), Reply::Bulk(value));
    });
}

#[test]
fn a_client_that_does_not_read_is_closed_at_its_output_limit() {
    against_both(&[], |server| {
        let mut client = server.connect();
        let set = client.call(&["CONFIG", "SET", "client-output-buffer-limit", "normal 1mb 0 0"]);
        assert_eq!(set.expect("CONFIG SET"), Reply::Simple("OK".into()));
        client.call(&[&b"SET"[..], b"big", &vec![b'x'; 20 * MIB]]).expect("SET");
        let before = used_memory(server);
        let mut stream = open(server);
        // One reply is more than the kernel takes and the limit together.
        stream.write_all(&b"GET big\r\n".repeat(5)).expect("a pipeline sent");
        eventually("the lazy client is gone", || {
            server.info("connected_clients").as_deref() == Some("2")
        });
        assert!(used_memory(server) < before + 20 * MIB, "what waited for it is freed");
        assert!(read_to_the_end(&mut stream).len() < 100 * MIB, "it did not get everything");
    });
}

#[test]
fn a_request_longer_than_the_query_buffer_is_closed() {
    against_both(&[], |server| {
        let mut client = server.connect();
        let set = client
            .call(&["CONFIG", "SET", "client-query-buffer-limit", "1mb"])
            .expect("CONFIG SET");
        assert_eq!(set, Reply::Simple("OK".into()));
        let mut greedy = server.connect();
        // The server may close while we still write.
        let _ = greedy.send(&[&[&b"SET"[..], b"big", &vec![b'x'; 3 * MIB]]]);
        let answer = greedy.receive().expect_err("no reply");
        assert!(
            matches!(answer.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset),
            "{answer}"
        );
        assert_eq!(client.call(&["EXISTS", "big"]).expect("EXISTS"), Reply::Integer(0));
    });
}

#[test]
fn the_longest_bulk_is_configurable() {
    against_both(&["--proto-max-bulk-len", "1mb"], |server| {
        let error = "-ERR Protocol error: invalid bulk length\r\n";
        closes_with(server, b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1048577\r\n", error);
        let value = vec![b'x'; MIB];
        let stored = server.connect().call(&[&b"SET"[..], b"k", &value]).expect("SET");
        assert_eq!(stored, Reply::Simple("OK".into()));
    });
}

#[test]
fn clients_past_the_limit_are_told_so() {
    against_both(&["--maxclients", "3"], |server| {
        // What asked whether the server is up may not be gone yet.
        eventually("there is room for three", || {
            let clients: Vec<_> =
                (0..3).filter_map(|_| Client::connect(server.address()).ok()).collect();
            let mut clients = clients.into_iter().map(|mut client| client.call(&["PING"]));
            clients.all(|reply| reply.is_ok_and(|reply| reply == Reply::Simple("PONG".into())))
        });
        let mut within = Vec::new();
        eventually("three are in", || {
            let mut client = server.connect();
            if client.call(&["PING"]).is_ok_and(|reply| reply == Reply::Simple("PONG".into())) {
                within.push(client);
            }
            within.len() == 3
        });
        closes_with(server, b"", "-ERR max number of clients reached\r\n");
        within.pop();
        eventually("a place is free again", || {
            server
                .connect()
                .call(&["PING"])
                .is_ok_and(|reply| reply == Reply::Simple("PONG".into()))
        });
    });
}

#[test]
fn idle_clients_are_closed_after_the_timeout() {
    against_both(&["--timeout", "1"], |server| {
        let start = Instant::now();
        closes_with(server, b"", "");
        assert!(start.elapsed() > Duration::from_millis(900), "not before its time");
    });
}

#[test]
fn disconnects_in_the_middle_of_anything_harm_nobody() {
    against_both(&[], |server| {
        for sent in ["", "*3\r\n$3\r\nSE", "GET", "*2\r\n$3\r\nGET\r\n$100\r\nhalf"] {
            let mut stream = open(server);
            stream.write_all(sent.as_bytes()).expect("bytes sent");
            drop(stream);
        }
        let mut half_closed = open(server);
        half_closed.write_all(b"PING\r\n").expect("bytes sent");
        half_closed.shutdown(Shutdown::Write).expect("a half-closed connection");
        // Redis may see the end before it writes; it never answers anything else.
        let answered = read_to_the_end(&mut half_closed);
        assert!(answered == b"+PONG\r\n" || answered.is_empty(), "{}", answered.escape_ascii());
        eventually("only the asking client is left", || {
            server.info("connected_clients").as_deref() == Some("1")
        });
    });
}

#[test]
fn quit_answers_and_drops_the_rest() {
    against_both(&[], |server| {
        closes_with(server, b"PING\r\nQUIT\r\nSET after 1\r\n", "+PONG\r\n+OK\r\n");
        let exists = server.connect().call(&["EXISTS", "after"]).expect("EXISTS");
        assert_eq!(exists, Reply::Integer(0));
    });
}

#[test]
fn reset_takes_a_connection_back_to_its_start() {
    against_both(&["--requirepass", "secret"], |server| {
        let sent = b"AUTH secret\r\nSELECT 3\r\nHELLO 3 SETNAME me\r\nRESET\r\nGET k\r\nQUIT\r\n";
        let mut stream = open(server);
        stream.write_all(sent).expect("bytes sent");
        let answered = String::from_utf8(read_to_the_end(&mut stream)).expect("text");
        let end = "+RESET\r\n-NOAUTH Authentication required.\r\n+OK\r\n";
        assert!(
            answered.starts_with("+OK\r\n+OK\r\n%7\r\n") && answered.ends_with(end),
            "{answered}"
        );
    });
}

#[test]
fn unix_sockets_serve_too() {
    // The path is relative to the directory that the server runs in.
    against_both(&["--unixsocket", "headcount.sock", "--unixsocketperm", "700"], |server| {
        let path = server.path("headcount.sock");
        let mut client = Client::connect_unix(&path).expect("a connection");
        assert_eq!(client.call(&["INCR", "n"]).expect("INCR"), Reply::Integer(1));
        assert_eq!(server.connect().call(&["INCR", "n"]).expect("INCR"), Reply::Integer(2));
        let info = print::text(&client.call(&["CLIENT", "INFO"]).expect("CLIENT INFO"));
        assert!(info.contains("addr=headcount.sock:0 "), "{info}");
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &std::fs::metadata(&path).expect("the socket").permissions(),
        );
        assert_eq!(mode & 0o777, 0o700);
    });
}

#[test]
fn signals_shut_down_cleanly() {
    for signal in [Signal::TERM, Signal::INT] {
        against_both_by_value(|server| {
            let address = server.address();
            let mut client = server.connect();
            client.call(&["SET", "k", "v"]).expect("SET");
            let status = server.signal(signal);
            assert_eq!(status.code(), Some(0), "{signal:?}");
            assert!(client.call(&["PING"]).is_err(), "its connections are closed");
            assert!(TcpStream::connect(address).is_err(), "its port is free");
        });
    }
}

#[test]
fn shutdown_stops_the_process() {
    against_both_by_value(|server| {
        let mut client = server.connect();
        client.send(&[&["SHUTDOWN", "NOSAVE"]]).expect("a command sent");
        assert!(client.receive().is_err(), "the connection closes without a reply");
        assert_eq!(server.end().code(), Some(0));
    });
}

fn against_both_by_value(script: impl Fn(Server)) {
    script(Server::headcount(&[]));
    if let Some(redis) = Server::redis(&[]) {
        script(redis);
    }
}
