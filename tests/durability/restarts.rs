//! Nodes that start again write in the epochs that they had; a disk that has gone back is noticed.

use crate::nodes::{is_up, nodes, number};
use crate::server::Place;
use crate::support::eventually;
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

const RESTARTS: u64 = 20;

fn count(node: &Place, by: u64) {
    node.ask(&["INCRBY", "k", &by.to_string()]);
}

fn shown(node: &Place) -> u64 {
    number(&node.ask(&["INCRBY", "k", "0"]))
}

/// Waits until all show just this.
fn all_show(nodes: &[Place], expected: u64) {
    eventually(&format!("all show {expected}"), || {
        nodes.iter().all(|node| is_up(node) && shown(node) == expected)
    });
}

fn epoch(node: &Place) -> String {
    let info = node.ask(&["INFO", "replication"]);
    let (_, epoch) = info.split_once("node_epoch:").expect("an epoch");
    epoch.chars().take(8).collect()
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(to).expect("a directory") {
        fs::remove_file(entry.expect("a file").path()).expect("removed");
    }
    for entry in fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("a file");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

/// Slots, and what takes them up, do not pile up (trap 2).
#[test]
fn a_node_that_is_killed_again_and_again_writes_in_few_epochs() {
    let mut nodes = nodes("always");
    nodes.iter_mut().for_each(Place::spawn);
    all_show(&nodes, 0);
    let (mut counted, mut epochs) = (0, BTreeSet::new());
    for _ in 0..RESTARTS {
        nodes.iter().for_each(|node| count(node, 1));
        counted += 3;
        // It has to hear from all, and to write down that it has: both is done once a second.
        std::thread::sleep(Duration::from_millis(1_500));
        epochs.insert(epoch(&nodes[0]));
        nodes[0].signal(Signal::KILL);
        nodes[0].start();
        all_show(&nodes, counted);
    }
    println!("{} epochs", epochs.len());
    assert!(epochs.len() <= 8, "{} starts, {} epochs", RESTARTS, epochs.len());
}

/// A copy of the directory is put in its place: what was counted since then came to the others, and is
/// neither lost nor swallowed by what is counted now.
#[test]
fn a_disk_that_went_back_swallows_nothing() {
    let mut nodes = nodes("always");
    nodes.iter_mut().for_each(Place::spawn);
    all_show(&nodes, 0);
    let mut counted = 0;
    let aside = tempfile::TempDir::new().expect("a directory");
    for start in 0..4 {
        count(&nodes[0], 1);
        counted += 1;
        all_show(&nodes, counted);
        std::thread::sleep(Duration::from_millis(1_500));
        nodes[0].signal(Signal::TERM);
        if start == 1 {
            copy(nodes[0].path(), aside.path());
        }
        nodes[0].start();
    }
    count(&nodes[0], 1_000);
    all_show(&nodes, counted + 1_000);
    nodes[0].signal(Signal::TERM);
    copy(aside.path(), nodes[0].path());
    nodes[0].spawn();
    eventually("it answers", || is_up(&nodes[0]));
    (0..10).for_each(|_| count(&nodes[0], 1));
    nodes.iter().for_each(|node| count(node, 100));
    all_show(&nodes, counted + 1_310);
}

/// A node alone counts on as who it was, so that its keys take no more than before.
#[test]
fn keys_of_a_node_alone_take_no_more_after_a_restart() {
    let mut node = Place::new(&["--appendfsync", "always"]);
    node.start();
    let memory = |node: &Place| node.ask(&["MEMORY", "USAGE", "k"]);
    count(&node, 1);
    let before = memory(&node);
    for start in 2..6 {
        node.signal(if start % 2 == 0 { Signal::KILL } else { Signal::TERM });
        node.start();
        count(&node, 1);
        assert_eq!((shown(&node), memory(&node)), (start, before.clone()));
        // From now on what is read is a snapshot.
        node.ask(&["SAVE"]);
    }
}
