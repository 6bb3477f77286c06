//! BLPOP and its like: who waits, who is served first, by what, and what ends it. Every script runs against
//! Headcount and against redis-server.

mod support;

use headcount::client::{Client, Reply};
use rustix::process::Signal;
use std::time::{Duration, Instant};
use support::{Kind, Server, against_both, eventually, show};

fn call(client: &mut Client, words: &str) -> String {
    show(&client.call(&words.split(' ').collect::<Vec<_>>()))
}

fn send(client: &mut Client, commands: &[&str]) {
    let words: Vec<Vec<&str>> = commands.iter().map(|line| line.split(' ').collect()).collect();
    client.send(&words.iter().map(Vec::as_slice).collect::<Vec<_>>()).expect("a pipeline");
}

fn id_of(client: &mut Client) -> i64 {
    let Ok(Reply::Integer(id)) = client.call(&["CLIENT", "ID"]) else { panic!("an id") };
    id
}

/// A client that waits, and its id.
fn waiting(server: &Server, wait: &str) -> (Client, i64) {
    let mut client = server.connect();
    let id = id_of(&mut client);
    send(&mut client, &[wait]);
    let mut other = server.connect();
    eventually("it waits", || {
        call(&mut other, &format!("CLIENT LIST ID {id}")).contains("flags=b")
    });
    (client, id)
}

fn answer(client: &mut Client) -> String {
    show(&client.receive()).replace('\n', " ")
}

/// Clients are spread over serving threads: the order is that of all of them.
#[test]
fn who_came_first_is_served_first() {
    against_both(&[], |server| {
        let mut clients: Vec<Client> =
            (0..6).map(|_| waiting(server, "BLPOP q other 0").0).collect();
        let mut other = server.connect();
        assert_eq!(call(&mut other, "RPUSH q 0 1 2 3"), "(integer) 4");
        assert_eq!(call(&mut other, "LLEN q"), "(integer) 0", "they were served before this");
        assert_eq!(call(&mut other, "RPUSH other 4 5 6"), "(integer) 3");
        for (at, client) in clients.iter_mut().enumerate() {
            let from = if at < 4 { "q" } else { "other" };
            assert_eq!(answer(client), format!("1) \"{from}\" 2) \"{at}\""));
        }
        assert_eq!(call(&mut other, "LRANGE other 0 -1"), "1) \"6\"");
    });
}

#[test]
fn each_kind_of_wish_is_granted() {
    against_both(&[], |server| {
        let mut other = server.connect();
        let wishes = [
            ("BLPOP q 0", "1) \"q\" 2) \"a\""),
            ("BRPOP q 0", "1) \"q\" 2) \"c\""),
            ("BLMOVE q to LEFT LEFT 0", "\"a\""),
            ("BRPOPLPUSH q to 0", "\"c\""),
            ("BLMPOP 0 2 no q RIGHT COUNT 2", "1) \"q\" 2) 1) \"c\"    2) \"b\""),
        ];
        for (wish, reply) in wishes {
            let (mut client, _) = waiting(server, wish);
            call(&mut other, "RPUSH q a b c");
            assert_eq!(answer(&mut client), reply, "{wish}");
            call(&mut other, "DEL q");
        }
        assert_eq!(call(&mut other, "LRANGE to 0 -1"), "1) \"c\"\n2) \"a\"");
    });
}

/// One with a loop runs on a thread of its own. Those who wait come after its end, as in Redis.
#[test]
fn what_a_script_pushes_is_served_after_its_end() {
    against_both(&["--busy-reply-threshold", "100"], |server| {
        let mut other = server.connect();
        let brief = "redis.call('rpush', 'q', 'a', 'b') return redis.call('llen', 'q')";
        let looping = "for _, text in ipairs({'a', 'b'}) do redis.call('rpush', 'q', text) end \
            return redis.call('llen', 'q')";
        for script in [brief, looping] {
            let clients =
                ["BLPOP q 0", "BLMOVE q to LEFT LEFT 0"].map(|wish| waiting(server, wish).0);
            let reply = other.call(&["EVAL", script, "1", "q"]);
            assert_eq!(show(&reply), "(integer) 2", "nobody takes away meanwhile");
            let replies = clients.map(|mut client| answer(&mut client));
            assert_eq!(replies, ["1) \"q\" 2) \"a\"", "\"b\""], "{script}");
        }
        let (mut client, _) = waiting(server, "BLPOP q 0");
        send(&mut other, &["MULTI"]);
        let _ = other.receive();
        let _ = other.call(&["EVAL", looping, "1", "q"]);
        assert_eq!(show(&other.call(&["EXEC"])), "1) (integer) 2");
        assert_eq!(answer(&mut client), "1) \"q\" 2) \"a\"");
        let nothing = "return redis.call('blpop', 'none', 0)";
        let reply = show(&other.call(&["EVAL", nothing, "0"]));
        assert!(reply.contains("not allowed") || reply == "(nil)", "{reply}");
        let nothing = "return redis.call('blmpop', 0, 1, 'none', 'LEFT')";
        assert_eq!(
            show(&other.call(&["EVAL", nothing, "0"])),
            "(nil)",
            "nothing waits in a script"
        );
    });
}

/// Whoever serves does not wait for a script that holds the key.
#[test]
fn an_endless_script_that_has_pushed_does_not_stop_the_server() {
    let options = ["--busy-reply-threshold", "100", "--io-threads", "1"];
    against_both(&options, |server| {
        let (_client, _) = waiting(server, "BLPOP q 0");
        let (_brief, _) = waiting(server, "BLPOP q 1");
        let (mut other, mut writer) = (server.connect(), server.connect());
        let endless = "redis.call('rpush', 'q', 'a') while true do end";
        writer.send(&[&["EVAL", endless, "0"]]).expect("sent");
        eventually("others are told", || call(&mut other, "PING").contains("BUSY"));
        assert!(call(&mut other, "SCRIPT KILL").contains("UNKILLABLE"));
        other.send(&[&["SHUTDOWN", "NOSAVE"]]).expect("sent");
        assert!(other.receive().is_err(), "it ends");
    });
}

/// Whatever makes a list of a key.
#[test]
fn whoever_makes_the_list_serves() {
    against_both(&[], |server| {
        let mut other = server.connect();
        call(&mut other, "RPUSH source x");
        call(&mut other, "SADD set x");
        for command in [
            "LPUSH q x",
            "LMOVE source q LEFT LEFT",
            "COPY source q",
            "RENAME source q",
            "SORT set ALPHA STORE q",
        ] {
            call(&mut other, "DEL source");
            call(&mut other, "RPUSH source x");
            let (mut client, _) = waiting(server, "BLPOP q 0");
            call(&mut other, command);
            assert_eq!(answer(&mut client), "1) \"q\" 2) \"x\"", "{command}");
        }
        let (mut client, _) = waiting(server, "BLPOP q 0");
        send(&mut other, &["MULTI", "RPUSH q a", "LPUSH q b", "LLEN q", "EXEC"]);
        (0..4).for_each(|_| drop(other.receive()));
        assert_eq!(answer(&mut other), "1) (integer) 1 2) (integer) 2 3) (integer) 2");
        assert_eq!(
            answer(&mut client),
            "1) \"q\" 2) \"b\"",
            "after the transaction, as it left it"
        );
        // SWAPDB too.
        call(&mut other, "DEL q");
        let (mut client, _) = waiting(server, "BLPOP q 0");
        send(&mut other, &["SELECT 1", "RPUSH q far", "SWAPDB 0 1"]);
        (0..3).for_each(|_| drop(other.receive()));
        assert_eq!(answer(&mut client), "1) \"q\" 2) \"far\"");
    });
}

#[test]
fn members_are_waited_for_as_elements_are() {
    against_both(&[], |server| {
        let mut other = server.connect();
        let (mut listed, _) = waiting(server, "BLPOP q 0");
        let (mut least, _) = waiting(server, "BZPOPMIN q other 0");
        let (mut many, _) = waiting(server, "BZMPOP 0 2 no q MAX COUNT 2");
        assert_eq!(call(&mut other, "ZADD q 1 a 2 b 3 c"), "(integer) 3");
        assert_eq!(answer(&mut least), "1) \"q\" 2) \"a\" 3) \"1\"");
        assert_eq!(
            answer(&mut many),
            "1) \"q\" 2) 1) 1) \"c\"       2) \"3\"    2) 1) \"b\"       2) \"2\""
        );
        assert_eq!(call(&mut other, "EXISTS q"), "(integer) 0");
        let (mut most, _) = waiting(server, "BZPOPMAX q 0");
        assert_eq!(call(&mut other, "ZINCRBY q 5 d"), "\"5\"");
        assert_eq!(answer(&mut most), "1) \"q\" 2) \"d\" 3) \"5\"");
        // A list has been waited for all the time.
        assert_eq!(call(&mut other, "RPUSH q x"), "(integer) 1");
        assert_eq!(answer(&mut listed), "1) \"q\" 2) \"x\"");
    });
}

#[test]
fn what_one_is_given_may_serve_another() {
    against_both(&[], |server| {
        let (mut last, _) = waiting(server, "BLPOP c 0");
        let (mut second, _) = waiting(server, "BLMOVE b c LEFT LEFT 0");
        let (mut first, _) = waiting(server, "BRPOPLPUSH a b 0");
        let mut other = server.connect();
        call(&mut other, "RPUSH a x");
        assert_eq!((answer(&mut first), answer(&mut second)), ("\"x\"".into(), "\"x\"".into()));
        assert_eq!(answer(&mut last), "1) \"c\" 2) \"x\"");
        assert_eq!(call(&mut other, "EXISTS a b c"), "(integer) 0");
    });
}

#[test]
fn another_type_is_waited_out() {
    against_both(&[], |server| {
        let (mut client, _) = waiting(server, "BLPOP q 0");
        let mut other = server.connect();
        call(&mut other, "SET q text");
        call(&mut other, "DEL q");
        call(&mut other, "RPUSH q x");
        assert_eq!(answer(&mut client), "1) \"q\" 2) \"x\"");
        // A destination of another type is its own client's affair.
        call(&mut other, "SET to text");
        let (mut client, _) = waiting(server, "BLMOVE q to LEFT LEFT 0");
        let (mut next, _) = waiting(server, "BLPOP q 0");
        call(&mut other, "RPUSH q y");
        assert!(answer(&mut client).starts_with("(error) WRONGTYPE"));
        assert_eq!(answer(&mut next), "1) \"q\" 2) \"y\"");
    });
}

#[test]
fn the_timeout_is_waited_for() {
    against_both(&[], |server| {
        let begun = Instant::now();
        let mut client = server.connect();
        assert_eq!(call(&mut client, "BLPOP q 0.1"), "(nil)");
        assert!(begun.elapsed() >= Duration::from_millis(100));
        assert_eq!(call(&mut client, "RPUSH q x"), "(integer) 1", "nobody waits for it any more");
        assert_eq!(call(&mut client, "LLEN q"), "(integer) 1");
    });
}

#[test]
fn others_can_end_the_waiting() {
    against_both(&[], |server| {
        let mut other = server.connect();
        for (how, reply) in [
            ("", "(nil)"),
            (" TIMEOUT", "(nil)"),
            (" ERROR", "(error) UNBLOCKED client unblocked via CLIENT UNBLOCK"),
        ] {
            let (mut client, id) = waiting(server, "BLMOVE q to LEFT LEFT 0");
            assert_eq!(server.info("blocked_clients").as_deref(), Some("1"));
            assert_eq!(call(&mut other, &format!("CLIENT UNBLOCK {id}{how}")), "(integer) 1");
            assert_eq!(answer(&mut client), reply, "{how}");
            assert_eq!(call(&mut client, "PING"), "PONG");
        }
        let (mut client, id) = waiting(server, "BLPOP q 0");
        assert_eq!(call(&mut other, &format!("CLIENT KILL ID {id}")), "(integer) 1");
        assert_eq!(show(&client.receive()), "(closed)");
        let (client, id) = waiting(server, "BLPOP q 0");
        drop(client);
        let listed = format!("CLIENT LIST ID {id}");
        eventually("it is gone", || !call(&mut other, &listed).contains("addr="));
        assert_eq!(call(&mut other, "RPUSH q x"), "(integer) 1");
        assert_eq!(call(&mut other, "LLEN q"), "(integer) 1", "nothing goes to who is gone");
        assert_eq!(server.info("blocked_clients").as_deref(), Some("0"));
    });
}

#[test]
fn only_its_own_connection_waits_and_goes_on() {
    against_both(&[], |server| {
        let (mut client, mut other) = (server.connect(), server.connect());
        send(&mut client, &["INCR a", "BLPOP q 0", "INCR a"]);
        assert_eq!(show(&client.receive()), "(integer) 1", "what stood before is answered first");
        eventually("it waits", || server.info("blocked_clients").as_deref() == Some("1"));
        assert_eq!(call(&mut other, "GET a"), "\"1\"", "what stands behind it waits");
        call(&mut other, "RPUSH q x");
        assert_eq!(answer(&mut client), "1) \"q\" 2) \"x\"");
        assert_eq!(show(&client.receive()), "(integer) 2");
        send(&mut client, &["CLIENT REPLY SKIP", "BLPOP q 0.02", "ECHO a"]);
        assert_eq!(show(&client.receive()), "\"a\"", "who wants no reply gets none");
    });
}

/// (Redis 7.0 serves within a pause what a transaction has pushed that began it.)
#[test]
fn a_pause_holds_it_up() {
    let server = Server::headcount(&[]);
    if server.kind == Kind::Redis {
        return;
    }
    let mut other = server.connect();
    let (mut client, _) = waiting(&server, "BLPOP q 0");
    send(&mut other, &["MULTI", "RPUSH q x", "CLIENT PAUSE 100000 WRITE", "EXEC"]);
    (0..4).for_each(|_| drop(other.receive()));
    assert_eq!(call(&mut other, "LLEN q"), "(integer) 1");
    assert_eq!(call(&mut other, "CLIENT UNPAUSE"), "OK");
    assert_eq!(answer(&mut client), "1) \"q\" 2) \"x\"");
}

#[test]
fn the_server_does_not_wait_for_it_to_stop() {
    let server = Server::headcount(&[]);
    if server.kind == Kind::Redis {
        return;
    }
    let (mut client, _) = waiting(&server, "BLPOP q 0");
    assert!(server.signal(Signal::TERM).success());
    assert_eq!(show(&client.receive()), "(closed)");
}

/// Nothing is handed out twice, and nothing is lost, however many push and wait at once.
#[test]
fn every_element_goes_to_one_client() {
    const CLIENTS: usize = 8;
    const EACH: usize = 200;
    let server = Server::headcount(&["--io-threads", "3"]);
    let mut taken: Vec<String> = std::thread::scope(|scope| {
        let takers: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = server.connect();
                    (0..EACH).map(|_| call(&mut client, "BLPOP q other 0")).collect::<Vec<_>>()
                })
            })
            .collect();
        for giver in 0..CLIENTS {
            let server = &server;
            scope.spawn(move || {
                let mut client = server.connect();
                for at in 0..EACH {
                    let list = if at % 3 == 0 { "other" } else { "q" };
                    call(&mut client, &format!("RPUSH {list} {giver}-{at}"));
                }
            });
        }
        takers.into_iter().flat_map(|taker| taker.join().expect("a client")).collect()
    });
    taken.sort_unstable();
    taken.dedup();
    assert_eq!(taken.len(), CLIENTS * EACH);
    assert_eq!(call(&mut server.connect(), "EXISTS q other"), "(integer) 0");
}
