//! One node of three starts again a thousand times, without the last that it wrote, while all count (trap
//! 2): every count that was known to somebody counts once, and what is kept does not grow.

mod engines;

use engines::{Node, at, dial, hand_over, settings};
use headcount::base::Replica;
use headcount::base::Stamp;
use headcount::crdt::{MemberDeadline, Tombstones};
use headcount::replication::batch::{Deltas, States};
use headcount::replication::replay::merge;
use headcount::replication::{Engine, LinkId, Record, Replay, Saving, Settings, StateBlock};
use headcount::store::{KeyRef, Keyspace, Missing, Mode, Part};

const RESTARTS: u64 = 1_000;
const ROUND_MS: u64 = 6_000;
const TICK_MS: usize = 100;
const COUNTER: &[u8] = b"views";
const SET: &[u8] = b"online";
/// Members come and go in turn.
const MEMBERS: u64 = 8;

/// A node with a log that a snapshot cuts short at every start.
struct Machine {
    node: Node,
    snapshot: Vec<Record>,
    states: Option<StateBlock>,
    log: Vec<Record>,
}

impl Machine {
    fn new(node: u32) -> Machine {
        let log = Vec::new();
        Machine::start(node, 0, Disk { snapshot: Vec::new(), states: None, log }, 0)
    }

    fn start(node: u32, start: u64, disk: Disk, ms: u64) -> Machine {
        let epoch = 10 * start as u32 + node;
        let seeds = vec!["node-9:7000".to_owned()];
        let incarnation = u64::from(node);
        let settings = Settings { survives: true, seeds, incarnation, ..settings(node, epoch) };
        let me = Replica { node, epoch };
        let keyspace = Keyspace::new(1, me, Tombstones::KEEP, at(ms).wall_ms);
        let mut engine = Engine::new(settings, u64::from(epoch), at(ms));
        engine.keep_journal();
        let (mut replay, now_ms) = (Replay::default(), at(ms).wall_ms);
        let apply = |replay: &mut Replay, records: &[Record]| {
            for Record { kind, payload } in records {
                replay.apply(&keyspace, *kind, payload, now_ms).expect("what was written");
            }
        };
        apply(&mut replay, &disk.snapshot);
        if let Some(StateBlock { count, bytes }) = &disk.states {
            let states = States { bytes, count: *count };
            merge(&keyspace, states, Part::WHOLE, now_ms).expect("what was saved");
        }
        apply(&mut replay, &disk.log);
        if let Some(memory) = replay.into_memory() {
            engine.recall(memory, at(ms)).expect("the last memory");
        }
        keyspace.rewrite_as(engine.writes_as(), now_ms);
        let Disk { snapshot, states, log } = disk;
        let mut machine = Machine { node: Node { engine, keyspace }, snapshot, states, log };
        machine.keep(ms);
        machine.save();
        machine
    }

    /// What it starts with again.
    fn halt(self) -> Disk {
        Disk { snapshot: self.snapshot, states: self.states, log: self.log }
    }

    /// Makes everything durable.
    fn keep(&mut self, ms: u64) {
        let Node { engine, keyspace } = &mut self.node;
        engine.flush(keyspace, at(ms));
        while let Some(group) = engine.take_group(keyspace, at(ms)) {
            self.log.extend(group.records);
            engine.kept(group.number);
        }
    }

    fn save(&mut self) {
        let Node { engine, keyspace } = &mut self.node;
        let mut saving = Saving::new(keyspace.last_stamp());
        for part in 0..keyspace.parts() {
            let save = |name: &_, state: &_, sealed: &[_]| match saving.push(0, name, state, sealed)
            {
                true => Ok(()),
                false => Err("too large"),
            };
            keyspace.save(0, part, save).expect("a small state");
        }
        (self.states, self.snapshot) = (Some(saving.take()), vec![engine.remember()]);
        self.snapshot.extend(saving.finish());
        self.log.clear();
    }

    fn count(&self, ms: u64) -> u64 {
        self.node.count(COUNTER, ms);
        1
    }

    fn meet(&self, round: u64, ms: u64) {
        let key = KeyRef::new(0, SET);
        let mut keys = self.node.keyspace.open_one(key, Mode::Exclusive, at(ms).wall_ms);
        let edited = keys.edit_set(key, Missing::Create, |set| {
            set.insert(&[(round % MEMBERS) as u8], MemberDeadline::Keep);
            set.remove(&[((round + 3) % MEMBERS) as u8]);
        });
        edited.expect("a set");
    }

    fn is_ready(&self) -> bool {
        self.node.engine.readiness().is_ready()
    }

    /// Bytes of both keys' states, of the memory, and how many slots the counter has.
    fn sizes(&self) -> [usize; 3] {
        let mut deltas = Deltas::new(Stamp::NEVER);
        let state = |name| self.node.keyspace.state(0, name).expect("a key");
        let slots = state(COUNTER).lives()[0].counter().slots().len();
        deltas.push(0, COUNTER, &state(COUNTER));
        deltas.push(0, SET, &state(SET));
        [deltas.bytes(), self.node.engine.remember().payload.len(), slots]
    }
}

struct Disk {
    snapshot: Vec<Record>,
    states: Option<StateBlock>,
    log: Vec<Record>,
}

struct Three {
    machines: [Machine; 3],
    links: Vec<(usize, usize, LinkId)>,
    last_link: LinkId,
}

impl Three {
    fn connect(&mut self, a: usize, b: usize, ms: u64) {
        for (from, to) in [(a, b), (b, a)] {
            self.last_link += 1;
            let [dialler, acceptor] = self.machines.get_disjoint_mut([from, to]).expect("two");
            let link = self.last_link;
            dial(&mut dialler.node, &mut acceptor.node, link, ms).expect("it may come");
            self.links.push((from, to, link));
        }
    }

    /// All links of a node are gone.
    fn cut(&mut self, node: usize, ms: u64) {
        for (from, to, link) in self.links.extract_if(.., |(a, b, _)| *a == node || *b == node) {
            self.machines[from].node.closed(&[link], ms);
            self.machines[to].node.closed(&[link], ms);
        }
    }

    fn exchange(&mut self, ms: u64, is_on: impl Fn(usize, usize) -> bool) {
        let mut handed = 1;
        while handed > 0 {
            handed = 0;
            for (from, to, link) in self.links.iter().filter(|(a, b, _)| is_on(*a, *b)) {
                let [a, b] = self.machines.get_disjoint_mut([*from, *to]).expect("two");
                handed += hand_over(&mut a.node, &mut b.node, *link, ms);
            }
        }
    }

    fn run(&mut self, times_ms: std::ops::Range<u64>) {
        for ms in times_ms.step_by(TICK_MS) {
            for machine in &mut self.machines {
                machine.node.tick(ms);
                machine.keep(ms);
            }
            self.exchange(ms, |_, _| true);
        }
    }
}

/// The node starts, with what was durable, and is killed at once: once more it has met nobody.
fn start_alone(disk: Disk, start: u64, ms: u64) -> (Disk, u64) {
    let mut machine = Machine::start(1, start, disk, ms);
    machine.node.tick(ms + 2_000);
    assert!(machine.is_ready(), "nobody answers, and it takes a fresh epoch");
    let counted = machine.count(ms + 2_000);
    machine.keep(ms + 2_000);
    (machine.halt(), counted)
}

#[test]
fn trap_2_a_node_that_starts_a_thousand_times_keeps_no_more_than_one_that_started_a_few_times() {
    let mut three =
        Three { machines: [1, 2, 3].map(Machine::new), links: Vec::new(), last_link: 0 };
    let (mut counted, mut start) = (0, 0);
    let mut early = None;
    [(0, 1), (0, 2), (1, 2)].into_iter().for_each(|(a, b)| three.connect(a, b, 0));
    three.run(0..ROUND_MS);
    for round in 1..=RESTARTS {
        let ms = round * ROUND_MS;
        for machine in &three.machines {
            assert!(machine.is_ready(), "round {round}");
            counted += machine.count(ms);
            machine.meet(round + u64::from(machine.node.engine.settings().node), ms);
        }
        three.machines.iter_mut().for_each(|machine| machine.node.tick(ms));
        // What the first one tells has come to one of the others, or to both, and it has not kept it.
        three.exchange(ms, |from, to| (from, to) != (0, 2) || round % 3 == 0);
        // What is not drained is lost.
        three.machines[0].count(ms);
        three.cut(0, ms);
        start += 1;
        let first = std::mem::replace(&mut three.machines[0], Machine::new(9));
        let mut disk = first.halt();
        if round % 10 == 0 {
            let (after, alone) = start_alone(disk, start, ms + 1);
            (disk, counted, start) = (after, counted + alone, start + 1);
        }
        three.machines[0] = Machine::start(1, start, disk, ms + 2_100);
        [(0, 1), (0, 2)].into_iter().for_each(|(a, b)| three.connect(a, b, ms + 2_100));
        three.run(ms + 2_100..ms + ROUND_MS);
        for machine in &three.machines {
            let shown = machine.node.value(COUNTER, ms + ROUND_MS - 1);
            assert_eq!(shown, counted.to_string(), "after restart {round}");
        }
        if round == 300 {
            early = Some([0, 1, 2].map(|node| three.machines[node].sizes()));
        }
    }
    let late = [0, 1, 2].map(|node| three.machines[node].sizes());
    println!("after 300 starts {early:?}, after {RESTARTS} {late:?}");
    for (early, late) in early.expect("sizes").into_iter().zip(late) {
        assert!(late[2] <= early[2] && late[2] <= 3 + 16, "slots: {early:?}, {late:?}");
        assert!(late[0] <= early[0] + 40, "states: {early:?}, {late:?}");
        assert!(late[1] <= early[1] + 40, "memory: {early:?}, {late:?}");
    }
}
