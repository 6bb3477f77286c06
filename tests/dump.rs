//! DUMP and RESTORE of one key: what comes back is what was there, on Headcount as on the original, whose
//! payloads are of another form.

mod support;

use headcount::client::{Client, Reply};
use headcount::replication::{Payload, PayloadError};
use support::{Server, print};

fn call<A: AsRef<[u8]>>(client: &mut Client, command: &[A]) -> Reply {
    client.call(command).expect("a reply")
}

fn shown(client: &mut Client, command: &str) -> String {
    let words: Vec<&str> = command.split(' ').collect();
    print::redis_cli(&call(client, &words))
}

fn dump(client: &mut Client, key: &str) -> Vec<u8> {
    match call(client, &["DUMP", key]) {
        Reply::Bulk(payload) => payload,
        other => panic!("DUMP {key} answered {other:?}"),
    }
}

/// RESTORE with further options behind the payload.
fn restore(client: &mut Client, key: &str, ttl: &str, payload: &[u8], options: &str) -> String {
    let mut command: Vec<&[u8]> = vec![b"RESTORE", key.as_bytes(), ttl.as_bytes(), payload];
    command.extend(options.split_terminator(' ').map(str::as_bytes));
    print::redis_cli(&call(client, &command))
}

/// What both servers answer.
fn session(server: &Server) -> Vec<String> {
    let mut client = server.connect();
    let client = &mut client;
    support::eventually("it has loaded", || shown(client, "PING") == "PONG");
    let mut said = Vec::new();
    for command in ["SET text hello", "INCRBY count 41", "SADD set a b c", "SET float 1.5"] {
        shown(client, command);
    }
    shown(client, "INCR count");
    shown(client, "INCRBYFLOAT float 2.25");
    shown(client, "EXPIRE text 100");
    for key in ["text", "count", "set", "float"] {
        let payload = dump(client, key);
        said.push(restore(client, key, "0", &payload, ""));
        said.push(restore(client, &format!("{key}:new"), "0", &payload, ""));
        said.push(restore(client, &format!("{key}:ends"), "1000000", &payload, "IDLETIME 0"));
    }
    for command in [
        "GET text:new",
        "TTL text:new",
        "INCR count:new",
        "SCARD set:new",
        "SMISMEMBER set:new a b c d",
        "GET float:new",
        "TTL set:ends",
        "OBJECT ENCODING count:new",
        "OBJECT ENCODING text:new",
        "TYPE set:ends",
    ] {
        said.push(shown(client, command));
    }
    let (text, set) = (dump(client, "text"), dump(client, "set"));
    for (key, ttl, payload, options) in [
        ("text", "4000000000000", &text, "ABSTTL REPLACE"),
        // What has ended before is not written, and takes away what is there.
        ("text:new", "1000", &text, "ABSTTL REPLACE"),
        ("never", "1000", &text, "ABSTTL"),
        ("count", "0", &set, "REPLACE FREQ 7"),
        ("set", "0", &text, "REPLACE"),
    ] {
        said.push(restore(client, key, ttl, payload, options));
    }
    for command in ["PEXPIRETIME text", "EXISTS text:new", "EXISTS never", "SCARD count", "GET set"]
    {
        said.push(shown(client, command));
    }
    said
}

#[test]
fn what_is_dumped_and_restored_is_what_it_was() {
    let ours = session(&Server::headcount(&[]));
    if let Some(redis) = Server::redis(&[]) {
        assert_eq!(ours, session(&redis));
    }
    let kept = session(&Server::headcount(&["--appendonly", "yes"]));
    assert_eq!(ours, kept, "where deletions are remembered");
}

/// Also when the server has not run for as long.
#[test]
fn a_key_may_have_been_idle_for_longer_than_the_server_runs() {
    support::against_both(&[], |server| {
        let mut client = server.connect();
        shown(&mut client, "SET k v");
        let payload = dump(&mut client, "k");
        restore(&mut client, "idle", "0", &payload, "IDLETIME 100000");
        let idle_seconds = match call(&mut client, &["OBJECT", "IDLETIME", "idle"]) {
            Reply::Integer(seconds) => seconds,
            other => panic!("OBJECT IDLETIME answered {other:?}"),
        };
        assert!((100_000..100_100).contains(&idle_seconds), "{idle_seconds}");
    });
}

#[test]
fn payloads_of_one_server_are_refused_by_the_other() {
    let (ours, Some(redis)) = (Server::headcount(&[]), Server::redis(&[])) else { return };
    let (mut ours, mut redis) = (ours.connect(), redis.connect());
    for client in [&mut ours, &mut redis] {
        shown(client, "SET k 1");
    }
    let payloads = [dump(&mut redis, "k"), dump(&mut ours, "k")];
    for (client, payload) in [&mut ours, &mut redis].into_iter().zip(payloads) {
        let refusal = restore(client, "other", "0", &payload, "");
        assert_eq!(refusal, "(error) ERR DUMP payload version or checksum are wrong");
    }
}

#[test]
fn members_keep_their_deadlines_and_a_key_does_not() {
    let server = Server::headcount(&[]);
    let mut client = server.connect();
    let client = &mut client;
    shown(client, "SADD online ann");
    shown(client, "SADDEX online 1000 bob");
    shown(client, "EXPIRE online 500");
    let payload = dump(client, "online");
    assert_eq!(restore(client, "again", "0", &payload, ""), "OK");
    assert_eq!(shown(client, "TTL again"), "(integer) -1");
    let left = shown(client, "TTL again bob");
    assert!(["(integer) 1000", "(integer) 999"].contains(&left.as_str()), "{left}");
    assert_eq!(shown(client, "TTL again ann"), "(integer) -1");
}

#[test]
fn a_payload_outlives_the_deadline_of_its_key() {
    let server = Server::headcount(&[]);
    let mut client = server.connect();
    let client = &mut client;
    shown(client, "SET k v PX 50");
    let payload = dump(client, "k");
    support::eventually("it has expired", || shown(client, "EXISTS k") == "(integer) 0");
    assert_eq!(restore(client, "k", "0", &payload, ""), "OK");
    assert_eq!(shown(client, "GET k"), "\"v\"");
}

#[test]
fn damaged_payloads_are_refused_and_newer_ones_by_their_number() {
    let server = Server::headcount(&[]);
    let mut client = server.connect();
    let client = &mut client;
    shown(client, "INCR k");
    let payload = dump(client, "k");
    let read = Payload::open(&payload).expect("what was dumped");
    assert_eq!(read.seal(), payload);
    for bit in 0..payload.len() * 8 {
        let mut flipped = payload.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(Payload::open(&flipped), Err(PayloadError::NotOurs), "bit {bit}");
    }
    for len in 0..payload.len() {
        assert_eq!(Payload::open(&payload[..len]), Err(PayloadError::NotOurs), "{len} bytes");
    }
    let resealed = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = payload[..payload.len() - 4].to_vec();
        edit(&mut bytes);
        let checksum = crc32c::crc32c(&bytes);
        bytes.extend(checksum.to_le_bytes());
        bytes
    };
    let newer = resealed(&|bytes| bytes[4] = 9);
    let refusal = restore(client, "other", "0", &newer, "");
    let expected = "(error) ERR the payload is written by a newer version of Headcount (format 9; this \
                    one reads 1)";
    assert_eq!(refusal, expected);
    let longer = resealed(&|bytes| bytes.push(0));
    assert_eq!(restore(client, "other", "0", &longer, ""), "(error) ERR Bad data format");
    assert_eq!(shown(client, "EXISTS other"), "(integer) 0");
}
