//! SIGKILL in the middle of everything.

use crate::server::Place;
use headcount::client::{Client, Reply};
use rustix::process::Signal;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const KEYS: usize = 5;
const CONNECTIONS: usize = 4;
const KILLS: usize = 10;

/// `HEADCOUNT_DURABILITY_KILLS` asks for more.
fn kills() -> usize {
    std::env::var("HEADCOUNT_DURABILITY_KILLS")
        .map_or(KILLS, |text| text.parse().expect("a number"))
}

fn name(key: usize) -> String {
    format!("k{key}")
}

/// Per key, what was acknowledged and what was asked for.
#[derive(Default)]
struct Counts {
    acknowledged: [u64; KEYS],
    asked: [u64; KEYS],
    /// The highest count that was ever shown.
    shown: [u64; KEYS],
}

/// Counts in pipelines until the connection breaks.
fn count_until_it_ends(address: SocketAddr, seed: usize, counts: &Mutex<Counts>) {
    let Ok(mut client) = Client::connect(address) else { return };
    let _ = client.set_timeout(Some(Duration::from_secs(10)));
    for turn in seed.. {
        let keys: Vec<usize> = (0..1 + turn % 4).map(|at| (turn * 7 + at) % KEYS).collect();
        keys.iter().for_each(|key| counts.lock().expect("counts").asked[*key] += 1);
        let commands: Vec<[String; 2]> =
            keys.iter().map(|key| ["INCR".to_owned(), name(*key)]).collect();
        let commands: Vec<&[String]> = commands.iter().map(|command| &command[..]).collect();
        if client.send(&commands).is_err() {
            return;
        }
        for key in &keys {
            let Ok(Reply::Integer(count)) = client.receive() else { return };
            let mut counts = counts.lock().expect("counts");
            counts.acknowledged[*key] += 1;
            counts.shown[*key] = counts.shown[*key].max(count as u64);
        }
    }
}

fn kill_again_and_again(place: &mut Place, kills: usize, check: impl Fn(&Counts, [u64; KEYS])) {
    let counts = Mutex::new(Counts::default());
    for kill in 0..kills {
        place.start();
        let address = place.address();
        std::thread::scope(|scope| {
            for seed in 0..CONNECTIONS {
                let counts = &counts;
                scope.spawn(move || count_until_it_ends(address, seed + kill, counts));
            }
            if kill % 3 == 0 {
                // Some are killed while they take a snapshot, or drop what it covers.
                place.ask(&["BGSAVE"]);
            }
            std::thread::sleep(Duration::from_millis(30 + 37 * kill as u64 % 100));
            place.signal(Signal::KILL);
        });
        place.start();
        let there = std::array::from_fn(|key| {
            place
                .ask(&["INCRBY", &name(key), "0"])
                .replace("(integer) ", "")
                .parse()
                .expect("a number")
        });
        check(&counts.lock().expect("counts"), there);
        place.signal(Signal::KILL);
    }
    let acknowledged: u64 = counts.lock().expect("counts").acknowledged.iter().sum();
    assert!(acknowledged > 100, "{acknowledged} increments were acknowledged only");
}

#[test]
fn nothing_acknowledged_under_always_is_lost_nor_counted_twice() {
    let mut place = Place::new(&["--appendfsync", "always"]);
    kill_again_and_again(&mut place, kills(), |counts, there| {
        for (key, there) in there.into_iter().enumerate() {
            assert!(there >= counts.acknowledged[key], "{there} < {:?}", counts.acknowledged);
            assert!(there >= counts.shown[key], "{there} was {} once", counts.shown[key]);
            assert!(there <= counts.asked[key], "{there} > {:?}", counts.asked);
        }
    });
}

#[test]
fn everysec_loses_no_more_than_what_is_young() {
    let mut place = Place::new(&["--appendfsync", "everysec"]);
    place.start();
    let (mut client, begun) = (place.connect(), Instant::now());
    let mut acknowledged = Vec::new();
    while begun.elapsed() < Duration::from_millis(3_500) {
        client.call(&["INCR", "k"]).expect("a reply");
        acknowledged.push(begun.elapsed());
    }
    let killed = begun.elapsed();
    place.signal(Signal::KILL);
    place.start();
    let there: usize =
        place.ask(&["INCRBY", "k", "0"]).replace("(integer) ", "").parse().expect("a number");
    assert!(there <= acknowledged.len());
    // A second until the drain; and a loaded machine takes its time to write.
    let old = acknowledged.iter().filter(|at| **at + Duration::from_secs(2) < killed).count();
    assert!(there >= old, "{there} of {old} increments that were older than 2 s");
}

#[test]
fn an_orderly_end_loses_nothing() {
    let mut place = Place::new(&[]);
    place.start();
    for (round, signal) in [Signal::TERM, Signal::INT].into_iter().enumerate() {
        place.ask(&["INCR", "k"]);
        place.ask(&["SADD", "s", &round.to_string()]);
        assert!(place.signal(signal).success());
        place.start();
    }
    place.ask(&["SET", "text", "kept", "EX", "1000"]);
    let _ = place.connect().call(&["SHUTDOWN"]);
    assert!(place.end().success());
    place.start();
    let all = [["GET", "k"], ["SCARD", "s"], ["GET", "text"]].map(|command| place.ask(&command));
    assert_eq!(all, ["\"2\"", "(integer) 2", "\"kept\""]);
    assert_ne!(place.ask(&["TTL", "text"]), "(integer) -1");
}
