//! Two engines whose messages a test hands over one by one.

mod engines;

use engines::{Node, WINDOW_BYTES, at, dial, hand_over, run};
use headcount::replication::Refusal;

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
