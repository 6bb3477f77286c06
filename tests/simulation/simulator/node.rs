//! A node: its process while it runs, its clocks, and its disk.

use super::disk::{Disk, Log};
use super::faulty_storage::Faults;
use super::places::DATABASES;
use super::plan::{NodeIndex, Setting};
use super::random::Random;
use headcount::base::Replica;
#[cfg(feature = "planted")]
use headcount::base::planted::{self, Bug};
use headcount::crdt::Tombstones;
use headcount::log::Identity;
use headcount::replication::{Engine, Now, Settings};
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
    /// What it writes to the disk, if it has one.
    pub log: Option<Log>,
}

impl Node {
    pub fn new(index: NodeIndex, setting: &Setting) -> Node {
        Node {
            index,
            process: None,
            disk: None,
            copy: None,
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

    /// Starts the program, with what is on the disk if there is one. A start that ends early is repeated.
    pub fn start(&mut self, seed: u64, setting: &Setting, number: usize, now_ms: u64) {
        let mut random = Random::new(seed, 100 + self.index as u64 + 1_000_000 * self.starts);
        self.starts += 1;
        while !self.begin(&mut random, setting, number, now_ms) {
            self.process = None;
            if let Some(disk) = &self.disk {
                disk.end(&mut random);
            }
        }
    }

    /// False: the disk failed, or the process ended.
    fn begin(
        &mut self,
        random: &mut Random,
        setting: &Setting,
        number: usize,
        now_ms: u64,
    ) -> bool {
        let now = self.now(now_ms);
        let replica = Replica { node: self.id(), epoch: self.epoch(random) };
        let keyspace = Keyspace::new(DATABASES, replica, Tombstones::KEEP, now.wall_ms);
        if setting.durable && self.disk.is_none() {
            self.disk = Some(Disk::new(random.next()));
        }
        let mut loaded = self.disk.as_ref().map(|disk| disk.load(&keyspace, now.wall_ms));
        let memory = loaded.as_mut().and_then(|loaded| loaded.memory.take());
        // Whoever finds something on its disk finds there who it is.
        let incarnation = if memory.is_some() { 0 } else { now.wall_ms };
        let mut engine = Engine::new(settings(setting, replica, incarnation), random.next(), now);
        if setting.durable {
            engine.keep_journal();
        }
        if let Some(memory) = memory {
            engine.recall(memory, now).expect("the last memory");
        }
        keyspace.rewrite_as(engine.writes_as(), now.wall_ms);
        let incarnation = engine.settings().incarnation;
        let mut process = Process {
            engine,
            keyspace,
            number,
            incarnation,
            wake_ms: now_ms,
            expired_ms: now_ms,
            last_stamp: self.disk.as_ref().map_or(0, |disk| disk.last_stamp),
            log: None,
        };
        if let (Some(disk), Some(loaded)) = (&self.disk, &loaded) {
            let stream = Random::new(random.next(), 0);
            let identity = Identity { node: self.id(), incarnation };
            process.log = Some(Log::open(disk, identity, loaded, stream));
            if random.chance(200) {
                let fuse = random.chance(700).then(|| 1 + random.below(12));
                disk.storage.set_faults(Faults { sync_permille: 100, fuse, ..Faults::default() });
            }
        }
        self.process = Some(process);
        self.write_first(now)
    }

    /// Before anybody hears of it, it makes durable what it has read, and writes down who it is.
    fn write_first(&mut self, now: Now) -> bool {
        let Some(process) = &mut self.process else { return false };
        let Some(log) = &mut process.log else { return true };
        if !log.commit() {
            return false;
        }
        process.take(now);
        if !self.commit() {
            return false;
        }
        let Some(log) = self.process.as_mut().and_then(|process| process.log.as_mut()) else {
            return false;
        };
        // It may have ended right behind that.
        let goes_on = !log.storage.is_stopped();
        if goes_on {
            log.trouble();
        }
        goes_on
    }

    /// Makes durable what was taken, and tells the engine; false: not all of it is.
    pub fn commit(&mut self) -> bool {
        let (Some(process), Some(disk)) = (&mut self.process, &mut self.disk) else { return true };
        let Some(log) = &mut process.log else { return true };
        let is_done = log.commit();
        while let Some(group) = log.take_durable() {
            process.engine.kept(group.group);
            (disk.last_stamp, disk.drain) = (group.last_stamp, group.drain);
            disk.process = process.number;
        }
        is_done
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
}

impl Process {
    /// Takes what there is to write down now, after a drain.
    pub fn take(&mut self, now: Now) {
        let Some(log) = &mut self.log else { return };
        if let Some(group) = self.engine.take_group(&self.keyspace, now) {
            log.take(group, self.engine.progress().ticket() - 1, self.last_stamp);
        }
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
