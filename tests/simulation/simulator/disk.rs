//! A node's disk: the log and the snapshots that ship, on a storage that loses and tears what was not
//! synced, fails and runs full.

use super::faulty_storage::{Faults, FaultyStorage};
use super::random::Random;
use super::snapshot::{STATES_BLOCK, Snapshot};
use headcount::log::{
    Found, Identity, RecordKind, Recovered, Refused, Settings, SnapshotReader, Writer, find,
    remove_unfinished, replay,
};
use headcount::replication::batch::States;
use headcount::replication::replay::merge;
use headcount::replication::{Group, Memory, Record, Replay};
use headcount::store::{Keyspace, Part};
use std::collections::VecDeque;

/// What a machine keeps when its process ends.
pub struct Disk {
    pub storage: FaultyStorage,
    /// The run whose drains up to `drain` are in it for certain.
    pub process: usize,
    pub drain: u64,
    pub last_stamp: u64,
}

/// What a start has read.
pub struct Loaded {
    found: Found,
    recovered: Recovered,
    pub memory: Option<Memory>,
}

/// A log that a process writes.
pub struct Log {
    pub storage: FaultyStorage,
    pub writer: Writer<FaultyStorage>,
    /// Records of the last group that the writer had no room for.
    rest: VecDeque<Record>,
    /// What was taken from the engine and is not durable.
    groups: VecDeque<Appended>,
    pub snapshot: Option<Snapshot>,
    random: Random,
}

/// A group of records, and what is durable with it.
pub struct Appended {
    pub group: u64,
    /// Its last record; `None` as long as not all of it is appended.
    record: Option<u64>,
    pub drain: u64,
    pub last_stamp: u64,
}

impl Disk {
    pub fn new(seed: u64) -> Disk {
        Disk { storage: FaultyStorage::new(seed), process: usize::MAX, drain: 0, last_stamp: 0 }
    }

    /// As it is now, but for what a crash would take.
    pub fn copy(&self) -> Disk {
        Disk { storage: self.storage.copy(), ..*self }
    }

    /// The process ends, and more often than not the machine with it.
    pub fn end(&self, random: &mut Random) {
        self.storage.stop();
        if random.chance(700) { self.storage.crash() } else { self.storage.restart() }
    }

    /// Reads everything, as a start does.
    ///
    /// # Panics
    ///
    /// What is there cannot be read: no crash leaves anything like that.
    pub fn load(&self, keyspace: &Keyspace, now_ms: u64) -> Loaded {
        // On a good disk: what a start writes before this is what another one removes.
        remove_unfinished(&self.storage).expect("a good disk");
        let found = find(&self.storage).expect("good headers");
        let mut state = Replay::default();
        if let Some(snapshot) = &found.snapshot {
            let reader = SnapshotReader::open(&self.storage, &snapshot.file);
            let mut reader = reader.expect("a good header");
            while let Some(block) = reader.next_block().expect("a good block") {
                let bytes = block.open().expect("a good block");
                let read = match block.kind {
                    STATES_BLOCK => {
                        let states = States { bytes: &bytes, count: block.entries };
                        merge(keyspace, states, Part::WHOLE, now_ms).map(drop)
                    }
                    kind => state.apply(keyspace, kind, &bytes, now_ms),
                };
                read.expect("what was written");
            }
        }
        let recovered = replay(&self.storage, &found, |record| {
            let read = state.apply(keyspace, record.kind, record.payload, now_ms);
            read.expect("what was written");
        });
        let recovered = recovered.expect("nothing durable is damaged");
        Loaded { found, recovered, memory: state.into_memory() }
    }
}

impl Log {
    /// Goes on with what was read. Nothing of it may be told before a commit.
    pub fn open(disk: &Disk, written_by: Identity, loaded: &Loaded, mut random: Random) -> Log {
        let Found { snapshot, segments, .. } = &loaded.found;
        let snapshot = snapshot.iter().map(|snapshot| snapshot.header.identity);
        let mut kept = snapshot.chain(segments.iter().map(|segment| segment.header.identity));
        let identity = kept.next().unwrap_or(written_by);
        let settings = Settings {
            segment_bytes: random.pick(&[600, 5_000, 100_000]),
            held_bytes_max: random.pick(&[2_000, 100_000]),
        };
        let (storage, seed) = (disk.storage.clone(), random.next());
        let writer = Writer::open(storage.clone(), settings, identity, seed, &loaded.recovered);
        let writer = writer.expect("what was just read");
        let (rest, groups) = (VecDeque::new(), VecDeque::new());
        Log { storage, writer, rest, groups, snapshot: None, random }
    }

    /// Whether something waits to become durable.
    pub fn is_writing(&self) -> bool {
        !self.groups.is_empty()
    }

    /// Whether all that was taken is appended.
    pub fn has_all(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is there after a drain: `drain`.
    pub fn take(&mut self, group: Group, drain: u64, last_stamp: u64) {
        let Group { number, records } = group;
        self.rest = records.into();
        self.groups.push_back(Appended { group: number, record: None, drain, last_stamp });
        self.append();
        if self.random.chance(300) {
            // As `everysec` does. Whether that worked is seen when it is made durable.
            let _ = self.writer.write();
        }
    }

    fn append(&mut self) {
        while let Some(Record { kind, payload }) = self.rest.front() {
            let kind = RecordKind::new(*kind).expect("a kind of the journal's");
            match self.writer.append(kind, payload) {
                Ok(_) => drop(self.rest.pop_front()),
                Err(Refused::Full { .. }) => return,
                Err(error) => panic!("{error}"),
            }
        }
        if let Some(last) = self.groups.back_mut().filter(|last| last.record.is_none()) {
            last.record = Some(self.writer.appended());
        }
    }

    /// Makes durable what was taken; false: not all of it is.
    pub fn commit(&mut self) -> bool {
        while self.writer.commit().is_ok() {
            if self.has_all() {
                return true;
            }
            self.append();
        }
        if self.random.chance(300) {
            // There is room again.
            self.storage.set_faults(Faults::default());
        }
        false
    }

    /// The next group that has become durable.
    pub fn take_durable(&mut self) -> Option<Appended> {
        let durable = self.writer.durable();
        let is_durable = |first: &Appended| first.record.is_some_and(|record| record <= durable);
        self.groups.front().is_some_and(is_durable).then(|| self.groups.pop_front())?
    }

    /// What goes wrong from now on.
    pub fn trouble(&mut self) {
        let random = &mut self.random;
        let faults = match random.below(8) {
            0 => Faults { sync_permille: 200, ..Faults::default() },
            1 => Faults { sync_permille: 50, change_permille: 50, ..Faults::default() },
            2 => {
                let capacity_bytes = Some(self.storage.used_bytes() + random.index(6_000));
                Faults { capacity_bytes, ..Faults::default() }
            }
            _ => Faults::default(),
        };
        self.storage.set_faults(faults);
    }

    /// Ends in the middle of what it was doing. Nobody is told of what became durable.
    pub fn end(mut self, disk: &Disk) {
        let fuse = Some(1 + self.random.below(12));
        self.storage.set_faults(Faults { fuse, ..Faults::default() });
        let _ = self.writer.commit();
        if let Some(snapshot) = self.snapshot.take_if(|snapshot| snapshot.is_whole()) {
            snapshot.finish(&self.storage);
        }
        self.storage.stop();
        let mut random = self.random.clone();
        drop(self);
        disk.end(&mut random);
    }
}
