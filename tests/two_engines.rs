//! Two engines whose messages a test hands over one by one.

mod engines;

use engines::{Node, WINDOW_BYTES, at, dial, hand_over, run, settings};
use headcount::replication::{Fault, FrameReader, Refusal, Settings};

/// How many tombstones wait on two nodes, five minutes after one of them died, was started again and
/// something was deleted. With a `gap` the other had a batch of the dead one, but not those before it.
fn waiting_after_a_crash(gap: bool) -> u64 {
    let mut a = Node::new(1, 1, if gap { 1 } else { WINDOW_BYTES });
    let mut b = Node::new(2, 2, WINDOW_BYTES);
    dial(&mut b, &mut a, 2, 0).expect("b may come");
    for ms in [5, 10, 1_100, 1_105] {
        a.count(format!("k{ms}").as_bytes(), ms);
        a.tick(ms);
    }
    dial(&mut a, &mut b, 1, 1_106).expect("a may come");
    hand_over(&mut a, &mut b, 1, 1_106);
    b.closed(&[1, 2], 1_110);
    let mut a = Node::new(1, 9, WINDOW_BYTES);
    dial(&mut a, &mut b, 3, 1_200).expect("a may come again");
    dial(&mut b, &mut a, 4, 1_200).expect("b may come again");
    run(&mut a, &mut b, [3, 4], 1_200..3_000);
    b.count(b"dead", 3_000);
    run(&mut a, &mut b, [3, 4], 3_000..3_500);
    b.delete(b"dead", 3_500);
    run(&mut a, &mut b, [3, 4], 3_500..303_500);
    a.tombstones(303_500) + b.tombstones(303_500)
}

#[test]
fn what_is_deleted_after_a_crash_is_collected() {
    assert_eq!(waiting_after_a_crash(false), 0);
}

#[test]
fn what_is_deleted_after_a_crash_that_left_a_gap_is_collected() {
    assert_eq!(waiting_after_a_crash(true), 0);
}

/// B pulls a key with a change that A has not drained yet, and forgets A: A, which comes back, must
/// not write that change again.
#[test]
fn what_was_pulled_before_it_was_drained_is_not_written_again() {
    let mut seen = 0;
    for later_ms in 0..40 {
        let (mut a, mut b) = (Node::new(1, 1, 1), Node::new(2, 2, WINDOW_BYTES));
        for ms in [5, 10] {
            a.count(b"y", ms);
            a.tick(ms);
        }
        a.count(b"z", 20);
        a.tick(1_100);
        dial(&mut a, &mut b, 1, 1_101).expect("a may come");
        dial(&mut b, &mut a, 2, 1_101).expect("b may come");
        for ms in 1_105..1_200 {
            a.tick(ms);
            b.tick(ms);
            hand_over(&mut a, &mut b, 1, ms);
            if ms == 1_105 + later_ms {
                a.count(b"y", ms);
            }
            hand_over(&mut b, &mut a, 2, ms);
            hand_over(&mut a, &mut b, 1, ms);
            if !b.value(b"y", ms).is_empty() {
                break;
            }
        }
        if b.value(b"y", 1_200) != "3" || a.value(b"y", 1_200) != "3" {
            continue;
        }
        seen += 1;
        a.closed(&[1, 2], 1_401);
        b.closed(&[1, 2], 1_401);
        assert!(b.engine.forget(1));
        assert!(matches!(dial(&mut a, &mut b, 3, 1_500), Err(Refusal::Forgotten(_))));
        if let Some(state) = a.keyspace.state(0, b"y") {
            b.keyspace.merge_part(0, b"y", &state, at(1_600).wall_ms);
        }
        assert_eq!(b.value(b"y", 1_700), "3", "counted {later_ms} ms later");
    }
    assert!(seen > 0, "no schedule had the change pulled in time");
}

/// Its keys are flushed before, and that must not be told to whom it meets again.
#[test]
fn who_resets_after_a_flush_takes_nothing_away() {
    let (mut a, mut b) = (Node::new(1, 1, WINDOW_BYTES), Node::new(2, 2, WINDOW_BYTES));
    dial(&mut a, &mut b, 1, 0).expect("a may come");
    dial(&mut b, &mut a, 2, 0).expect("b may come");
    a.count(b"k", 1);
    run(&mut a, &mut b, [1, 2], 50..1_000);
    a.closed(&[1, 2], 1_000);
    b.closed(&[1, 2], 1_000);
    // Not drained when the order comes.
    b.delete(b"k", 1_001);
    b.engine.reset(&b.keyspace, false, at(1_001));
    b.count(b"later", 1_002);
    b.tick(1_400);
    dial(&mut b, &mut a, 4, 1_500).expect("it is another memory");
    dial(&mut a, &mut b, 3, 1_500).expect("a may come");
    run(&mut a, &mut b, [3, 4], 1_500..4_000);
    for node in [&a, &b] {
        assert_eq!([b"k".as_slice(), b"later"].map(|name| node.value(name, 4_000)), ["1", "1"]);
    }
}

/// What it has said and what has not arrived yet is of a memory that is gone.
#[test]
fn the_last_words_of_a_memory_do_not_count_for_the_next() {
    let (mut a, mut b) = (Node::new(1, 1, WINDOW_BYTES), Node::new(2, 2, WINDOW_BYTES));
    dial(&mut a, &mut b, 1, 0).expect("a may come");
    dial(&mut b, &mut a, 2, 0).expect("b may come");
    run(&mut a, &mut b, [1, 2], 50..1_000);
    a.engine.leave(&a.keyspace, at(1_000));
    let farewell: Vec<_> = std::iter::from_fn(|| a.engine.next_frame(1)).collect();
    // Another node tells of its next memory before that arrives.
    let mut c = Node::new(3, 3, WINDOW_BYTES);
    let mut next = Node::new(1, 7, WINDOW_BYTES);
    dial(&mut next, &mut c, 5, 1_001).expect("it may come");
    dial(&mut c, &mut b, 6, 1_002).expect("c may come");
    dial(&mut b, &mut c, 7, 1_002).expect("b may come");
    hand_over(&mut c, &mut b, 6, 1_003);
    for frame in &farewell {
        let mut reader = FrameReader::new(1 << 30);
        reader.push(&frame.encode(0));
        let frame = reader.next_frame().expect("a good frame").expect("a whole one");
        let received = b.engine.receive(&b.keyspace, 1, frame.kind, &frame.payload, at(1_004));
        assert_eq!(received, Err(Fault::Superseded));
    }
    assert!(b.engine.take_closings().iter().any(|(link, _)| *link == 1));
    dial(&mut next, &mut b, 8, 1_005).expect("it is a member");
}

/// What is to be written down is durable.
fn keep(node: &mut Node, ms: u64) {
    while let Some(group) = node.engine.take_group(&node.keyspace, at(ms)) {
        node.engine.kept(group.number);
    }
}

/// Else a node that crashes would not ask that peer how much it has of what was lost, and would count again in an
/// epoch of which the peer has more.
#[test]
fn a_peer_is_told_nothing_before_it_is_durable_that_it_is_a_member() {
    let mut a = Node::with(Settings { survives: true, ..settings(1, 1) }, 0);
    let mut b = Node::new(2, 2, WINDOW_BYTES);
    a.engine.keep_journal();
    a.count(b"k", 1);
    a.tick(5);
    assert!(dial(&mut a, &mut b, 1, 6).is_err(), "nobody may hear of it yet");
    keep(&mut a, 7);
    dial(&mut a, &mut b, 2, 8).expect("a may come");
    assert!(a.engine.wants_sync());
    assert_eq!(hand_over(&mut a, &mut b, 2, 9), 0);
    keep(&mut a, 10);
    assert!(!a.engine.wants_sync());
    assert!(hand_over(&mut a, &mut b, 2, 11) > 0);
    assert_eq!(b.value(b"k", 12), "1");
}
