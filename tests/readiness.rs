//! When a node answers clients: engines whose messages are handed over one by one.

mod engines;

use engines::{Node, at, deliver, dial, hand_over, hand_over_one, run, settings};
use headcount::replication::message::Message;
use headcount::replication::{Refusal, Settings};
use headcount::store::{KeyRef, Mode};

/// As long as a silent node is waited for.
const TIMEOUT_MS: u64 = 3_000;
/// The house has been kept until then.
const MET_MS: u64 = 1_200;
/// Several answers are needed for so many.
const KEYS: usize = 60_000;

fn is_ready(node: &Node) -> bool {
    node.engine.readiness().is_ready()
}

/// Node 2, which is told of these addresses, and starts with nothing.
fn newcomer(seeds: &[&str], ms: u64) -> Node {
    let seeds = seeds.iter().map(|seed| (*seed).to_owned()).collect();
    Node::with(Settings { seeds, node_timeout_ms: TIMEOUT_MS, ..settings(2, 2) }, ms)
}

fn name(number: usize) -> Vec<u8> {
    format!("key:{number}").into_bytes()
}

/// Node 1, which has so many keys, and has dropped its stream: all has to be pulled.
fn elder(keys: usize) -> Node {
    let mut node = Node::new(1, 1, 1);
    (0..keys).for_each(|number| node.count(&name(number), 0));
    node.tick(5);
    node.tick(MET_MS - 100);
    node
}

fn meet(a: &mut Node, b: &mut Node, ms: u64) {
    dial(a, b, 1, ms).expect("it may come");
    dial(b, a, 2, ms).expect("it may come");
}

#[test]
fn who_knows_nobody_answers_at_once() {
    assert!(is_ready(&newcomer(&[], 0)));
    assert!(!is_ready(&newcomer(&["node-1:7000"], 0)));
}

#[test]
fn who_was_told_only_of_itself_answers_when_it_knows() {
    let mut b = newcomer(&["node-2:7000"], 0);
    b.tick(5);
    assert!(!is_ready(&b));
    b.engine.refused(&b.keyspace, "node-2:7000", Some(Refusal::Myself), at(10));
    b.tick(10);
    assert!(is_ready(&b));
}

#[test]
fn who_reaches_nobody_answers_after_a_while() {
    let begun_ms = 500;
    let mut b = newcomer(&["node-1:7000"], begun_ms);
    for ms in (begun_ms..begun_ms + TIMEOUT_MS).step_by(100) {
        b.tick(ms);
        for dial in b.engine.dials(at(ms)) {
            b.engine.refused(&b.keyspace, &dial.address, None, at(ms));
        }
        assert!(!is_ready(&b), "at {ms} ms");
    }
    b.tick(begun_ms + TIMEOUT_MS);
    assert!(is_ready(&b));
    // It stays so when there is somebody.
    let mut a = elder(KEYS);
    meet(&mut a, &mut b, 4_000);
    run(&mut a, &mut b, [1, 2], 4_000..4_050);
    assert!(is_ready(&b));
}

/// It was busy with itself, and could reach nobody meanwhile.
#[test]
fn who_was_held_up_is_given_its_time_again() {
    let mut b = newcomer(&["node-1:7000"], 0);
    b.tick(5);
    let late_ms = 4 * TIMEOUT_MS;
    b.tick(late_ms);
    assert!(!is_ready(&b));
    for ms in (late_ms..late_ms + TIMEOUT_MS).step_by(100) {
        b.tick(ms);
        assert!(!is_ready(&b), "at {ms} ms");
    }
    b.tick(late_ms + TIMEOUT_MS);
    assert!(is_ready(&b));
}

#[test]
fn a_newcomer_answers_when_it_has_everything() {
    let (mut a, mut b) = (elder(KEYS), newcomer(&["node-1:7000"], MET_MS));
    meet(&mut a, &mut b, MET_MS);
    let mut frames = 0;
    for ms in (MET_MS..MET_MS + TIMEOUT_MS).step_by(5) {
        a.tick(ms);
        b.tick(ms);
        while hand_over_one(&mut a, &mut b, 1, ms) {
            frames += 1;
            if is_ready(&b) {
                let missing = (0..KEYS).find(|number| b.value(&name(*number), ms) != "1");
                assert_eq!(missing, None, "it answers after {frames} frames");
                return;
            }
        }
        hand_over(&mut b, &mut a, 2, ms);
    }
    panic!("it never answers");
}

/// Else it is counted in the life that has ended elsewhere, and is gone with it.
#[test]
fn what_a_newcomer_counts_on_what_has_just_expired_counts() {
    let (mut a, mut b) = (Node::new(1, 1, 1), newcomer(&["node-1:7000"], MET_MS));
    a.count(b"k", 0);
    let key = KeyRef::new(0, b"k");
    let mut keys = a.keyspace.open_one(key, Mode::Exclusive, at(0).wall_ms);
    assert!(keys.set_deadline(key, Some(at(MET_MS - 10).wall_ms)));
    drop(keys);
    a.tick(5);
    a.tick(MET_MS - 100);
    meet(&mut a, &mut b, MET_MS);
    let mut ms = MET_MS;
    while !is_ready(&b) {
        ms += 5;
        assert!(ms < MET_MS + TIMEOUT_MS, "it never answers");
        run(&mut a, &mut b, [1, 2], ms..ms + 1);
    }
    b.count(b"k", ms);
    run(&mut a, &mut b, [1, 2], ms + 5..ms + 100);
    assert_eq!([&a, &b].map(|node| node.value(b"k", ms + 100)), ["1", "1"]);
}

/// A question and its answer take half a second, the whole longer than silence is waited for.
#[test]
fn a_long_round_is_waited_for() {
    let (mut a, mut b) = (elder(KEYS), newcomer(&["node-1:7000"], MET_MS));
    meet(&mut a, &mut b, MET_MS);
    let mut ms = MET_MS;
    while !is_ready(&b) {
        ms += 500;
        assert!(ms < 20_000, "it never answers");
        a.tick(ms);
        b.tick(ms);
        hand_over(&mut a, &mut b, 1, ms);
        hand_over(&mut b, &mut a, 2, ms);
    }
    assert!(ms > MET_MS + TIMEOUT_MS, "{ms}");
    assert_eq!((0..KEYS).find(|number| b.value(&name(*number), ms) != "1"), None);
}

#[test]
fn a_peer_that_is_asked_in_vain_is_not_waited_for() {
    let (mut a, mut b) = (elder(1), newcomer(&["node-1:7000"], MET_MS));
    meet(&mut a, &mut b, MET_MS);
    let answers = (MET_MS..MET_MS + 4 * TIMEOUT_MS).step_by(5).find(|ms| {
        a.tick(*ms);
        b.tick(*ms);
        hand_over(&mut a, &mut b, 1, *ms);
        // What it asks is lost, again and again; the rest arrives.
        while let Some(frame) = b.engine.next_frame(2) {
            if !matches!(Message::read(frame.payload()), Some(Message::Ask(_))) {
                deliver(&frame, &mut a, 2, *ms);
            }
        }
        is_ready(&b)
    });
    let after_ms = answers.expect("it answers") - MET_MS;
    assert!((TIMEOUT_MS..3 * TIMEOUT_MS).contains(&after_ms), "{after_ms}");
}

#[test]
fn nodes_that_start_together_do_not_wait_for_each_other() {
    let seeds = || vec!["node-1:7000".to_owned(), "node-2:7000".to_owned()];
    let mut a = Node::with(Settings { seeds: seeds(), ..settings(1, 1) }, 0);
    let mut b = Node::with(Settings { seeds: seeds(), ..settings(2, 2) }, 0);
    meet(&mut a, &mut b, 0);
    run(&mut a, &mut b, [1, 2], 50..1_000);
    assert!(is_ready(&a) && is_ready(&b));
}

/// What it has meanwhile is what nobody knew of.
#[test]
fn who_was_forgotten_and_comes_back_answers_when_it_has_everything() {
    let (mut a, mut b) = (elder(1), newcomer(&[], MET_MS));
    meet(&mut a, &mut b, MET_MS);
    run(&mut a, &mut b, [1, 2], MET_MS..2_000);
    a.closed(&[1, 2], 2_000);
    b.closed(&[1, 2], 2_000);
    assert!(a.engine.forget(2));
    b.count(b"new", 2_001);
    assert!(is_ready(&b));
    assert!(matches!(dial(&mut b, &mut a, 3, 2_100), Err(Refusal::Forgotten { .. })));
    assert!(!is_ready(&b));
    for ms in (2_100..3_100).step_by(100) {
        b.tick(ms);
        assert!(!is_ready(&b), "at {ms} ms");
    }
    dial(&mut a, &mut b, 4, 3_100).expect("it may come");
    dial(&mut b, &mut a, 5, 3_100).expect("it may come");
    run(&mut a, &mut b, [4, 5], 3_100..3_400);
    assert!(is_ready(&b));
    assert_eq!([&name(0)[..], b"new"].map(|name| b.value(name, 3_400)), ["1", "1"]);
}
