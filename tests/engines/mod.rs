//! Engines whose messages a test hands over one by one.

// Each test binary uses a part of this.
#![allow(dead_code)]

pub mod mesh;

use headcount::base::Replica;
use headcount::crdt::{Key, Tombstones};
use headcount::replication::{
    Engine, FrameReader, LinkId, Memory, Now, Refusal, SealedFrame, Settings,
};
use headcount::store::{KeyRef, Keyspace, Mode};

pub const WINDOW_BYTES: usize = 64 << 20;

pub struct Node {
    pub engine: Engine,
    pub keyspace: Keyspace,
}

impl Node {
    /// `memory`: its epoch and incarnation.
    pub fn new(node: u32, memory: u32, window_bytes: usize) -> Node {
        Node::with(Settings { window_bytes, ..settings(node, memory) }, 0)
    }

    /// A node that starts at a time.
    pub fn with(settings: Settings, ms: u64) -> Node {
        let me = Replica { node: settings.node, epoch: settings.epoch };
        let seed = u64::from(settings.node);
        Node {
            engine: Engine::new(settings, seed, at(ms)),
            keyspace: Keyspace::new(1, me, Tombstones::KEEP, at(ms).wall_ms),
        }
    }

    /// A node that starts with what it had written down: how far, and its keys.
    pub fn restore(settings: Settings, disk: &Disk, ms: u64) -> Node {
        let mut node = Node::with(settings.clone(), ms);
        for (name, state) in &disk.states {
            node.keyspace.merge_part(0, name, state, at(ms).wall_ms);
        }
        node.engine = Engine::restore(settings, disk.memory.clone(), 1, at(ms));
        node
    }

    /// Writes down what it has, after a tick.
    pub fn persist(&mut self, names: &[&[u8]]) -> Disk {
        let memory = self.engine.memory();
        self.engine.persisted(&memory);
        let state = |name: &&[u8]| Some((name.to_vec(), self.keyspace.state(0, name)?));
        Disk { memory, states: names.iter().filter_map(state).collect() }
    }

    pub fn tick(&mut self, ms: u64) {
        self.engine.tick(&self.keyspace, at(ms));
    }

    pub fn count(&self, name: &[u8], ms: u64) {
        let key = KeyRef::new(0, name);
        let mut keys = self.keyspace.open_one(key, Mode::Exclusive, at(ms).wall_ms);
        keys.add(key, 1).expect("a counter");
    }

    pub fn delete(&self, name: &[u8], ms: u64) {
        let key = KeyRef::new(0, name);
        self.keyspace.open_one(key, Mode::Exclusive, at(ms).wall_ms).delete(key);
    }

    pub fn value(&self, name: &[u8], ms: u64) -> String {
        let key = KeyRef::new(0, name);
        let keys = self.keyspace.open_one(key, Mode::Exclusive, at(ms).wall_ms);
        let text = keys.text(key).expect("a string");
        text.map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
    }

    pub fn tombstones(&self, ms: u64) -> u64 {
        self.engine.status(&self.keyspace, at(ms)).tombstones_waiting
    }

    pub fn closed(&mut self, links: &[LinkId], ms: u64) {
        links.iter().for_each(|link| self.engine.closed(*link, at(ms)));
    }
}

/// What a node has written down.
pub struct Disk {
    memory: Memory,
    states: Vec<(Vec<u8>, Key)>,
}

/// Of a node with that epoch and incarnation which is told of nobody.
pub fn settings(node: u32, memory: u32) -> Settings {
    Settings {
        node,
        epoch: memory,
        incarnation: memory.into(),
        address: format!("node-{node}:7000"),
        seeds: Vec::new(),
        tick_ms: 5,
        window_bytes: WINDOW_BYTES,
        notes_max: 1 << 20,
        sync_interval_ms: 5_000,
        forget_after_ms: u64::MAX,
        max_stamp_ahead_ms: 60_000,
        grace_ms: 60_000,
        clock_warning_ms: 500,
        node_timeout_ms: 3_000,
        databases: 1,
        survives: false,
    }
}

pub fn at(ms: u64) -> Now {
    Now { wall_ms: 1_000_000 + ms, mono_ms: ms }
}

pub fn dial(from: &mut Node, to: &mut Node, link: LinkId, ms: u64) -> Result<(), Refusal> {
    let address = to.engine.settings().address.clone();
    let greeting = to.engine.greeting();
    match to.engine.accept(link, from.engine.greeting(), at(ms)) {
        Ok(resume) => from.engine.opened(link, &address, greeting, resume, at(ms)),
        Err(refusal) => {
            from.engine.refused(&from.keyspace, &address, Some(refusal.clone()), at(ms));
            Err(refusal)
        }
    }
}

/// Hands over what `from` has to send; returns how many frames.
pub fn hand_over(from: &mut Node, to: &mut Node, link: LinkId, ms: u64) -> usize {
    std::iter::from_fn(|| hand_over_one(from, to, link, ms).then_some(())).count()
}

/// Hands over the next frame that `from` has to send, if there is one.
pub fn hand_over_one(from: &mut Node, to: &mut Node, link: LinkId, ms: u64) -> bool {
    let frame = from.engine.next_frame(link);
    frame.iter().for_each(|frame| deliver(frame, to, link, ms));
    frame.is_some()
}

/// Hands a frame over that was sent on `link`.
pub fn deliver(frame: &SealedFrame, to: &mut Node, link: LinkId, ms: u64) {
    let mut reader = FrameReader::new(1 << 30);
    reader.push(&frame.encode(0));
    let frame = reader.next_frame().expect("a good frame").expect("a whole one");
    let received = to.engine.receive(&to.keyspace, link, frame.kind, &frame.payload, at(ms));
    received.expect("it is understood");
}

/// Both run, connected by `links`, from a time on until another.
pub fn run(a: &mut Node, b: &mut Node, links: [LinkId; 2], times_ms: std::ops::Range<u64>) {
    for ms in times_ms.step_by(50) {
        a.tick(ms);
        b.tick(ms);
        while hand_over(a, b, links[0], ms) + hand_over(b, a, links[1], ms) > 0 {}
    }
}
