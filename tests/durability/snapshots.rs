//! Snapshots that are taken while the node counts.

use crate::server::Place;
use crate::support::eventually;
use rustix::process::Signal;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

fn files(place: &Place, extension: &str) -> usize {
    let names = fs::read_dir(place.path()).expect("a directory");
    let paths = names.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.extension().is_some_and(|is| is == extension)).count()
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
