//! ONCE on one node: what runs under a token, what is answered to a retry, and what is not kept.

mod support;

use headcount::client::Client;
use std::time::Duration;
use support::{Kind, Server, eventually, show};

fn call(client: &mut Client, words: &str) -> String {
    show(&client.call(&words.split(' ').collect::<Vec<_>>())).replace('\n', " ")
}

fn send(client: &mut Client, commands: &[&str]) {
    let words: Vec<Vec<&str>> = commands.iter().map(|line| line.split(' ').collect()).collect();
    client.send(&words.iter().map(Vec::as_slice).collect::<Vec<_>>()).expect("a pipeline");
}

fn server(flags: &[&str]) -> Option<Server> {
    let server = Server::headcount(flags);
    (server.kind == Kind::Headcount).then_some(server)
}

#[test]
fn a_token_hides_from_all_that_looks_at_keys() {
    let Some(server) = server(&["--enable-debug-command", "yes"]) else { return };
    let mut client = server.connect();
    let before = call(&mut client, "DEBUG DIGEST");
    assert_eq!(call(&mut client, "ONCE t LPUSH l a"), "(integer) 1");
    assert_eq!(call(&mut client, "ONCE t LPUSH l a"), "(integer) 1");
    assert_eq!(call(&mut client, "LLEN l"), "(integer) 1");
    for (command, reply) in
        [("DBSIZE", "(integer) 1"), ("KEYS *", "1) \"l\""), ("EXISTS t", "(integer) 0")]
    {
        assert_eq!(call(&mut client, command), reply);
    }
    assert_eq!(call(&mut client, "FLUSHALL"), "OK");
    assert_eq!(call(&mut client, "DEBUG DIGEST"), before);
    assert_eq!(call(&mut client, "ONCE t LPUSH l a"), "(integer) 1", "FLUSHALL leaves tokens");
    assert_eq!(call(&mut client, "EXISTS l"), "(integer) 0");
}

#[test]
fn a_token_is_of_one_request_to_one_database() {
    let Some(server) = server(&[]) else { return };
    let mut client = server.connect();
    assert_eq!(call(&mut client, "ONCE t INCRBY k 5"), "(integer) 5");
    assert_eq!(call(&mut client, "once t incrby k 5"), "(integer) 5");
    let refused = "(error) ERR another command has run under this token";
    for other in ["ONCE t INCRBY k 6", "ONCE t DECRBY k 5", "ONCE t INCRBY j 5"] {
        assert_eq!(call(&mut client, other), refused, "{other}");
    }
    call(&mut client, "SELECT 1");
    assert_eq!(call(&mut client, "ONCE t INCRBY k 5"), refused);
}

#[test]
fn only_what_writes_named_keys_runs_once() {
    let Some(server) = server(&[]) else { return };
    let mut client = server.connect();
    for none in [
        "GET k",
        "FLUSHALL",
        "MULTI",
        "EXEC",
        "PING",
        "ONCE u INCR k",
        "CONFIG GET x",
        "SWAPDB 0 1",
    ] {
        let reply = call(&mut client, &format!("ONCE t {none}"));
        assert!(reply.starts_with("(error) ERR ONCE runs commands that write"), "{none}: {reply}");
    }
    assert_eq!(
        call(&mut client, "ONCE t NOSUCH x"),
        "(error) ERR unknown command 'NOSUCH', with args beginning with: 'x' "
    );
    assert_eq!(
        call(&mut client, "ONCE t INCR"),
        "(error) ERR wrong number of arguments for 'incr' command"
    );
    assert_eq!(
        call(&mut client, "ONCE t"),
        "(error) ERR wrong number of arguments for 'once' command"
    );
    // What has failed has done nothing, and may be tried again.
    call(&mut client, "SET k text");
    assert!(call(&mut client, "ONCE t INCR k").starts_with("(error) ERR value is not an integer"));
    call(&mut client, "SET k 1");
    assert_eq!(call(&mut client, "ONCE t INCR k"), "(integer) 2");
    // What would wait does not.
    assert_eq!(call(&mut client, "ONCE wait BLPOP missing 0"), "(nil)");
    assert_eq!(call(&mut client, "ONCE move COPY k far DB 3"), "(integer) 1");
}

#[test]
fn it_is_one_command_of_a_transaction() {
    let Some(server) = server(&[]) else { return };
    let mut client = server.connect();
    for _ in 0..2 {
        send(
            &mut client,
            &["MULTI", "ONCE a INCR k", "ONCE b INCR k", "ONCE a INCR k", "GET k", "EXEC"],
        );
        (0..5).for_each(|_| drop(client.receive()));
        let replies = show(&client.receive()).replace('\n', " ");
        assert_eq!(replies, "1) (integer) 1 2) (integer) 2 3) (integer) 1 4) \"2\"");
    }
    // With a command beside it that looks through the whole keyspace.
    send(&mut client, &["MULTI", "KEYS *", "ONCE c INCR k", "EXEC"]);
    (0..3).for_each(|_| drop(client.receive()));
    assert_eq!(show(&client.receive()).replace('\n', " "), "1) 1) \"k\" 2) (integer) 3");
}

#[test]
fn a_retry_in_another_protocol_is_understood() {
    let Some(server) = server(&[]) else { return };
    let (mut old, mut new) = (server.connect(), server.connect());
    call(&mut new, "HELLO 3");
    call(&mut new, "SADD s a");
    assert_eq!(call(&mut new, "ONCE pop SPOP s 5"), "1~ \"a\"");
    assert_eq!(call(&mut old, "ONCE pop SPOP s 5"), "1) \"a\"");
    assert_eq!(call(&mut old, "ONCE none LPOP l 2"), "(nil)");
    assert_eq!(call(&mut new, "ONCE none LPOP l 2"), "(nil)");
}

#[test]
fn tokens_are_kept_for_a_time_and_up_to_a_number() {
    let Some(server) = server(&["--once-retention", "1", "--once-tokens-max", "3"]) else { return };
    let mut client = server.connect();
    for token in ["a", "b", "c"] {
        assert!(call(&mut client, &format!("ONCE {token} INCR k")).starts_with("(integer)"));
    }
    let refused = call(&mut client, "ONCE d INCR k");
    assert!(refused.starts_with("(error) ERR as many tokens are kept"), "{refused}");
    assert_eq!(call(&mut client, "ONCE a INCR k"), "(integer) 1", "a retry takes no room");
    assert_eq!(call(&mut client, "GET k"), "\"3\"");
    std::thread::sleep(Duration::from_millis(1000));
    eventually("there is room again", || call(&mut client, "ONCE d INCR k") == "(integer) 4");
    eventually("it is too late for a retry", || {
        call(&mut client, "ONCE a INCR k") == "(integer) 5"
    });
}

/// Two connections that try at once: one of them runs it.
#[test]
fn of_retries_at_one_time_one_runs() {
    let Some(server) = server(&["--io-threads", "3"]) else { return };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut client = server.connect();
                for at in 0..200 {
                    let reply = call(&mut client, &format!("ONCE token{at} INCR k{at}"));
                    assert_eq!(reply, "(integer) 1");
                }
            });
        }
    });
    let mut client = server.connect();
    assert!((0..200).all(|at| call(&mut client, &format!("GET k{at}")) == "\"1\""));
}
