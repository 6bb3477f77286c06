//! What monitors are sent of a request.

use crate::node::ClientHandle;
use crate::node::clients::flag;
use bytes::Bytes;
use std::io::Write;
use std::time::Duration;

/// `+1339518083.107412 [0 127.0.0.1:60866] "keys" "*"`, with its line end. `since_epoch` is the time
/// of the request, `words` are its arguments; without a client it is a script's.
pub fn line(
    since_epoch: Duration,
    db: u16,
    client: Option<&ClientHandle>,
    words: &[&[u8]],
) -> Bytes {
    let (seconds, micros) = (since_epoch.as_secs(), since_epoch.subsec_micros());
    let mut line = Vec::with_capacity(64);
    let from = match client {
        None => "lua".to_owned(),
        Some(client) => match client.addr.strip_suffix(":0") {
            Some(path) if client.has(flag::UNIX_SOCKET) => format!("unix:{path}"),
            _ => client.addr.clone(),
        },
    };
    // Writing to memory does not fail.
    let _ = write!(line, "+{seconds}.{micros:06} [{db} {from}]");
    for word in words {
        line.push(b' ');
        quote(word, &mut line);
    }
    line.extend_from_slice(b"\r\n");
    Bytes::from(line)
}

/// As Redis prints arbitrary bytes (`sdscatrepr`).
fn quote(word: &[u8], line: &mut Vec<u8>) {
    line.push(b'"');
    for byte in word {
        match byte {
            b'\\' | b'"' => line.extend_from_slice(&[b'\\', *byte]),
            b'\n' => line.extend_from_slice(b"\\n"),
            b'\r' => line.extend_from_slice(b"\\r"),
            b'\t' => line.extend_from_slice(b"\\t"),
            0x07 => line.extend_from_slice(b"\\a"),
            0x08 => line.extend_from_slice(b"\\b"),
            b' '..=b'~' => line.push(*byte),
            _ => {
                let _ = write!(line, "\\x{byte:02x}");
            }
        }
    }
    line.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::NewClient;

    fn client(addr: &str, unix_socket: bool) -> ClientHandle {
        let new =
            NewClient { addr: addr.to_owned(), laddr: String::new(), unix_socket, created_ms: 0 };
        ClientHandle::new(1, new)
    }

    // As Redis 7.0.15 sends it.
    #[test]
    fn any_bytes_are_quoted() {
        let words: [&[u8]; 2] = [b"get", b"a\r\n\x00\"\\\xff\tb"];
        let at = Duration::new(1_795_353_274, 7_289_999);
        assert_eq!(
            line(at, 5, Some(&client("127.0.0.1:60350", false)), &words),
            "+1795353274.007289 [5 127.0.0.1:60350] \"get\" \"a\\r\\n\\x00\\\"\\\\\\xff\\tb\"\r\n"
        );
    }

    #[test]
    fn a_unix_socket_has_no_port() {
        let line = line(Duration::ZERO, 0, Some(&client("/run/hc.sock:0", true)), &[b"ping"]);
        assert_eq!(line, "+0.000000 [0 unix:/run/hc.sock] \"ping\"\r\n");
    }
}
