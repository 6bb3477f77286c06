//! WAIT on a node that nobody confirms: who waits, for how long, and what ends it. Every script runs
//! against Headcount and against redis-server.

mod support;

use headcount::client::{Client, Reply};
use rustix::process::Signal;
use std::time::{Duration, Instant};
use support::{Kind, Server, against_both, eventually, show};

/// Longer than any test.
const LONG_MS: &str = "600000";

fn call(client: &mut Client, words: &str) -> String {
    show(&client.call(&words.split(' ').collect::<Vec<_>>()))
}

fn send(client: &mut Client, commands: &[&str]) {
    let words: Vec<Vec<&str>> = commands.iter().map(|line| line.split(' ').collect()).collect();
    client.send(&words.iter().map(Vec::as_slice).collect::<Vec<_>>()).expect("a pipeline");
}

/// A client that waits, and its id.
fn waiting(server: &Server, wait: &str) -> (Client, String) {
    let mut client = server.connect();
    let Ok(Reply::Integer(id)) = client.call(&["CLIENT", "ID"]) else { panic!("an id") };
    send(&mut client, &[wait]);
    let id = id.to_string();
    let mut other = server.connect();
    eventually("it waits", || {
        call(&mut other, &format!("CLIENT LIST ID {id}")).contains("flags=b")
    });
    (client, id)
}

#[test]
fn the_timeout_is_waited_for() {
    against_both(&[], |server| {
        let begun = Instant::now();
        assert_eq!(call(&mut server.connect(), "WAIT 1 100"), "(integer) 0");
        assert!(begun.elapsed() >= Duration::from_millis(100));
    });
}

#[test]
fn only_its_own_connection_waits() {
    against_both(&[], |server| {
        let (mut client, mut other) = (server.connect(), server.connect());
        let id = match client.call(&["CLIENT", "ID"]) {
            Ok(Reply::Integer(id)) => id,
            reply => panic!("{reply:?}"),
        };
        send(&mut client, &["INCR a", "WAIT 1 0", "INCR a"]);
        assert_eq!(show(&client.receive()), "(integer) 1", "what stood before is answered first");
        eventually("it waits", || server.info("blocked_clients").as_deref() == Some("1"));
        assert_eq!(call(&mut other, "GET a"), "\"1\"", "what stands behind it waits");
        send(&mut client, &["GET a"]);
        assert_eq!(call(&mut other, &format!("CLIENT UNBLOCK {id}")), "(integer) 1");
        assert_eq!(show(&client.receive()), "(integer) 0");
        assert_eq!(show(&client.receive()), "(integer) 2");
        assert_eq!(show(&client.receive()), "\"2\"", "what came meanwhile is executed after it");
        eventually("it waits no more", || server.info("blocked_clients").as_deref() == Some("0"));
    });
}

#[test]
fn who_asks_for_nobody_does_not_wait() {
    against_both(&[], |server| {
        let mut client = server.connect();
        assert_eq!(call(&mut client, &format!("WAIT 0 {LONG_MS}")), "(integer) 0");
        assert_eq!(call(&mut client, "WAIT -1 0"), "(integer) 0");
    });
}

#[test]
fn others_can_end_the_waiting() {
    against_both(&[], |server| {
        let mut other = server.connect();
        for (how, answer) in [
            ("", "(integer) 0"),
            (" TIMEOUT", "(integer) 0"),
            (" ERROR", "(error) UNBLOCKED client unblocked via CLIENT UNBLOCK"),
        ] {
            let (mut client, id) = waiting(server, "WAIT 1 0");
            assert_eq!(call(&mut other, &format!("CLIENT UNBLOCK {id}{how}")), "(integer) 1");
            assert_eq!(show(&client.receive()), answer, "{how}");
            assert_eq!(call(&mut other, &format!("CLIENT UNBLOCK {id}{how}")), "(integer) 0");
            assert_eq!(call(&mut client, "PING"), "PONG");
        }
        let (mut client, id) = waiting(server, "WAIT 1 0");
        assert_eq!(call(&mut other, &format!("CLIENT KILL ID {id}")), "(integer) 1");
        assert_eq!(show(&client.receive()), "(closed)");
    });
}

#[test]
fn a_client_that_goes_away_is_noticed() {
    against_both(&[], |server| {
        let (client, id) = waiting(server, "WAIT 1 0");
        drop(client);
        let mut other = server.connect();
        let listed = format!("CLIENT LIST ID {id}");
        eventually("it is gone", || !call(&mut other, &listed).contains("addr="));
        assert_eq!(server.info("blocked_clients").as_deref(), Some("0"));
    });
}

/// CLIENT REPLY is about the answer of what waits too.
#[test]
fn who_wants_no_reply_gets_none() {
    against_both(&[], |server| {
        let mut client = server.connect();
        send(&mut client, &["CLIENT REPLY SKIP", "WAIT 1 20", "ECHO a"]);
        assert_eq!(show(&client.receive()), "\"a\"");
        send(&mut client, &["CLIENT REPLY OFF", "WAIT 1 20", "CLIENT REPLY ON"]);
        assert_eq!(show(&client.receive()), "OK");
    });
}

/// The requests of a client that waits are bounded as those of any other.
#[test]
fn what_is_sent_meanwhile_is_bounded() {
    against_both(&["--client-query-buffer-limit", "1mb"], |server| {
        let (mut client, _) = waiting(server, "WAIT 1 0");
        let much = vec![b'x'; 1 << 20];
        // Closed while it is still sending, or just after.
        let _ = client.send(&[&[&b"ECHO"[..], &much], &[&b"ECHO"[..], &much]]);
        assert_eq!(show(&client.receive()), "(closed)");
    });
}

#[test]
fn the_server_does_not_wait_for_it_to_stop() {
    let server = Server::headcount(&[]);
    if server.kind == Kind::Redis {
        return;
    }
    let (mut client, _) = waiting(&server, "WAIT 1 0");
    let begun = Instant::now();
    assert!(server.signal(Signal::TERM).success());
    assert!(begun.elapsed() < Duration::from_secs(2), "less than clients are given to finish");
    assert_eq!(show(&client.receive()), "(closed)");
}
