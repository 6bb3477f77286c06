//! Three nodes that are killed in turn while they count.

use crate::server::Place;
use crate::support::{eventually, free_port};
use headcount::client::{Client, Reply};
use rustix::process::Signal;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const ROUNDS: usize = 6;

pub fn nodes(appendfsync: &str) -> Vec<Place> {
    let ports: Vec<String> = (0..3).map(|_| free_port().to_string()).collect();
    let node = |at: usize| {
        let peer = format!("127.0.0.1:{}", ports[(at + 1) % 3]);
        let id = format!("{}", at + 1);
        Place::new(&[
            "--appendfsync",
            appendfsync,
            "--cluster-port",
            &ports[at],
            "--cluster-peer",
            &peer,
            "--cluster-node-id",
            &id,
            "--enable-debug-command",
            "yes",
            "--cluster-node-timeout",
            "1000",
        ])
    };
    (0..3).map(node).collect()
}

fn count(client: &mut Client) -> bool {
    matches!(client.call(&["INCR", "k"]), Ok(Reply::Integer(_)))
}

#[test]
fn counts_are_exact_after_rolling_kills() {
    let mut nodes = nodes("always");
    nodes.iter_mut().for_each(Place::spawn);
    let addresses: Vec<_> = nodes.iter().map(Place::address).collect();
    nodes.iter().for_each(|node| eventually("it answers", || is_up(node)));
    let (acknowledged, asked) = (AtomicU64::new(0), AtomicU64::new(0));
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for address in addresses {
            let (acknowledged, asked, is_over) = (&acknowledged, &asked, &is_over);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let Ok(mut client) = Client::connect(address) else {
                        std::thread::sleep(Duration::from_millis(10));
                        continue;
                    };
                    let _ = client.set_timeout(Some(Duration::from_secs(10)));
                    while !is_over.load(Ordering::Relaxed) {
                        asked.fetch_add(1, Ordering::Relaxed);
                        if !count(&mut client) {
                            break;
                        }
                        acknowledged.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        for round in 0..ROUNDS {
            std::thread::sleep(Duration::from_millis(150));
            let node = &mut nodes[round % 3];
            node.signal(Signal::KILL);
            std::thread::sleep(Duration::from_millis(50));
            node.start();
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let (acknowledged, asked) = (acknowledged.into_inner(), asked.into_inner());
    assert!(acknowledged > 100, "{acknowledged} of {asked} were acknowledged only");
    eventually("all show the same", || {
        let digests: Vec<String> =
            nodes.iter().map(|node| node.ask(&["DEBUG", "DIGEST"])).collect();
        digests.iter().all(|digest| *digest == digests[0])
    });
    let shown: Vec<u64> =
        nodes.iter().map(|node| number(&node.ask(&["INCRBY", "k", "0"]))).collect();
    assert!(shown.iter().all(|count| *count == shown[0]), "{shown:?}");
    assert!(
        shown[0] >= acknowledged && shown[0] <= asked,
        "{acknowledged} <= {shown:?} <= {asked}"
    );
}

pub fn is_up(node: &Place) -> bool {
    let ping = Client::connect(node.address()).and_then(|mut client| client.call(&["PING"]));
    matches!(ping, Ok(Reply::Simple(_)))
}

pub fn number(shown: &str) -> u64 {
    shown.replace("(integer) ", "").parse().expect("a number")
}

/// WAIT asks for memory, WAITAOF for the disk: with `no` that is not soon.
#[test]
fn what_peers_have_in_memory_and_what_on_disk_are_told_apart() {
    let mut nodes = nodes("no");
    nodes.iter_mut().for_each(Place::spawn);
    nodes.iter().for_each(|node| eventually("it answers", || is_up(node)));
    let mut client = nodes[0].connect();
    eventually("all have met", || {
        client.call(&["INCR", "k"]).expect("INCR");
        client.call(&["WAIT", "2", "100"]).expect("WAIT") == Reply::Integer(2)
    });
    client.call(&["INCR", "k"]).expect("INCR");
    let kept = |client: &mut Client, words: &[&str]| client.call(words).expect("WAITAOF");
    let nobody = Reply::Array(vec![Reply::Integer(0), Reply::Integer(0)]);
    assert_eq!(kept(&mut client, &["WAITAOF", "1", "2", "100"]), nobody);
    for node in &nodes {
        node.ask(&["CONFIG", "SET", "appendfsync", "everysec"]);
    }
    let all = Reply::Array(vec![Reply::Integer(1), Reply::Integer(2)]);
    assert_eq!(kept(&mut client, &["WAITAOF", "1", "2", "0"]), all);
    assert_eq!(kept(&mut client, &["WAITAOF", "0", "1", "0"]), all);
}
