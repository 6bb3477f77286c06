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
        assert!(place.ask(&["SAVE"]).starts_with("(error)"), "nobody waits for what cannot be");
        place.limit_files(None);
        eventually("it recovers", || status(&place) == "ok");
        assert_eq!(place.ask(&["INCR", "k"]), "(integer) 3");
        assert!(place.signal(Signal::TERM).success());
        place.start();
        assert_eq!(place.ask(&["GET", "k"]), "\"3\"", "{policy}");
    }
}
