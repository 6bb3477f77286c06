//! Snapshots that are taken while the node counts.

use crate::server::Place;
use crate::support::{eventually, print};
use rustix::process::Signal;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

fn files(place: &Place, extension: &str) -> usize {
    let names = fs::read_dir(place.path()).expect("a directory");
    let paths = names.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.extension().is_some_and(|is| is == extension)).count()
}

/// A field of INFO persistence.
fn number(place: &Place, field: &str) -> u64 {
    let info = print::text(&place.connect().call(&["INFO", "persistence"]).expect("INFO"));
    let value = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    value.expect("the field").trim().parse().expect("a number")
}

fn counted(place: &Place, key: &str) -> u64 {
    place.ask(&["INCRBY", key, "0"]).replace("(integer) ", "").parse().expect("a number")
}

#[test]
fn a_snapshot_takes_the_place_of_the_log() {
    let mut place = Place::new(&["--appendfsync", "always"]);
    for round in 1..=3 {
        place.start();
        place.ask(&["INCR", "k"]);
        place.ask(&["SADD", "s", &round.to_string()]);
        place.ask(&["SET", "text", "kept", "EX", "1000"]);
        place.ask(&["SET", "gone", "x", "PX", "1"]);
        let before = place.ask(&["LASTSAVE"]);
        assert_eq!(place.ask(&["SAVE"]), "OK");
        assert!(place.ask(&["LASTSAVE"]) >= before);
        assert_eq!((files(&place, "hcs"), files(&place, "hcl")), (1, 1), "round {round}");
        place.ask(&["SREM", "s", "9"]);
        place.ask(&["INCR", "tail"]);
        place.signal(Signal::KILL);
    }
    place.start();
    let all = [["GET", "k"], ["SCARD", "s"], ["GET", "text"], ["GET", "gone"], ["GET", "tail"]];
    let all = all.map(|command| place.ask(&command));
    assert_eq!(all, ["\"3\"", "(integer) 3", "\"kept\"", "(nil)", "\"3\""]);
    assert_ne!(place.ask(&["TTL", "text"]), "(integer) -1");
}

#[test]
fn snapshots_under_load_lose_nothing_and_count_nothing_twice() {
    let mut place = Place::new(&["--appendfsync", "always"]);
    let (acknowledged, asked) = (AtomicU64::new(0), AtomicU64::new(0));
    for _ in 0..4 {
        place.start();
        let is_over = AtomicBool::new(false);
        let address = place.address();
        std::thread::scope(|scope| {
            for _ in 0..3 {
                let (acknowledged, asked, is_over) = (&acknowledged, &asked, &is_over);
                scope.spawn(move || {
                    let Ok(mut client) = headcount::client::Client::connect(address) else {
                        return;
                    };
                    while !is_over.load(Ordering::Relaxed) {
                        asked.fetch_add(1, Ordering::Relaxed);
                        if client.call(&["INCR", "k"]).is_err() {
                            return;
                        }
                        acknowledged.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            for _ in 0..5 {
                assert_eq!(place.ask(&["SAVE"]), "OK");
                eventually("it counts on", || counted(&place, "k") > 0);
            }
            place.connect().call(&["BGSAVE"]).expect("a reply");
            place.signal(Signal::KILL);
            is_over.store(true, Ordering::Relaxed);
        });
    }
    place.start();
    let (acknowledged, asked) = (acknowledged.into_inner(), asked.into_inner());
    let there = counted(&place, "k");
    assert!(there >= acknowledged && there <= asked, "{acknowledged} <= {there} <= {asked}");
}

#[test]
fn memory_only_has_nothing_to_save() {
    let server = crate::support::Server::headcount(&[]);
    let reply = server.connect().call(&["BGSAVE"]);
    let refused = "(error) ERR this node keeps its data in memory only: see appendonly";
    assert_eq!(crate::support::show(&reply), refused);
}

#[test]
fn a_snapshot_is_taken_when_a_save_point_is_reached() {
    let mut place = Place::new(&["--save", "3600", "1000000", "--save", "1", "3"]);
    place.start();
    assert_eq!(number(&place, "rdb_saves"), 0);
    place.ask(&["GET", "k"]);
    (0..2).for_each(|_| drop(place.ask(&["INCR", "k"])));
    place.ask(&["INCR", "k", "too many"]);
    assert_eq!(number(&place, "rdb_changes_since_last_save"), 2);
    place.ask(&["INCR", "k"]);
    eventually("it is taken", || number(&place, "rdb_saves") == 1);
    assert_eq!(number(&place, "rdb_changes_since_last_save"), 0);
    place.signal(Signal::KILL);
    place.start();
    assert_eq!(place.ask(&["GET", "k"]), "\"3\"");
}

/// As Redis: with save points a snapshot that cannot be written stops the writes, unless it must not.
#[test]
fn a_snapshot_that_fails_stops_writes_where_it_was_asked_for() {
    let mut place = Place::new(&["--save", "3600", "1000000"]);
    place.start();
    let digits: String =
        (0..4_000).map(|number: u32| number.wrapping_mul(2_654_435_761).to_string()).collect();
    place.ask(&["SET", "k", &digits]);
    assert_eq!(place.ask(&["SAVE"]), "OK");
    (0..50).for_each(|key| drop(place.ask(&["INCR", &format!("key:{key}")])));
    eventually("they are in the log", || number(&place, "aof_current_size") > 500);
    let log_bytes = number(&place, "aof_current_size");
    // Enough for the log, and not for a snapshot.
    place.limit_files(Some(12_000));
    assert!(place.ask(&["SAVE"]).starts_with("(error)"));
    assert!(number(&place, "aof_current_size") >= log_bytes, "it is as long as before");
    let refused = place.ask(&["INCR", "n"]);
    assert!(
        refused.starts_with("(error) MISCONF Redis is configured to save RDB snapshots"),
        "{refused}"
    );
    assert_eq!(place.ask(&["EXISTS", "k"]), "(integer) 1");
    place.limit_files(None);
    place.ask(&["CONFIG", "SET", "stop-writes-on-bgsave-error", "no"]);
    eventually("it may be written again", || place.ask(&["INCR", "n"]).starts_with("(integer)"));
    place.ask(&["CONFIG", "SET", "stop-writes-on-bgsave-error", "yes"]);
    assert_eq!(place.ask(&["SAVE"]), "OK");
    assert!(place.ask(&["INCR", "n"]).starts_with("(integer)"));
}
