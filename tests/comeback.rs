//! What clients write while a node comes back or is RESET, and what WAIT is told then: engines whose
//! messages are handed over one by one, and clients on threads of their own.

use headcount::base::Replica;
use headcount::crdt::Tombstones;
use headcount::replication::{
    Engine, Forgotten, FrameReader, LinkId, Now, Refusal, Settings, Told,
};
use headcount::store::{KeyRef, Keyspace, Mode};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

const DATABASES: u16 = 16;
const WINDOW_BYTES: usize = 64 << 20;

fn at(ms: u64) -> Now {
    Now { wall_ms: 1_000_000 + ms, mono_ms: ms }
}

fn node(node: u32) -> (Engine, Keyspace) {
    let settings = Settings {
        node,
        epoch: 1,
        incarnation: 1,
        address: format!("n{node}:1"),
        seeds: Vec::new(),
        tick_ms: 5,
        window_bytes: WINDOW_BYTES,
        notes_max: 1 << 20,
        sync_interval_ms: 5_000,
        forget_after_ms: 1 << 40,
        max_stamp_ahead_ms: 60_000,
        grace_ms: 60_000,
        clock_warning_ms: 500,
        node_timeout_ms: 3_000,
        survives: false,
        databases: 1,
    };
    let me = Replica { node, epoch: 1 };
    let keyspace = Keyspace::new(DATABASES, me, Tombstones::KEEP, at(0).wall_ms);
    (Engine::new(settings, u64::from(node), at(0)), keyspace)
}

fn count(keyspace: &Keyspace, db: u16, name: &[u8], ms: u64) {
    let key = KeyRef::new(db, name);
    let counted = keyspace.open_one(key, Mode::Exclusive, at(ms).wall_ms).add(key, 1);
    counted.expect("it is a counter");
}

fn value(keyspace: &Keyspace, db: u16, name: &[u8], ms: u64) -> u64 {
    let key = KeyRef::new(db, name);
    let scope = keyspace.open_one(key, Mode::Exclusive, at(ms).wall_ms);
    let text = scope.text(key).expect("it is a counter");
    text.map_or(0, |text| String::from_utf8_lossy(&text).parse().expect("a number"))
}

fn dial(from: &mut Engine, to: &mut Engine, link: LinkId, ms: u64) {
    let resume = to.accept(link, from.greeting(), at(ms)).expect("it may come");
    let (address, greeting) = (to.settings().address.clone(), to.greeting());
    from.opened(link, &address, greeting, resume, at(ms)).expect("it is wanted");
}

fn hand_over(from: &mut Engine, to: &mut Engine, keyspace: &Keyspace, link: LinkId, ms: u64) {
    while let Some(frame) = from.next_frame(link) {
        let mut reader = FrameReader::new(1 << 30);
        reader.push(&frame.encode(0));
        let frame = reader.next_frame().expect("a good frame").expect("a whole one");
        let received = to.receive(keyspace, link, frame.kind, &frame.payload, at(ms));
        received.expect("it is understood");
    }
}

/// A peer tells the node that it was forgotten, and that its stream is held up to `upto`.
fn come_back(engine: &mut Engine, keyspace: &Keyspace, upto: u64, ms: u64) {
    let incarnation = engine.settings().incarnation;
    let streams = vec![Told { epoch: engine.settings().epoch, held: upto, upto }];
    let told = Forgotten { incarnation, settled: true, streams, ..Forgotten::default() };
    engine.refused(keyspace, "n2:1", Some(Refusal::Forgotten(Box::new(told))), at(ms));
}

/// Runs `work` while a client counts on one key after the other, as `next` names them.
fn while_counting(
    keyspace: &Keyspace,
    next: impl Fn(u64) -> (u16, Vec<u8>) + Sync,
    work: impl FnOnce(&AtomicU64),
) -> u64 {
    let (stop, counted) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                let (db, name) = next(counted.load(Ordering::SeqCst));
                count(keyspace, db, &name, 1);
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        work(&counted);
        stop.store(true, Ordering::SeqCst);
    });
    counted.into_inner()
}

/// Waits until clients have counted once more.
fn wait_for_one(counted: &AtomicU64) {
    let before = counted.load(Ordering::SeqCst);
    while counted.load(Ordering::SeqCst) == before {
        thread::sleep(Duration::from_micros(100));
    }
}

#[test]
fn nothing_counted_while_a_node_comes_back_is_lost() {
    let (mut engine, keyspace) = node(1);
    // So many keys that it takes a while.
    (0..20_000u32).for_each(|at| count(&keyspace, 0, format!("k{at}").as_bytes(), 0));
    let counted = while_counting(
        &keyspace,
        |_| (0, b"a".to_vec()),
        |counted| {
            for ms in [5, 10, 15] {
                engine.tick(&keyspace, at(ms));
                wait_for_one(counted);
            }
            come_back(&mut engine, &keyspace, 0, 200);
        },
    );
    assert_eq!(value(&keyspace, 0, b"a", 300), counted);
}

/// Each is counted in a database of its own, which comes into use by it.
#[test]
fn nothing_counted_in_new_databases_meanwhile_is_lost() {
    for _ in 0..20 {
        let (mut engine, keyspace) = node(1);
        let counted = while_counting(
            &keyspace,
            |at| ((at % u64::from(DATABASES)) as u16, b"a".to_vec()),
            |counted| {
                wait_for_one(counted);
                come_back(&mut engine, &keyspace, 0, 200);
            },
        );
        let held: u64 = (0..DATABASES).map(|db| value(&keyspace, db, b"a", 300)).sum();
        assert_eq!(held, counted);
        for db in 0..DATABASES {
            let own = keyspace.state(db, b"a").map(|state| state.own(engine.me()).added);
            assert_eq!(u128::from(value(&keyspace, db, b"a", 300)), own.unwrap_or(0));
        }
    }
}

#[test]
fn nothing_counted_after_reset_was_answered_is_lost() {
    let (mut engine, keyspace) = node(1);
    engine.reset(&keyspace, false, at(5));
    let counted = while_counting(
        &keyspace,
        |_| (0, b"a".to_vec()),
        |counted| {
            // The house is kept in between, too.
            for ms in [10, 100, 1_200] {
                wait_for_one(counted);
                engine.tick(&keyspace, at(ms));
            }
        },
    );
    assert_eq!(engine.settings().incarnation, at(1_200).wall_ms);
    assert_eq!(value(&keyspace, 0, b"a", 1_300), counted);
}

/// As [`nothing_counted_after_reset_was_answered_is_lost`], of what the order itself drains.
#[test]
fn what_is_counted_when_reset_is_answered_stays() {
    let (mut engine, keyspace) = node(1);
    count(&keyspace, 0, b"early", 1);
    engine.tick(&keyspace, at(5));
    count(&keyspace, 0, b"a", 6);
    engine.reset(&keyspace, false, at(7));
    engine.tick(&keyspace, at(400));
    assert_eq!([&b"early"[..], b"a"].map(|name| value(&keyspace, 0, name, 500)), [0, 1]);
}

/// Keys are born while others are drained. Those that B has are not written again when A comes back,
/// the others are; and what is counted on each afterwards counts once.
#[test]
fn what_is_born_during_a_drain_is_told_once() {
    for _ in 0..20 {
        let ((mut a, keyspace), (mut b, theirs)) = (node(1), node(2));
        dial(&mut a, &mut b, 1, 0);
        let mut upto = 0;
        let name = |at: u64| (0, format!("k{at}").into_bytes());
        // Fast, but not for ever.
        let next = |at: u64| {
            thread::sleep(Duration::from_micros(if at < 1_500 { 0 } else { 1_000 }));
            name(at)
        };
        let counted = while_counting(&keyspace, next, |counted| {
            for ms in [5, 10, 15, 20, 25] {
                a.tick(&keyspace, at(ms));
                hand_over(&mut a, &mut b, &theirs, 1, ms);
                wait_for_one(counted);
            }
            assert!(b.forget(1));
            let refused = b.accept(2, a.greeting(), at(110));
            let Err(Refusal::Forgotten(told)) = refused else { panic!("it was forgotten") };
            upto = told.streams[0].upto;
            wait_for_one(counted);
        });
        a.tick(&keyspace, at(120));
        let names = || (0..counted).map(|at| name(at).1);
        names().for_each(|name| count(&keyspace, 0, &name, 130));
        come_back(&mut a, &keyspace, upto, 200);
        for name in names() {
            if let Some(state) = keyspace.state(0, &name) {
                theirs.merge_part(0, &name, &state, at(300).wall_ms);
            }
            assert_eq!(value(&theirs, 0, &name, 300), 2, "{}", String::from_utf8_lossy(&name));
        }
    }
}

#[test]
fn wait_counts_nobody_who_was_sent_nothing_since_the_comeback() {
    let ((mut a, keyspace), (mut b, theirs)) = (node(1), node(2));
    a.tick(&keyspace, at(5));
    count(&keyspace, 0, b"x", 6);
    let ticket = a.progress().ticket();
    a.tick(&keyspace, at(10));
    come_back(&mut a, &keyspace, 0, 12);
    a.tick(&keyspace, at(15));
    dial(&mut a, &mut b, 1, 16);
    dial(&mut b, &mut a, 2, 16);
    // B speaks before it has heard anything.
    b.tick(&theirs, at(17));
    hand_over(&mut b, &mut a, &keyspace, 2, 17);
    a.tick(&keyspace, at(20));
    assert_eq!((value(&theirs, 0, b"x", 30), a.progress().confirmed_by(ticket)), (0, 0));
    hand_over(&mut a, &mut b, &theirs, 1, 30);
    b.tick(&theirs, at(35));
    hand_over(&mut b, &mut a, &keyspace, 2, 35);
    assert_eq!((value(&theirs, 0, b"x", 40), a.progress().confirmed_by(ticket)), (1, 1));
}
