//! A disk that takes nothing more.

use crate::server::Place;
use crate::support::{eventually, print};
use rustix::process::Signal;
use std::time::Duration;

const REFUSED: &str = "(error) MISCONF Errors writing to the AOF file: File too large";

fn status(place: &Place) -> String {
    let info = print::text(&place.connect().call(&["INFO", "persistence"]).expect("INFO"));
    let field = info.lines().find_map(|line| line.strip_prefix("aof_last_write_status:"));
    field.expect("the field").trim().to_owned()
}

#[test]
fn writes_are_refused_while_the_disk_is_full_and_reads_go_on() {
    for policy in ["always", "everysec"] {
        let mut place = Place::new(&["--appendfsync", policy]);
        place.start();
        assert_eq!(place.ask(&["INCR", "k"]), "(integer) 1");
        place.limit_files(Some(0));
        // The write that meets it is executed; under `always` it is not acknowledged.
        let mut first = place.connect();
        first.set_timeout(Some(Duration::from_millis(300))).expect("a timeout");
        let reply = first.call(&["INCR", "k"]);
        assert_eq!(reply.is_err(), policy == "always", "{reply:?}");
        eventually("it is noticed", || status(&place) == "err");
        assert_eq!(place.ask(&["INCR", "k"]), REFUSED);
        assert_eq!(place.ask(&["PING"]), REFUSED);
        assert_eq!(place.ask(&["GET", "k"]), "\"2\"");
        assert_eq!(place.ask(&["SHUTDOWN"]), "(error) ERR Errors trying to SHUTDOWN. Check logs.");
        assert!(place.ask(&["DUMP", "k"]).starts_with("(error) MISCONF"));
        assert!(place.ask(&["SAVE"]).starts_with("(error)"), "nobody waits for what cannot be");
        place.limit_files(None);
        eventually("it recovers", || status(&place) == "ok");
        assert_eq!(place.ask(&["INCR", "k"]), "(integer) 3");
        assert!(place.signal(Signal::TERM).success());
        place.start();
        assert_eq!(place.ask(&["GET", "k"]), "\"3\"", "{policy}");
    }
}

#[test]
fn who_stops_while_the_disk_is_full_is_told_that_something_is_lost() {
    let mut place = Place::new(&["--appendfsync", "everysec"]);
    place.start();
    assert_eq!(place.ask(&["INCR", "k"]), "(integer) 1");
    place.limit_files(Some(0));
    assert_eq!(place.ask(&["INCR", "k"]), "(integer) 2");
    eventually("it is noticed", || status(&place) == "err");
    assert_eq!(place.signal(Signal::TERM).code(), Some(1));
}

/// More waits for the disk than the log takes at once, and something was written since.
#[test]
fn a_stop_writes_also_what_was_counted_behind_more_than_fits() {
    let mut place = Place::new(&[]);
    place.start();
    // As good as random, or it would be compressed.
    let word =
        |at: u64| at.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_mul(at | 1);
    let value: Vec<u8> = (0..11_500_000).flat_map(|at| word(at).to_le_bytes()).collect();
    let words: [&[u8]; 7] = [b"MSET", b"a", &value, b"b", &value, b"c", &value];
    place.connect().call(&words).expect("a reply");
    let waits = || {
        let info = print::text(&place.connect().call(&["INFO", "memory"]).expect("INFO"));
        let bytes = info.lines().find_map(|line| line.strip_prefix("mem_not_counted_for_evict:"));
        bytes.expect("the field").trim().parse::<u64>().expect("a number")
    };
    eventually("it is being written", || waits() >= 128 << 20);
    assert_eq!(place.ask(&["INCR", "k"]), "(integer) 1");
    assert!(place.signal(Signal::TERM).success());
    place.start();
    assert_eq!(place.ask(&["GET", "k"]), "\"1\"");
}
