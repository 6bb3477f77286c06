//! The cluster port of a running server, seen by strangers.

mod support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use headcount::replication::handshake::{Dialler, HANDSHAKE_LIMIT_BYTES, HandshakeError};
use headcount::replication::{Frame, FrameReader, Greeting, SealedFrame};
use rustix::process::Signal;
use support::{PATIENCE, Server, eventually, free_port};

/// How long a stranger may take.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// A server with a cluster port, and what it logs.
struct Node {
    server: Server,
    cluster_port: u16,
}

impl Node {
    fn start(flags: &[&str]) -> Node {
        let cluster_port = free_port();
        let port = cluster_port.to_string();
        let all = [&["--cluster-port", &port, "--logfile", "log", "--loglevel", "debug"], flags];
        Node { server: Server::headcount(&all.concat()), cluster_port }
    }

    fn connect(&self) -> Stranger {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.cluster_port)).expect("a peer");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Stranger { stream, reader: FrameReader::new(HANDSHAKE_LIMIT_BYTES), sent: 0 }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.server.path("log")).expect("a log")
    }

    fn logs(&self, text: &str) {
        eventually(&format!("the log says {text:?}"), || self.log().contains(text));
    }

    /// Whether it is well.
    fn serves(&self) {
        assert_eq!(support::show(&self.server.connect().call(&["INCR", "key"])), "(integer) 1");
    }
}

struct Stranger {
    stream: TcpStream,
    reader: FrameReader,
    sent: u32,
}

impl Stranger {
    fn send(&mut self, frame: &SealedFrame) {
        self.stream.write_all(&frame.encode(self.sent)).expect("it takes what is sent");
        self.sent += 1;
    }

    /// Proves the secret, and is let in.
    fn join(&mut self, secret: &[u8], node: u32) {
        let dialler = dialler(secret, node);
        self.send(&dialler.hello());
        let challenge = self.receive().expect("a challenge");
        let (challenged, proof) = dialler.challenged(&challenge).expect("a good one");
        self.send(&proof);
        let welcome = self.receive().expect("a welcome");
        challenged.answered(&welcome).expect("it is let in");
    }

    /// The next frame; `None`: the server has closed the connection.
    fn receive(&mut self) -> Option<Frame> {
        let mut buffer = [0; 1000];
        loop {
            if let Some(frame) = self.reader.next_frame().expect("good frames") {
                return Some(frame);
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(count) => self.reader.push(&buffer[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("neither an answer nor the end: {error}"),
            }
        }
    }
}

fn dialler(secret: &[u8], node: u32) -> Dialler {
    let address = "127.0.0.1:1".to_owned();
    let greeting = Greeting {
        node,
        epoch: 1,
        incarnation: 1,
        address,
        clients: headcount::replication::ClientAddress::default(),
        connection: 1,
        databases: 16,
        met: Vec::new(),
        run: headcount::replication::Run::default(),
        kept: 0,
        epochs: Vec::new(),
        is_outdated: false,
    };
    Dialler::new(secret, [7; 32], greeting)
}

#[test]
fn who_is_no_peer_is_closed_and_told_nothing() {
    let node = Node::start(&["--cluster-secret", "secret"]);
    for bytes in ["PING\r\n".as_bytes(), b"\xC1", &[0xC1; 100], &[0xC2; 16], &[0; 5000]] {
        let mut stranger = node.connect();
        // It may close before it has read all.
        let _ = stranger.stream.write_all(bytes);
        let _ = stranger.stream.shutdown(std::net::Shutdown::Write);
        assert_eq!(stranger.receive(), None, "{bytes:?}");
    }
    node.logs("what came is not from a peer");
    node.logs("a frame of version 2; this node reads version 1");
    node.serves();
}

#[test]
fn a_stranger_who_says_too_much_is_closed() {
    let node = Node::start(&[]);
    let mut stranger = node.connect();
    let noise = (0..HANDSHAKE_LIMIT_BYTES as u64 + 1)
        .map(|n| xxhash_rust::xxh3::xxh3_64(&n.to_le_bytes()) as u8);
    stranger.send(&SealedFrame::new(0xF0, noise.collect()));
    assert_eq!(stranger.receive(), None);
    node.logs(&format!("no more than {HANDSHAKE_LIMIT_BYTES} are read"));
    node.serves();
}

#[test]
fn a_stranger_who_says_nothing_is_closed_in_time() {
    let node = Node::start(&[]);
    let begun = Instant::now();
    let (mut silent, mut slow) = (node.connect(), node.connect());
    slow.send(&dialler(b"", 7).hello());
    assert!(slow.receive().is_some(), "a challenge");
    assert_eq!(silent.receive(), None);
    assert_eq!(slow.receive(), None);
    assert!(begun.elapsed() >= HANDSHAKE, "{:?}", begun.elapsed());
    node.logs("no answer in time");
    node.serves();
}

#[test]
fn a_wrong_secret_is_refused_with_a_reason_in_the_log() {
    let node = Node::start(&["--cluster-secret", "secret"]);
    let mut stranger = node.connect();
    let dialler = dialler(b"guess", 7);
    stranger.send(&dialler.hello());
    let challenge = stranger.receive().expect("a challenge");
    let (challenged, proof) = dialler.challenged(&challenge).expect("a good one");
    stranger.send(&proof);
    let answer = stranger.receive().expect("a refusal");
    assert_eq!(challenged.answered(&answer), Err(HandshakeError::Secret));
    assert_eq!(stranger.receive(), None);
    node.logs("the secret is another one (cluster-secret)");
    assert!(!node.log().contains("guess"));
    node.serves();
}

#[test]
fn a_bad_frame_closes_the_link_with_a_reason_in_the_log_and_nothing_else() {
    let node = Node::start(&["--cluster-secret", "secret"]);
    let good = SealedFrame::new(9, b"payload".to_vec()).encode(2);
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let cases = [
        (with(0, 0xC2), "a frame of version 2; this node reads version 1"),
        (with(20, b'?'), "a damaged frame"),
        (with(11, 0x7F), "bytes; no more than"),
        (SealedFrame::new(9, Vec::new()).encode(3), "frame 3 in place of 2"),
        (good.clone(), "a message that cannot be read: a frame of an unknown kind"),
        (
            SealedFrame::new(1, b"\xFF".to_vec()).encode(2),
            "a message that cannot be read: a message",
        ),
        (SealedFrame::new(2, b"\xFF".to_vec()).encode(2), "a message that cannot be read: no head"),
    ];
    // Each by a node of its own, so that each has its line.
    for (id, (bytes, reason)) in (100..).zip(cases) {
        let mut peer = node.connect();
        peer.join(b"secret", id);
        peer.stream.write_all(&bytes).expect("it takes what is sent");
        assert_eq!(peer.receive(), None, "{reason}");
        node.logs(&format!("From peer {id:08x} (127.0.0.1:1): disconnected: "));
        node.logs(reason);
    }
    node.serves();
}

#[test]
fn a_peer_that_says_nothing_more_is_no_trouble() {
    let node = Node::start(&[]);
    let mut peer = node.connect();
    peer.join(b"", 7);
    // The beginning of a frame, and no more.
    let frame = SealedFrame::new(2, vec![1; 1000]).encode(2);
    peer.stream.write_all(&frame[..500]).expect("it takes what is sent");
    node.serves();
    drop(peer);
    node.logs("From peer 00000007 (127.0.0.1:1): disconnected: the peer has closed it");
    assert!(node.server.signal(Signal::TERM).success());
}

#[test]
fn many_silent_strangers_keep_nobody_out_for_long() {
    let node = Node::start(&[]);
    let silent: Vec<_> = (0..200).map(|_| node.connect()).collect();
    let mut peer = node.connect();
    peer.send(&dialler(b"", 7).hello());
    // Each lot of strangers has its time, so this may take longer than one.
    drop(silent);
    assert!(peer.receive().is_some(), "a challenge");
    node.serves();
}

#[test]
fn a_node_keeps_its_id_over_a_restart() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let (dir, port) = (folder.path().to_str().expect("UTF-8"), free_port().to_string());
    let flags = ["--dir", dir, "--cluster-port", &port];
    let start = |more: &[&str]| {
        let server = Server::headcount(&[&flags[..], more].concat());
        assert!(server.signal(Signal::TERM).success());
        let kept = std::fs::read_to_string(folder.path().join(format!("node-{port}.id")));
        let kept = kept.expect("the file of the id");
        let (node, memory) = kept.split_once('\n').expect("two lines");
        (node.to_owned(), memory.to_owned())
    };
    let (first, second) = (start(&[]), start(&[]));
    assert!(first.0.starts_with("node ") && first.0.len() == 13, "{first:?}");
    assert_eq!(first.0, second.0);
    // It has forgotten what it knew.
    assert_ne!(first.1, second.1);
    assert_eq!(start(&["--cluster-node-id", "2a"]).0, "node 0000002a");
}

#[test]
fn a_taken_cluster_port_is_told_at_the_start() {
    let taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = taken.local_addr().expect("its address").port().to_string();
    let folder = tempfile::TempDir::new().expect("a folder");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_headcount"))
        .args(["--port", "0", "--unixsocket", "sock", "--cluster-port", &port])
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    assert!(!output.status.success());
    let expected = format!(
        "Could not create server TCP listening socket 127.0.0.1:{port}: Address already in use"
    );
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains(&expected), "{error}");
}
