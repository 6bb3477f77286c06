//! Channels on one node: slow subscribers, many publishers, and who hears what beside replies. What needs no
//! second look at time runs against redis-server too; `tests/transcripts/pubsub` has the replies.

mod support;

use headcount::client::{Client, Reply};
use std::time::Duration;
use support::{Kind, Server, against_both, eventually, print, show};

fn call(client: &mut Client, words: &str) -> String {
    show(&client.call(&words.split(' ').collect::<Vec<_>>()))
}

/// A client that hears `channel`.
fn subscriber(server: &Server, channel: &str) -> Client {
    let mut client = server.connect();
    let reply = call(&mut client, &format!("SUBSCRIBE {channel}"));
    assert!(reply.starts_with("1) \"subscribe\""), "{reply}");
    client
}

fn publish(client: &mut Client, channel: &str, message: &[u8]) -> i64 {
    match client.call(&[b"PUBLISH", channel.as_bytes(), message]) {
        Ok(Reply::Integer(heard)) => heard,
        reply => panic!("{reply:?}"),
    }
}

/// The text of the next message.
fn heard(client: &mut Client) -> String {
    let items = match client.receive().expect("a message") {
        Reply::Array(items) | Reply::Push(items) => items,
        reply => panic!("no message: {reply:?}"),
    };
    print::text(items.last().expect("its text"))
}

#[test]
fn who_does_not_read_is_closed_and_nobody_waits_for_it() {
    against_both(&["--client-output-buffer-limit", "pubsub", "1mb", "0", "0"], |server| {
        let (slow, mut quick) = (subscriber(server, "c"), subscriber(server, "c"));
        let mut publisher = server.connect();
        let message = vec![b'x'; 100_000];
        let mut sent = 0;
        eventually("the slow one is closed", || {
            publish(&mut publisher, "c", &message);
            assert_eq!(heard(&mut quick).len(), message.len());
            sent += 1;
            call(&mut publisher, "PUBSUB NUMSUB c").ends_with("(integer) 1")
        });
        assert!(sent > 10, "what the socket and the limit hold is kept for it: {sent}");
        drop(slow);
        assert_eq!(publish(&mut publisher, "c", b"on"), 1);
        assert_eq!(heard(&mut quick), "on");
    });
}

#[test]
fn what_waits_too_long_closes_too() {
    against_both(&["--client-output-buffer-limit", "pubsub", "100mb", "10kb", "1"], |server| {
        let mut slow = subscriber(server, "c");
        let mut publisher = server.connect();
        let message = vec![b'x'; 1_000_000];
        // More than sockets hold, and less than the hard limit.
        (0..20).for_each(|_| assert_eq!(publish(&mut publisher, "c", &message), 1));
        assert!(call(&mut publisher, "PUBSUB NUMSUB c").ends_with("(integer) 1"));
        eventually("its time is up", || {
            call(&mut publisher, "PUBSUB NUMSUB c").ends_with("(integer) 0")
        });
        while slow.receive().is_ok() {}
    });
}

#[test]
fn the_limit_of_normal_clients_is_not_that_of_subscribers() {
    against_both(&["--client-output-buffer-limit", "pubsub", "10kb", "0", "0"], |server| {
        let mut client = server.connect();
        client.call(&[&b"SET"[..], b"k", &vec![b'x'; 30_000_000]]).expect("a reply");
        client.send(&[&["GET", "k"]]).expect("a request");
        let mut other = server.connect();
        eventually("it waits", || call(&mut other, "CLIENT LIST").contains("cmd=get"));
        assert!(matches!(client.receive(), Ok(Reply::Bulk(text)) if text.len() == 30_000_000));
    });
}

#[test]
fn each_publisher_is_heard_in_its_order_by_all() {
    const PUBLISHERS: usize = 4;
    const MESSAGES: usize = 300;
    against_both(&[], |server| {
        let subscribers: Vec<_> = (0..10).map(|_| subscriber(server, "c")).collect();
        std::thread::scope(|scope| {
            for publisher in 0..PUBLISHERS {
                scope.spawn(move || {
                    let mut client = server.connect();
                    for number in 0..MESSAGES {
                        let message = format!("{publisher}:{number:04}");
                        assert_eq!(publish(&mut client, "c", message.as_bytes()), 10);
                    }
                });
            }
            let listen = |mut client: Client| {
                scope.spawn(move || {
                    (0..PUBLISHERS * MESSAGES).map(|_| heard(&mut client)).collect::<Vec<_>>()
                })
            };
            let listening: Vec<_> = subscribers.into_iter().map(listen).collect();
            let all: Vec<_> = listening.into_iter().map(|it| it.join().expect("all")).collect();
            for publisher in 0..PUBLISHERS {
                let own = format!("{publisher}:");
                let of_one = all[0].iter().filter(|message| message.starts_with(&own));
                assert!(of_one.is_sorted(), "in its order");
            }
            assert!(all.iter().all(|heard| *heard == all[0]), "in one order");
        });
    });
}

#[test]
fn a_thousand_subscribers_hear_several_threads() {
    let server = Server::headcount(&["--io-threads", "2"]);
    let mut subscribers: Vec<_> = (0..1000).map(|_| subscriber(&server, "c")).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut client = server.connect();
                (0..25).for_each(|_| assert_eq!(publish(&mut client, "c", b"hello"), 1000));
            });
        }
    });
    for subscriber in &mut subscribers {
        (0..100).for_each(|_| assert_eq!(heard(subscriber), "hello"));
    }
    assert_eq!(server.info("pubsub_clients").as_deref(), Some("1000"));
    drop(subscribers);
    eventually("they are gone", || server.info("pubsub_channels").as_deref() == Some("0"));
    assert_eq!(server.info("pubsub_clients").as_deref(), Some("0"));
}

#[test]
fn pushes_come_whatever_client_reply_asked_for() {
    against_both(&[], |server| {
        let mut client = server.connect();
        let pipeline: &[&[&str]] = &[
            &["CLIENT", "REPLY", "OFF"],
            &["SUBSCRIBE", "c"],
            &["SUBSCRIBE"],
            &["PING"],
            &["UNSUBSCRIBE"],
            &["CLIENT", "REPLY", "ON"],
            &["CLIENT", "REPLY", "SKIP"],
            &["SUBSCRIBE", "c"],
            &["PING", "last"],
        ];
        client.send(pipeline).expect("a pipeline");
        let mut reply = || show(&client.receive()).replace('\n', " ");
        assert_eq!(reply(), r#"1) "subscribe" 2) "c" 3) (integer) 1"#);
        assert_eq!(reply(), r#"1) "unsubscribe" 2) "c" 3) (integer) 0"#);
        assert_eq!(reply(), "OK");
        assert_eq!(reply(), r#"1) "subscribe" 2) "c" 3) (integer) 1"#);
        assert_eq!(reply(), r#"1) "pong" 2) "last""#);
    });
}

#[test]
fn a_client_that_waits_hears_its_channels() {
    let server = Server::headcount(&[]);
    let (mut client, mut publisher) = (server.connect(), server.connect());
    client.hello3().expect("RESP3");
    client.send(&[&["SUBSCRIBE", "c"][..], &["WAIT", "1", "0"]]).expect("a pipeline");
    assert!(matches!(client.receive(), Ok(Reply::Push(_))));
    eventually("it waits", || call(&mut publisher, "CLIENT LIST").contains("flags=Pb"));
    assert_eq!(publish(&mut publisher, "c", b"meanwhile"), 1);
    assert_eq!(heard(&mut client), "meanwhile");
}

/// A message tells of what was written before it, so that is on disk first.
#[test]
fn what_is_heard_is_on_disk_with_appendfsync_always() {
    let server = Server::headcount(&["--appendonly", "yes", "--appendfsync", "always"]);
    assert_eq!(server.kind, Kind::Headcount);
    let (mut client, mut publisher) = (subscriber(&server, "c"), server.connect());
    client.set_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    for number in 0..20 {
        for command in ["MULTI", "INCR k", "PUBLISH c done"] {
            call(&mut publisher, command);
        }
        publisher.send(&[&["EXEC"]]).expect("a request");
        assert_eq!(heard(&mut client), "done");
        assert!(show(&publisher.receive()).contains(&format!("(integer) {}", number + 1)));
    }
}
