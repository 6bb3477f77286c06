//! A node: its process while it runs, its clocks, and its disk.

use super::clients::state;
use super::places::{DATABASES, PLACES, Place, key_of};
use super::plan::{NodeIndex, Setting};
use super::random::Random;
use headcount::base::Replica;
#[cfg(feature = "planted")]
use headcount::base::planted::{self, Bug};
use headcount::crdt::{Key, Tombstones};
use headcount::replication::{Engine, Memory, Now, Settings};
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
    /// What is being written to it.
    pub writing: Option<Disk>,
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

/// What was written down, at one moment.
#[derive(Clone)]
pub struct Disk {
    memory: Memory,
    incarnation: u64,
    states: Vec<(Place, Key)>,
    last_stamp: u64,
    /// All drains up to this one are in it.
    pub drain: u64,
    pub process: usize,
}

impl Node {
    pub fn new(index: NodeIndex, setting: &Setting) -> Node {
        Node {
            index,
            process: None,
            disk: None,
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
        let (engine, last_stamp) = match &self.disk {
            Some(disk) => {
                let settings = settings(setting, replica, disk.incarnation);
                for (place, key) in &disk.states {
                    let to = key_of(*place);
                    keyspace.merge_part(to.db, to.name, key, now.wall_ms);
                }
                let engine = Engine::restore(settings, disk.memory.clone(), random.next(), now);
                (engine, disk.last_stamp)
            }
            None => {
                let settings = settings(setting, replica, now.wall_ms);
                (Engine::new(settings, random.next(), now), 0)
            }
        };
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

    /// What there is to write down now: after a drain.
    pub fn snapshot(&self, now_ms: u64) -> Option<Disk> {
        let process = self.process.as_ref()?;
        let wall_ms = self.now(now_ms).wall_ms;
        let states = (0..PLACES).map(|place| (place, state(&process.keyspace, place, wall_ms)));
        Some(Disk {
            memory: process.engine.memory(),
            incarnation: process.engine.settings().incarnation,
            states: states.filter(|(_, key)| *key != Key::default()).collect(),
            last_stamp: process.last_stamp,
            drain: process.engine.progress().ticket() - 1,
            process: process.number,
        })
    }
}

impl Disk {
    pub fn memory(&self) -> &Memory {
        &self.memory
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
