//! A snapshot that is taken while its node serves, part by part.

use super::faulty_storage::FaultyStorage;
use headcount::log::{Block, Compression, Header, SnapshotWriter, remove_covered};
use headcount::replication::{Progress, Record, Saving, StateBlock};
use headcount::store::Keyspace;
use std::collections::VecDeque;

/// Blocks of states; others hold a record of their kind.
pub const STATES_BLOCK: u8 = 0;
/// Blocks have about so many bytes.
const BLOCK_BYTES: usize = 500;
/// The parts are visited in so many steps.
const STEPS: usize = 4;

pub struct Snapshot {
    writer: SnapshotWriter<FaultyStorage>,
    number: u64,
    /// `None`: all parts are saved.
    saving: Option<Saving>,
    /// Database and part.
    left: VecDeque<(u16, u32)>,
    step_parts: usize,
    /// The drain that has, whole, what parts may have half of.
    seen: u64,
    is_whole: bool,
}

/// How it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Saving,
    /// For the log, which has to have as much as the states.
    Waiting,
    /// It is there, or there will be none.
    Over,
}

impl Snapshot {
    /// `memory`: what the node knew when all before the header's number was taken.
    pub fn begin(
        storage: &FaultyStorage,
        header: Header,
        memory: Record,
        keyspace: &Keyspace,
    ) -> Option<Snapshot> {
        let writer = SnapshotWriter::create(storage.clone(), header).ok()?;
        let databases = keyspace.databases_in_use().into_iter();
        let parts = databases.flat_map(|db| (0..keyspace.parts()).map(move |part| (db, part)));
        let left: VecDeque<_> = parts.collect();
        let mut snapshot = Snapshot {
            writer,
            number: header.number,
            saving: Some(Saving::new(keyspace.last_stamp())),
            step_parts: left.len().div_ceil(STEPS),
            left,
            seen: 0,
            is_whole: false,
        };
        snapshot.add(memory.kind, 1, memory.payload).then_some(snapshot)
    }

    /// Goes on for a bit.
    pub fn step(&mut self, keyspace: &Keyspace, progress: &Progress) -> Stage {
        if let Some(mut saving) = self.saving.take() {
            let step: Vec<_> = self.left.drain(..self.step_parts.min(self.left.len())).collect();
            if !step.iter().all(|(db, part)| self.save(&mut saving, keyspace, *db, *part)) {
                return Stage::Over;
            }
            if !self.left.is_empty() {
                self.saving = Some(saving);
                return Stage::Saving;
            }
            let states = self.add_states(saving.take());
            let sealed = saving.finish();
            if !states || !sealed.is_none_or(|record| self.add(record.kind, 1, record.payload)) {
                return Stage::Over;
            }
            self.seen = progress.seen(keyspace);
        }
        self.is_whole = progress.durable() >= self.seen;
        if self.is_whole { Stage::Over } else { Stage::Waiting }
    }

    fn save(&mut self, saving: &mut Saving, keyspace: &Keyspace, db: u16, part: u32) -> bool {
        let saved = keyspace.save(db, part, |name, state, sealed| {
            assert!(saving.push(db, name, state, sealed), "a key that is too large");
            match saving.bytes() >= BLOCK_BYTES {
                true => self.add_states(saving.take()).then_some(()).ok_or(()),
                false => Ok(()),
            }
        });
        saved.is_ok()
    }

    /// Whether a start may rely on it.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Finishes it, and removes what it covers.
    pub fn finish(self, storage: &FaultyStorage) {
        if self.writer.finish().is_ok() {
            // What is left is removed by the next one.
            let _ = remove_covered(storage, self.number);
        }
    }

    fn add_states(&mut self, states: StateBlock) -> bool {
        states.count == 0 || self.add(STATES_BLOCK, states.count, states.bytes)
    }

    fn add(&mut self, kind: u8, entries: u32, bytes: Vec<u8>) -> bool {
        let block = Block::seal(kind, entries, bytes, Compression::Lz4).expect("a short one");
        self.writer.add(&block).is_ok()
    }
}
