//! Keyspace notifications: each command's events, their names and their order, against redis-server.

mod support;

use headcount::client::{Client, Reply};
use std::time::Duration;
use support::{Server, eventually, print, show, words};

/// The commands of the test, by what they are about. A line of several commands, between ` ; `, is looked at as one.
const SCRIPT: &str = include_str!("events/script.txt");

fn call(client: &mut Client, words: &str) -> String {
    show(&client.call(&words::split(words)))
}

/// A client that hears all events of `server`.
fn listener(server: &Server, letters: &str) -> Client {
    let mut client = server.connect();
    assert_eq!(
        call(&mut client, &format!("CONFIG SET notify-keyspace-events \"{letters}\"")),
        "OK"
    );
    let reply = call(&mut client, "PSUBSCRIBE __key*__:* end");
    assert!(reply.contains("psubscribe"), "{reply}");
    client.receive().expect("the second confirmation");
    client
}

/// What is heard of the commands that `client` has sent, each as `channel payload`.
fn heard(client: &mut Client, listener: &mut Client) -> Vec<String> {
    call(client, "PUBLISH end end");
    let mut all = Vec::new();
    loop {
        let Reply::Array(items) = listener.receive().expect("a message") else {
            panic!("no message")
        };
        let words: Vec<_> = items.iter().skip(2).map(print::text).collect();
        if words[0] == "end" {
            return all;
        }
        all.push(words.join(" "));
    }
}

/// The script's lines, each with what came of it.
fn play(server: &Server, letters: &str) -> Vec<(String, String)> {
    let (mut client, mut listener) = (server.connect(), listener(server, letters));
    let lines = SCRIPT.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let run = |line: &str| {
        for command in line.split(" ; ") {
            match command.strip_prefix("sleep ") {
                Some(ms) => std::thread::sleep(Duration::from_millis(ms.parse().expect("ms"))),
                None => drop(call(&mut client, command)),
            }
        }
        (line.to_owned(), heard(&mut client, &mut listener).join(" | "))
    };
    lines.map(run).collect()
}

fn compare(flags: &[&str], letters: &str) {
    let ours = play(&Server::headcount(flags), letters);
    assert!(ours.iter().any(|(_, events)| !events.is_empty()), "nothing was heard");
    let Some(redis) = Server::redis(&[]) else { return };
    let theirs = play(&redis, letters);
    let differ = ours.iter().zip(&theirs).filter(|(ours, theirs)| ours != theirs);
    let shown = differ
        .map(|((line, ours), (_, theirs))| format!("{line}\n  ours:  {ours}\n  Redis: {theirs}"));
    let shown: Vec<_> = shown.collect();
    assert!(shown.is_empty(), "{letters}: {} differ\n{}", shown.len(), shown.join("\n"));
}

#[test]
fn every_command_has_the_events_of_redis() {
    compare(&["--appendonly", "no"], "KEA");
}

#[test]
fn new_keys_and_misses_are_told_too() {
    compare(&["--appendonly", "no"], "KEAnm");
}

/// Where deleted keys are remembered it is the same.
#[test]
fn with_a_log_the_events_are_the_same() {
    compare(&["--appendonly", "yes"], "KEAnm");
}

#[test]
fn only_what_was_asked_for_is_told() {
    for letters in ["", "KE", "A", "K$", "Eg", "Ex", "Es$"] {
        let ours = play(&Server::headcount(&["--appendonly", "no"]), letters);
        let Some(redis) = Server::redis(&[]) else { return };
        assert_eq!(ours, play(&redis, letters), "{letters}");
    }
}

/// A session library hears of each session once, on the node that it asks, whether anybody looks at it or not.
#[test]
fn each_expiry_is_told_once() {
    for flags in [["--appendonly", "no"], ["--appendonly", "yes"]] {
        let server = Server::headcount(&flags);
        let mut listener = server.connect();
        call(&mut listener, "CONFIG SET notify-keyspace-events Ex");
        call(&mut listener, "SUBSCRIBE __keyevent@0__:expired");
        let mut client = server.connect();
        for number in 0..500 {
            call(&mut client, &format!("SET session:{number} x PX {}", 20 + number % 80));
        }
        let mut told: Vec<String> = (0..500)
            .map(|_| match listener.receive().expect("a message") {
                Reply::Array(items) => print::text(&items[2]),
                reply => panic!("{reply:?}"),
            })
            .collect();
        for number in 0..500 {
            call(&mut client, &format!("GET session:{number}"));
        }
        listener.set_timeout(Some(Duration::from_millis(300))).expect("a timeout");
        assert!(listener.receive().is_err(), "none is told twice");
        told.sort();
        told.dedup();
        assert_eq!(told.len(), 500);
    }
}

#[test]
fn what_is_evicted_is_told() {
    let flags = ["--appendonly", "no", "--maxmemory-policy", "allkeys-random"];
    let server = Server::headcount(&flags);
    let mut listener = listener(&server, "Ee");
    let mut client = server.connect();
    for number in 0..200 {
        call(&mut client, &format!("SET key:{number} {}", "x".repeat(10_000)));
    }
    call(&mut client, "CONFIG SET maxmemory 1mb");
    eventually("keys are evicted", || call(&mut client, "DBSIZE") != "(integer) 200");
    let mut evicted = heard(&mut client, &mut listener);
    evicted.retain(|event| event.starts_with("__keyevent@0__:evicted key:"));
    assert!(!evicted.is_empty());
}

#[test]
fn a_set_tells_of_its_members_that_expire() {
    let server = Server::headcount(&["--appendonly", "no"]);
    let (mut client, mut listener) = (server.connect(), listener(&server, "Es"));
    let mut events = |commands: &[&str]| {
        commands.iter().for_each(|command| drop(call(&mut client, command)));
        heard(&mut client, &mut listener).join(" | ")
    };
    let expected = "__keyevent@0__:sadd s | __keyevent@0__:sexpire s";
    assert_eq!(events(&["SADDEX s 100 a b"]), expected);
    assert_eq!(events(&["SADDEX s KEEPTTL 100 a"]), "");
    assert_eq!(
        events(&["EXPIREMEMBER s a 100", "EXPIREMEMBER s nobody 100"]),
        "__keyevent@0__:sexpire s"
    );
    assert_eq!(events(&["PERSIST s a"]), "__keyevent@0__:spersist s");
    assert_eq!(events(&["PEXPIREMEMBERAT s a 1"]), "__keyevent@0__:srem s");
    assert_eq!(events(&["FIELDEXPIRE s 100 b"]), "__keyevent@0__:sexpire s");
    call(&mut server.connect(), "CONFIG SET notify-keyspace-events Esg");
    let gone = ["EXPIREMEMBER s b 1 ms", "CLIENT ID"];
    events(&gone);
    eventually("the member is gone", || call(&mut server.connect(), "EXISTS s") == "(integer) 0");
    let last = events(&["PING"]);
    assert!(
        last.is_empty() || last.ends_with("__keyevent@0__:sexpired s | __keyevent@0__:del s"),
        "{last}"
    );
}
