//! Starts that must not succeed, and those that must.

use crate::server::Place;
use crate::support::program;
use rustix::process::Signal;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

fn segments(place: &Place) -> Vec<PathBuf> {
    let names = fs::read_dir(place.path()).expect("a directory");
    let mut names: Vec<PathBuf> = names.map(|entry| entry.expect("an entry").path()).collect();
    names.retain(|path| path.extension().is_some_and(|extension| extension == "hcl"));
    names.sort();
    names
}

#[test]
fn a_torn_tail_is_cut_off() {
    let mut place = Place::new(&["--appendfsync", "always"]);
    place.start();
    (0..5).for_each(|_| drop(place.ask(&["INCR", "k"])));
    place.signal(Signal::KILL);
    let last = segments(&place).pop().expect("a segment");
    let mut bytes = fs::read(&last).expect("its bytes");
    bytes.extend([7; 100]);
    fs::write(&last, bytes).expect("a longer file");
    place.start();
    assert_eq!(place.ask(&["GET", "k"]), "\"5\"");
}

#[test]
fn damage_stops_the_start_and_says_where() {
    let mut place = Place::new(&["--appendfsync", "always"]);
    place.start();
    (0..20).for_each(|_| drop(place.ask(&["INCR", "k"])));
    assert!(place.signal(Signal::TERM).success());
    let first = segments(&place).remove(0);
    let mut bytes = fs::read(&first).expect("its bytes");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&first, bytes).expect("a damaged file");
    place.spawn();
    let (status, words) = place.last_words();
    assert!(!status.success());
    let name = first.file_name().expect("a name").to_string_lossy();
    assert!(words.contains(&format!("{name}, byte ")), "{words}");
    assert!(words.contains("headcount repair"), "{words}");
    let run = |arguments: &[&std::path::Path]| {
        let output = Command::new(program()).args(arguments).output().expect("an output");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (sound, report) = run(&["check".as_ref(), place.path()]);
    assert!(!sound && report.contains("byte "), "{report}");
    let copy = tempfile::TempDir::new().expect("a directory");
    let (repaired, report) = run(&["repair".as_ref(), place.path(), copy.path()]);
    assert!(repaired && report.contains("A node starts with"), "{report}");
    assert!(run(&["check".as_ref(), copy.path()]).0);
    let mut again = Place::new(&["--dir", copy.path().to_str().expect("a path")]);
    again.start();
    // Each record has the whole count.
    assert_eq!(again.ask(&["GET", "k"]), "\"20\"");
}

#[test]
fn nothing_is_evicted_from_a_log() {
    let mut place = Place::new(&["--maxmemory", "1", "--maxmemory-policy", "allkeys-lru"]);
    place.start();
    let reply = place.ask(&["SET", "k", "1"]);
    assert!(reply.starts_with("(error) OOM"), "{reply}");
}

#[test]
fn two_processes_do_not_share_a_directory() {
    let mut place = Place::new(&[]);
    place.start();
    let mut second = Place::new(&["--dir", place.path().to_str().expect("a path")]);
    second.spawn();
    let (status, words) = second.last_words();
    assert!(!status.success());
    assert!(words.contains("Another server keeps its data in"), "{words}");
}

#[test]
fn what_has_expired_does_not_come_back() {
    let mut place = Place::new(&["--appendfsync", "always"]);
    place.start();
    place.ask(&["SET", "gone", "1", "PX", "50"]);
    place.ask(&["INCR", "again"]);
    place.ask(&["PEXPIRE", "again", "50"]);
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert_eq!(place.ask(&["INCR", "again"]), "(integer) 1");
    place.signal(Signal::KILL);
    place.start();
    assert_eq!(place.ask(&["GET", "gone"]), "(nil)");
    assert_eq!(place.ask(&["INCR", "again"]), "(integer) 2");
    assert_eq!(place.ask(&["DBSIZE"]), "(integer) 1");
}

#[test]
fn the_log_does_not_move_while_it_is_written() {
    let mut place = Place::new(&["--enable-protected-configs", "yes"]);
    place.start();
    fs::create_dir(place.path().join("other")).expect("a folder");
    let refused = "(error) ERR CONFIG SET failed (possibly related to argument 'dir') - the log is in it, \
                   and stays there while the server runs";
    assert_eq!(place.ask(&["CONFIG", "SET", "dir", "other"]), refused);
}
