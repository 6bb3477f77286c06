//! What a node writes down, read back: the same keys, whatever was collected in between.

mod engines;

use headcount::base::Replica;
use headcount::config::MaxmemoryPolicy;
use headcount::crdt::{Deadline, Tombstones};
use headcount::replication::replay::{Replay, Taken, Told, merge};
use headcount::replication::{Engine, Memory, NotAdmitted, Now, Record, Settings};
use headcount::store::{KeyRef, Keyspace, Mode, NotMerged, Part};

const START_MS: u64 = 1_000_000;

struct Node {
    engine: Engine,
    keyspace: Keyspace,
    log: Vec<Record>,
}

fn at(ms: u64) -> Now {
    Now { wall_ms: START_MS + ms, mono_ms: ms }
}

fn settings(epoch: u32) -> Settings {
    let alone = engines::settings(1, epoch);
    Settings {
        incarnation: 1,
        address: String::new(),
        tick_ms: 1_000,
        grace_ms: 0,
        databases: 4,
        survives: true,
        ..alone
    }
}

/// A node that may have peers, as it starts with what was written down.
fn start(log: &[Record], epoch: u32, ms: u64) -> (Node, Option<Memory>) {
    start_in(empty(epoch, ms), log, epoch, ms)
}

fn empty(epoch: u32, ms: u64) -> Keyspace {
    let me = Replica { node: 1, epoch };
    Keyspace::new(4, me, Tombstones::KEEP, at(ms).wall_ms)
}

fn start_in(keyspace: Keyspace, log: &[Record], epoch: u32, ms: u64) -> (Node, Option<Memory>) {
    let mut engine = Engine::new(settings(epoch), u64::from(epoch), at(ms));
    engine.keep_journal();
    let mut replay = Replay::default();
    for Record { kind, payload } in log {
        replay.apply(&keyspace, *kind, payload, at(ms).wall_ms).expect("a record");
    }
    let memory = replay.into_memory();
    check_read_in_parts(&keyspace, memory.as_ref(), log, epoch, ms);
    if let Some(memory) = &memory {
        engine.recall(memory.clone(), at(ms)).expect("the same memory");
    }
    (Node { engine, keyspace, log: log.to_vec() }, memory)
}

/// Threads that merge a part of the keys each, one after the other as far as they are from each other's
/// sight, come to what one comes to that merges all.
fn check_read_in_parts(
    expected: &Keyspace,
    memory: Option<&Memory>,
    log: &[Record],
    epoch: u32,
    ms: u64,
) {
    let now_ms = at(ms).wall_ms;
    let keyspace = empty(epoch, ms);
    let keyspace = if expected.tells_peers() { keyspace } else { keyspace.alone() };
    let (mut replay, mut run) = (Replay::default(), Vec::new());
    let merge_run = |replay: &mut Replay, run: &mut Vec<Told<'_>>| {
        for part in [2, 0, 1].map(|nth| Part { nth, of: 3 }) {
            for told in &*run {
                if merge(&keyspace, told.states(), part, now_ms).expect("states") {
                    replay.misfit(told.record);
                }
            }
        }
        run.clear();
    };
    for Record { kind, payload } in log {
        match replay.take(&keyspace, *kind, payload).expect("a record") {
            Taken::Done => {}
            Taken::Told(told) => run.push(told),
            Taken::Change(change) => {
                merge_run(&mut replay, &mut run);
                replay.change(&keyspace, change, now_ms).expect("a change");
            }
        }
    }
    merge_run(&mut replay, &mut run);
    assert_eq!(replay.into_memory().as_ref(), memory);
    assert_eq!(keyspace.last_stamp(), expected.last_stamp());
    for name in NAMES {
        assert_eq!(keyspace.state(0, name), expected.state(0, name));
    }
    assert_eq!(keyspace.slot_digests(0), expected.slot_digests(0));
}

impl Node {
    /// Ticks, and writes down all that there is to be written.
    fn tick(&mut self, ms: u64) {
        self.engine.tick(&self.keyspace, at(ms));
        while let Some(group) = self.engine.take_group(&self.keyspace, at(ms)) {
            self.log.extend(group.records);
            self.engine.kept(group.number);
        }
    }

    fn incr(&self, name: &[u8], ms: u64) -> i64 {
        let key = KeyRef::new(0, name);
        let mut keys = self.keyspace.open_one(key, Mode::Exclusive, at(ms).wall_ms);
        keys.add(key, 1).expect("a number")
    }

    fn expire(&self, name: &[u8], ms: u64, in_ms: u64) {
        let key = KeyRef::new(0, name);
        let mut keys = self.keyspace.open_one(key, Mode::Exclusive, at(ms).wall_ms);
        keys.set_deadline(key, Some(at(ms).wall_ms + in_ms));
    }

    fn set(&self, name: &[u8], text: &[u8], ms: u64) {
        let key = KeyRef::new(0, name);
        let mut keys = self.keyspace.open_one(key, Mode::Exclusive, at(ms).wall_ms);
        keys.set_text(key, text, Deadline::Clear);
    }

    fn del(&self, name: &[u8], ms: u64) {
        let key = KeyRef::new(0, name);
        self.keyspace.open_one(key, Mode::Exclusive, at(ms).wall_ms).delete(key);
    }

    fn root(&self) -> u64 {
        self.keyspace.root(0)
    }
}

/// The keys that tests write.
const NAMES: [&[u8]; 4] = [b"a", b"b", b"c", b"d"];

/// What a user sees, and the digest.
fn shown(node: &Node, ms: u64) -> (Vec<Option<String>>, u64) {
    node.keyspace.expire(at(ms).wall_ms, usize::MAX);
    let values = NAMES.map(|name| {
        let key = KeyRef::new(0, name);
        let keys = node.keyspace.open_one(key, Mode::Exclusive, at(ms).wall_ms);
        let text = keys.text(key).expect("a text")?;
        Some(String::from_utf8_lossy(&text).into_owned())
    });
    (values.to_vec(), node.root())
}

#[test]
fn a_life_that_was_dropped_does_not_end_the_one_that_was_begun_anew() {
    let (mut node, _) = start(&[], 1, 0);
    assert_eq!([node.incr(b"a", 1), node.incr(b"a", 1)], [1, 2]);
    node.expire(b"a", 1, 500);
    for ms in (0..10_000).step_by(1_000) {
        node.tick(ms);
    }
    assert_eq!(node.keyspace.tombstones_waiting(), 0, "collected");
    assert_eq!(node.incr(b"a", 10_000), 1);
    node.tick(11_000);
    let (again, memory) = start(&node.log, 2, 12_000);
    assert_eq!(memory.expect("a memory").node(), 1);
    assert_eq!(shown(&again, 12_000), shown(&node, 12_000));
    assert_eq!(again.incr(b"a", 12_000), 2, "it counts on");
}

#[test]
fn a_drain_is_durable_when_its_group_is() {
    let (mut node, _) = start(&[], 1, 0);
    node.tick(0);
    let progress = node.engine.progress();
    node.incr(b"a", 1);
    let ticket = progress.seen(&node.keyspace);
    assert_eq!(ticket, progress.ticket());
    node.engine.flush(&node.keyspace, at(2));
    assert_eq!(progress.seen(&node.keyspace), ticket);
    let group = node.engine.take_group(&node.keyspace, at(2)).expect("a group");
    node.incr(b"a", 3);
    node.engine.flush(&node.keyspace, at(4));
    assert!(progress.durable() < ticket, "it was handed out only");
    node.engine.kept(group.number);
    assert_eq!(progress.durable(), ticket);
    assert!(progress.seen(&node.keyspace) > ticket, "the second one waits");
}

#[test]
fn stamps_do_not_go_back_with_the_clock_over_a_restart() {
    let (mut node, _) = start(&[], 1, 100_000);
    node.set(b"a", b"old", 100_000);
    node.tick(100_000);
    let last = node.keyspace.last_stamp();
    // What was not written down may have been told to others.
    let given = node.keyspace.stamp(at(101_000).wall_ms);
    let (again, _) = start(&node.log, 2, 1_000);
    assert!(given > last && again.keyspace.last_stamp() > given);
}

/// Random commands, with a crash after any number of groups: what is there is what was there then.
#[test]
fn what_was_written_down_is_what_was_there() {
    what_was_written_down_is_there(false, 7);
}

/// The same of a node that is alone, which evicts keys without a trace.
#[test]
fn what_was_evicted_does_not_come_back() {
    (0..8).for_each(|seed| what_was_written_down_is_there(true, seed));
}

fn what_was_written_down_is_there(is_alone: bool, mut seed: u64) {
    let begin = |log: &[Record], epoch, ms| {
        let keyspace = empty(epoch, ms);
        start_in(if is_alone { keyspace.alone() } else { keyspace }, log, epoch, ms).0
    };
    let mut evicted = 0;
    let mut random = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let (mut node, mut epoch) = (begin(&[], 1, 0), 1);
    for ms in (0..400_000).step_by(250) {
        let name = NAMES[random(4) as usize];
        match random(12) {
            0..6 => drop(
                node.keyspace
                    .open_one(KeyRef::new(0, name), Mode::Exclusive, at(ms).wall_ms)
                    .add(KeyRef::new(0, name), 1),
            ),
            6 => node.expire(name, ms, 1 + random(3_000)),
            7 => node.set(name, b"5", ms),
            8 => node.del(name, ms),
            9 if is_alone => {
                let evict = MaxmemoryPolicy::AllkeysRandom;
                evicted += usize::from(node.keyspace.evict(evict, 5, at(ms).wall_ms));
            }
            _ => {}
        }
        if ms % 1_000 == 0 {
            node.tick(ms);
        }
        if ms % 20_000 == 0 {
            epoch += 1;
            let again = begin(&node.log, epoch, ms);
            assert_eq!(shown(&again, ms), shown(&node, ms), "at {ms} ms");
            node = again;
        }
    }
    assert_eq!(evicted > 50, is_alone);
}

#[test]
fn what_was_collected_before_a_restart_stays_deleted() {
    let (mut node, _) = start(&[], 1, 0);
    node.incr(b"a", 1);
    node.tick(1_000);
    let Node { engine, keyspace, .. } = &mut node;
    let kept = engine.dump(keyspace, at(1_000), || keyspace.state(0, b"a")).expect("a state");
    node.del(b"a", 1_000);
    (2_000..6_000).step_by(1_000).for_each(|ms| node.tick(ms));
    assert_eq!(node.keyspace.tombstones_waiting(), 0, "collected");
    // As a snapshot that was taken since: nothing is left of the key.
    let last = node.log.iter().rposition(|record| record.kind == 3).expect("a memory");
    let (mut again, _) = start(&node.log[last..=last], 2, 7_000);
    again.tick(7_000);
    let (key, collected) = (KeyRef::new(0, b"a"), again.engine.collected());
    let mut keys = again.keyspace.open_one(key, Mode::Exclusive, at(7_000).wall_ms);
    let admits = |upto| collected.admit(&kept.origin, upto, at(7_000));
    let refused = keys.merge(key, kept.state.clone(), &[], admits);
    assert_eq!(refused, Err(NotMerged::NotAdmitted(NotAdmitted::Stale)));
}
