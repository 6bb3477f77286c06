//! Two engines whose messages a test hands over one by one.

use headcount::base::Replica;
use headcount::crdt::Tombstones;
use headcount::replication::{Engine, FrameReader, LinkId, Now, Refusal, Settings};
use headcount::store::{KeyRef, Keyspace, Mode};

const WINDOW_BYTES: usize = 64 << 20;

struct Node {
    engine: Engine,
    keyspace: Keyspace,
}

impl Node {
    /// `memory`: its epoch and incarnation.
    fn new(node: u32, memory: u32, window_bytes: usize) -> Node {
        let settings = Settings {
            node,
            epoch: memory,
            incarnation: memory.into(),
            address: format!("node-{node}:7000"),
            seeds: Vec::new(),
            tick_ms: 5,
            window_bytes,
            sync_interval_ms: 5_000,
            forget_after_ms: u64::MAX,
            max_stamp_ahead_ms: 60_000,
            grace_ms: 60_000,
            clock_warning_ms: 500,
            node_timeout_ms: 3_000,
            databases: 1,
            survives: false,
        };
        let me = Replica { node, epoch: memory };
        Node {
            engine: Engine::new(settings, u64::from(node), at(0)),
            keyspace: Keyspace::new(1, me, Tombstones::KEEP, at(0).wall_ms),
        }
    }

    fn tick(&mut self, ms: u64) {
        self.engine.tick(&self.keyspace, at(ms));
    }

    fn count(&self, name: &[u8], ms: u64) {
        let key = KeyRef::new(0, name);
        let mut keys = self.keyspace.open_one(key, Mode::Exclusive, at(ms).wall_ms);
        keys.add(key, 1).expect("a counter");
    }

    fn delete(&self, name: &[u8], ms: u64) {
        let key = KeyRef::new(0, name);
        self.keyspace.open_one(key, Mode::Exclusive, at(ms).wall_ms).delete(key);
    }

    fn value(&self, name: &[u8], ms: u64) -> String {
        let key = KeyRef::new(0, name);
        let keys = self.keyspace.open_one(key, Mode::Exclusive, at(ms).wall_ms);
        let text = keys.text(key).expect("a string");
        text.map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
    }

    fn tombstones(&self, ms: u64) -> u64 {
        self.engine.status(&self.keyspace, at(ms)).tombstones_waiting
    }

    fn closed(&mut self, links: &[LinkId], ms: u64) {
        links.iter().for_each(|link| self.engine.closed(*link, at(ms)));
    }
}

fn at(ms: u64) -> Now {
    Now { wall_ms: 1_000_000 + ms, mono_ms: ms }
}

fn dial(from: &mut Node, to: &mut Node, link: LinkId, ms: u64) -> Result<(), Refusal> {
    let address = to.engine.settings().address.clone();
    match to.engine.accept(link, from.engine.greeting(), at(ms)) {
        Ok(resume) => {
            let greeting = to.engine.greeting();
            from.engine.opened(link, &address, greeting, resume, at(ms))
        }
        Err(refusal) => {
            from.engine.refused(&from.keyspace, &address, Some(refusal.clone()), at(ms));
            Err(refusal)
        }
    }
}

/// Hands over what `from` has to send; returns how many frames.
fn hand_over(from: &mut Node, to: &mut Node, link: LinkId, ms: u64) -> usize {
    let mut frames = 0;
    while let Some(frame) = from.engine.next_frame(link) {
        let mut reader = FrameReader::new(1 << 30);
        reader.push(&frame.encode(0));
        let frame = reader.next_frame().expect("a good frame").expect("a whole one");
        let received = to.engine.receive(&to.keyspace, link, frame.kind, &frame.payload, at(ms));
        received.expect("it is understood");
        frames += 1;
    }
    frames
}

/// Both run, connected by `links`, from a time on until another.
fn run(a: &mut Node, b: &mut Node, links: [LinkId; 2], times_ms: std::ops::Range<u64>) {
    for ms in times_ms.step_by(50) {
        a.tick(ms);
        b.tick(ms);
        while hand_over(a, b, links[0], ms) + hand_over(b, a, links[1], ms) > 0 {}
    }
}

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
