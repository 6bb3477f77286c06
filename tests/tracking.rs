//! CLIENT TRACKING beside what transcripts show: redirection, its limits, and that no change is missed.

mod support;

use headcount::client::{Client, Reply};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::{Server, against_both, eventually, show};

fn call(client: &mut Client, words: &str) -> String {
    show(&client.call(&words.split(' ').collect::<Vec<_>>())).replace('\n', " ")
}

fn next(client: &mut Client) -> String {
    show(&client.take_push().map_or_else(|| client.receive(), Ok)).replace('\n', " ")
}

fn id(client: &mut Client) -> i64 {
    match client.call(&["CLIENT", "ID"]) {
        Ok(Reply::Integer(id)) => id,
        reply => panic!("{reply:?}"),
    }
}

fn resp3(server: &Server) -> Client {
    let mut client = server.connect();
    client.hello3().expect("RESP3");
    client
}

#[test]
fn a_subscriber_is_told_in_the_place_of_another() {
    against_both(&[], |server| {
        let [mut reader, mut ears, mut writer] = [(); 3].map(|()| server.connect());
        let ears_id = id(&mut ears);
        call(&mut ears, "SUBSCRIBE __redis__:invalidate");
        assert_eq!(call(&mut reader, &format!("CLIENT TRACKING ON REDIRECT {ears_id}")), "OK");
        assert_eq!(call(&mut reader, "CLIENT GETREDIR"), format!("(integer) {ears_id}"));
        call(&mut reader, "GET k");
        call(&mut writer, "SET k 1");
        assert_eq!(next(&mut ears), r#"1) "message" 2) "__redis__:invalidate" 3) 1) "k""#);
        call(&mut reader, "GET k");
        call(&mut writer, "FLUSHALL");
        assert_eq!(next(&mut ears), r#"1) "message" 2) "__redis__:invalidate" 3) (nil)"#);
        let list = call(&mut writer, "CLIENT LIST");
        assert!(
            list.contains(" flags=t ") && list.contains(&format!("redir={ears_id} ")),
            "{list}"
        );
    });
}

#[test]
fn who_was_to_hear_may_be_gone() {
    against_both(&[], |server| {
        let (mut reader, mut ears) = (resp3(server), resp3(server));
        let mut writer = server.connect();
        let ears_id = id(&mut ears);
        call(&mut reader, &format!("CLIENT TRACKING ON REDIRECT {ears_id}"));
        call(&mut reader, "GET k");
        call(&mut writer, "SET k 1");
        assert_eq!(next(&mut ears), r#"1» "invalidate" 2» 1) "k""#);
        call(&mut reader, "GET k");
        drop(ears);
        eventually("it is gone", || {
            !call(&mut writer, "CLIENT LIST").contains(&format!("id={ears_id} "))
        });
        call(&mut writer, "SET k 2");
        let broken = format!(r#"1» "tracking-redir-broken" 2» (integer) {ears_id}"#);
        assert_eq!(next(&mut reader), broken);
        assert!(call(&mut reader, "CLIENT TRACKINGINFO").contains("broken_redirect"));
        assert!(call(&mut writer, "CLIENT LIST").contains(" flags=tR "));
        assert_eq!(call(&mut reader, "CLIENT TRACKING ON"), "OK");
        assert!(!call(&mut reader, "CLIENT TRACKINGINFO").contains("broken_redirect"));
    });
}

#[test]
fn a_client_that_knows_no_pushes_is_told_nothing() {
    against_both(&[], |server| {
        let (mut reader, mut writer) = (server.connect(), server.connect());
        call(&mut reader, "CLIENT TRACKING ON");
        call(&mut reader, "GET k");
        call(&mut writer, "SET k 1");
        assert_eq!(call(&mut reader, "PING"), "PONG");
    });
}

#[test]
fn no_more_keys_are_remembered_than_allowed() {
    let server = Server::headcount(&["--tracking-table-max-keys", "100"]);
    let mut reader = resp3(&server);
    call(&mut reader, "CLIENT TRACKING ON");
    for number in 0..500 {
        call(&mut reader, &format!("GET key:{number}"));
    }
    assert_eq!(server.info("tracking_total_keys").as_deref(), Some("100"));
    assert_eq!(server.info("tracking_total_items").as_deref(), Some("100"));
    assert_eq!(server.info("tracking_clients").as_deref(), Some("1"));
    // Those that are not remembered were given up.
    call(&mut reader, "PING");
    let mut dropped = 0;
    while reader.take_push().is_some() {
        dropped += 1;
    }
    assert_eq!(dropped, 400);
    drop(reader);
    eventually("nobody reads", || server.info("tracking_clients").as_deref() == Some("0"));
    assert_eq!(server.info("tracking_total_keys").as_deref(), Some("0"));
}

#[test]
fn prefixes_are_counted_and_given_up() {
    let server = Server::headcount(&[]);
    let (mut first, mut second) = (resp3(&server), resp3(&server));
    call(&mut first, "CLIENT TRACKING ON BCAST PREFIX a PREFIX b");
    call(&mut second, "CLIENT TRACKING ON BCAST PREFIX b PREFIX c");
    assert_eq!(server.info("tracking_total_prefixes").as_deref(), Some("3"));
    call(&mut first, "CLIENT TRACKING OFF");
    assert_eq!(server.info("tracking_total_prefixes").as_deref(), Some("2"));
    drop(second);
    eventually("all are gone", || server.info("tracking_total_prefixes").as_deref() == Some("0"));
}

/// A cache that drops what it is told to is never stale: once all is quiet, it has what the server has.
#[test]
fn no_change_is_missed() {
    let server = Server::headcount(&["--io-threads", "3"]);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> =
            (0..4).map(|_| scope.spawn(|| cache_until(&server, &is_over))).collect();
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let server = &server;
                scope.spawn(move || {
                    let mut client = server.connect();
                    for number in 0..1500 {
                        let key = format!("k{}", (number * 7 + writer) % 10);
                        match number % 5 {
                            0 => call(&mut client, &format!("SET {key} {number}")),
                            1 => call(&mut client, &format!("DEL {key}")),
                            _ => call(&mut client, &format!("INCR {key}")),
                        };
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|writer| writer.join().expect("a writer"));
        is_over.store(true, Ordering::SeqCst);
        let mut client = server.connect();
        for reader in readers {
            let cache = reader.join().expect("a reader");
            for (key, cached) in cache {
                assert_eq!(cached, call(&mut client, &format!("GET {key}")), "{key}");
            }
        }
    });
}

/// Reads keys through a cache; returns what is in it after the end.
fn cache_until(server: &Server, is_over: &AtomicBool) -> HashMap<String, String> {
    let mut client = resp3(server);
    call(&mut client, "CLIENT TRACKING ON");
    let mut cache = HashMap::new();
    let mut number = 0;
    loop {
        let was_over = is_over.load(Ordering::SeqCst);
        let key = format!("k{}", number % 10);
        number += 1;
        if was_over {
            // All that is due has come when this is answered.
            std::thread::sleep(Duration::from_millis(100));
            call(&mut client, "PING");
        } else if !cache.contains_key(&key) {
            let value = call(&mut client, &format!("GET {key}"));
            drop_told(&mut client, &mut cache);
            cache.insert(key, value);
            // What came behind the reply is met by the next call.
        } else {
            call(&mut client, "PING");
        }
        drop_told(&mut client, &mut cache);
        if was_over {
            return cache;
        }
    }
}

fn drop_told(client: &mut Client, cache: &mut HashMap<String, String>) {
    while let Some(push) = client.take_push() {
        let Reply::Push(items) = push else { panic!("{push:?}") };
        let Some(Reply::Array(keys)) = items.get(1) else { panic!("{items:?}") };
        for key in keys {
            cache.remove(&support::print::text(key));
        }
    }
}

#[test]
fn what_is_evicted_is_dropped_by_caches() {
    let flags = ["--appendonly", "no", "--maxmemory-policy", "allkeys-random"];
    let server = Server::headcount(&flags);
    let (mut reader, mut writer) = (resp3(&server), server.connect());
    call(&mut reader, "CLIENT TRACKING ON");
    for number in 0..200 {
        call(&mut writer, &format!("SET key:{number} {}", "x".repeat(10_000)));
        call(&mut reader, &format!("STRLEN key:{number}"));
    }
    call(&mut writer, "CONFIG SET maxmemory 1mb");
    eventually("keys are evicted", || call(&mut writer, "DBSIZE") != "(integer) 200");
    assert!(next(&mut reader).contains("key:"));
}
