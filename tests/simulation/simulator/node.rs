//! A node: its process while it runs, its clocks, and its disk.

use super::places::DATABASES;
use super::plan::{NodeIndex, Setting};
use super::random::Random;
use headcount::base::Replica;
#[cfg(feature = "planted")]
use headcount::base::planted::{self, Bug};
use headcount::crdt::Tombstones;
use headcount::replication::{Engine, Group, Now, Record, Replay, Settings};
use headcount::store::Keyspace;

/// Unix time at which runs begin.
pub const START_MS: u64 = 1_700_000_000_000;
/// More than clocks differ.
pub const GRACE_MS: u64 = 2_500;

/// A machine.
pub struct Node {
    pub index: NodeIndex,
    pub process: Option<Process>,
    pub disk: Option<Disk>,
    /// What it held when a copy was taken.
    pub copy: Option<Disk>,
    /// What is being written to it.
    pub writing: Option<Writing>,
    /// How far its wall clock is off.
    pub offset_ms: i64,
    /// It has left, or the others were told to forget it: it does not come back.
    pub is_gone: bool,
    /// What it starts with, and the number of that memory.
    pub memory: usize,
    starts: u64,
    first_epoch: u32,
}

/// A run of the program.
pub struct Process {
    pub engine: Engine,
    pub keyspace: Keyspace,
    /// Its number among all that ever ran.
    pub number: usize,
    /// Its memory, as its engine numbers it.
    pub incarnation: u64,
    pub wake_ms: u64,
    pub expired_ms: u64,
    pub last_stamp: u64,
}

/// What was written down.
#[derive(Clone, Default)]
pub struct Disk {
    log: Vec<Record>,
    last_stamp: u64,
    /// All drains up to this one are in it.
    pub drain: u64,
    pub process: usize,
}

/// What is being written down.
pub struct Writing {
    pub group: Group,
    last_stamp: u64,
    drain: u64,
    process: usize,
}

impl Node {
    pub fn new(index: NodeIndex, setting: &Setting) -> Node {
        Node {
            index,
            process: None,
            disk: None,
            copy: None,
            writing: None,
            offset_ms: setting.skew_ms.get(index).copied().unwrap_or_default(),
            is_gone: false,
            memory: 0,
            starts: 0,
            first_epoch: 0,
        }
    }

    pub fn id(&self) -> u32 {
        self.index as u32 + 1
    }

    pub fn now(&self, now_ms: u64) -> Now {
        Now {
            wall_ms: (START_MS + now_ms).saturating_add_signed(self.offset_ms),
            // From another start on each machine.
            mono_ms: now_ms + self.mono_start_ms(),
        }
    }

    /// The virtual time of a moment of its monotonic clock.
    pub fn virtual_ms(&self, mono_ms: u64) -> u64 {
        mono_ms.saturating_sub(self.mono_start_ms())
    }

    fn mono_start_ms(&self) -> u64 {
        1_000 * (self.index as u64 + 1)
    }

    /// Starts the program, with what is on the disk if there is one.
    pub fn start(&mut self, seed: u64, setting: &Setting, number: usize, now_ms: u64) {
        let mut random = Random::new(seed, 100 + self.index as u64 + 1_000_000 * self.starts);
        self.starts += 1;
        let now = self.now(now_ms);
        let replica = Replica { node: self.id(), epoch: self.epoch(&mut random) };
        let keyspace = Keyspace::new(DATABASES, replica, Tombstones::KEEP, now.wall_ms);
        let kept = self.disk.as_ref();
        // Whoever has a disk finds there who it is.
        let incarnation = if kept.is_some() { 0 } else { now.wall_ms };
        let settings = settings(setting, replica, incarnation);
        let mut engine = Engine::new(settings, random.next(), now);
        if setting.durable {
            engine.keep_journal();
        }
        let mut replay = Replay::default();
        for Record { kind, payload } in kept.iter().flat_map(|disk| &disk.log) {
            let read = replay.apply(&keyspace, *kind, payload, now.wall_ms);
            read.expect("what was written");
        }
        if let Some(memory) = replay.into_memory() {
            engine.recall(memory, now).expect("the last memory");
        }
        keyspace.rewrite_as(engine.writes_as(), now.wall_ms);
        let last_stamp = kept.map_or(0, |disk| disk.last_stamp);
        let incarnation = engine.settings().incarnation;
        self.process = Some(Process {
            engine,
            keyspace,
            number,
            incarnation,
            wake_ms: now_ms,
            expired_ms: now_ms,
            last_stamp,
        });
        // Before anybody hears of it, it writes down who it is.
        if let Some(writing) = self.begin_writing(now) {
            self.finish_writing(writing);
        }
    }

    /// What was to be written down is.
    pub fn finish_writing(&mut self, writing: Writing) {
        if let Some(process) = self.process.as_mut() {
            process.engine.kept(writing.group.number);
        }
        self.disk.get_or_insert_default().append(writing);
    }

    /// Another one at every start.
    fn epoch(&mut self, random: &mut Random) -> u32 {
        let epoch = random.next() as u32 | 1;
        if self.first_epoch == 0 {
            self.first_epoch = epoch;
        }
        #[cfg(feature = "planted")]
        if planted::is(Bug::EpochReused) {
            return self.first_epoch;
        }
        epoch
    }

    /// What there is to write down now, if anything: after a drain.
    pub fn begin_writing(&mut self, now: Now) -> Option<Writing> {
        let process = self.process.as_mut()?;
        let group = process.engine.take_group(&process.keyspace, now)?;
        Some(Writing {
            group,
            last_stamp: process.last_stamp,
            drain: process.engine.progress().ticket() - 1,
            process: process.number,
        })
    }
}

impl Disk {
    /// Some of the first records are there, and nobody was told so.
    pub fn tear(&mut self, writing: Writing) {
        let Group { number, mut records } = writing.group;
        records.truncate(number as usize % (records.len() + 1));
        self.log.append(&mut records);
    }

    pub fn append(&mut self, writing: Writing) {
        self.log.extend(writing.group.records);
        (self.last_stamp, self.drain) = (writing.last_stamp, writing.drain);
        self.process = writing.process;
    }
}

pub fn address_of(index: NodeIndex) -> String {
    format!("node-{index}:7000")
}

/// Whose address that is.
pub fn index_of(address: &str) -> Option<NodeIndex> {
    address.strip_prefix("node-")?.strip_suffix(":7000")?.parse().ok()
}

fn settings(setting: &Setting, replica: Replica, incarnation: u64) -> Settings {
    let index = replica.node as usize - 1;
    // One is enough to join, the rest is learnt.
    let seed = if index == 0 { 1 } else { 0 };
    Settings {
        node: replica.node,
        epoch: replica.epoch,
        incarnation,
        address: address_of(index),
        seeds: vec![address_of(seed)],
        tick_ms: setting.tick_ms,
        window_bytes: setting.window_bytes,
        notes_max: setting.notes_max,
        sync_interval_ms: setting.sync_interval_ms,
        forget_after_ms: setting.forget_after_ms,
        max_stamp_ahead_ms: setting.max_stamp_ahead_ms,
        grace_ms: GRACE_MS,
        clock_warning_ms: 500,
        node_timeout_ms: setting.node_timeout_ms,
        databases: DATABASES,
        survives: setting.durable,
    }
}
