//! The start: what is on disk goes into the store.

use super::files::Files;
use crate::log::{Recovered, SnapshotReader, StoredBlock, replay};
use crate::node::Node;
use crate::node::clock::unix_ms;
use crate::replication::{Fault, Memory, Replay};
use crossbeam::channel::{Receiver, Sender, bounded};
use std::fs::File;
use std::num::NonZeroUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Blocks of a snapshot that hold states; others hold a record of their kind.
pub const STATES_BLOCK: u8 = 0;

const STOPPED: &str = "it was told to stop while it was loading";

/// How often a long load says how far it is.
const TELL_EVERY: Duration = Duration::from_secs(2);

/// What was read.
pub struct Loaded {
    pub recovered: Recovered,
    /// `None`: there was nothing.
    pub memory: Option<Memory>,
}

/// Reads everything into the node's store.
///
/// # Errors
/// What is wrong, with the file, the place and what to do.
pub fn load(node: &Node, files: &Files) -> Result<Loaded, String> {
    let begun = Instant::now();
    let mut load = Load::new(node, files);
    if let Some(snapshot) = &files.found.snapshot {
        load.snapshot(files, &snapshot.file)?;
    }
    let recovered = load.segments(files)?;
    if let Some(torn) = &recovered.torn_tail {
        tracing::warn!("{torn}");
    }
    if recovered.left_out > 0 {
        tracing::warn!("A repair had left out {} records of the log", recovered.left_out);
    }
    let memory = load.replay.into_memory();
    if files.is_kept() {
        let bytes = node.disk.as_ref().map_or(0, |disk| disk.figures.loading_bytes.load(Relaxed));
        tracing::info!(
            "Loaded {bytes} bytes from disk: {:.3} seconds",
            begun.elapsed().as_secs_f64()
        );
    }
    Ok(Loaded { recovered, memory })
}

/// Merges blocks of states until there are no more.
fn merge_all(node: &Node, file: &str, blocks: &Receiver<StoredBlock>) -> Result<(), String> {
    let mut replay = Replay::default();
    let mut merge = |block: StoredBlock| {
        let bytes = block.open().map_err(|error| error.to_string())?;
        let merged = replay.states(&node.keyspace, &bytes, block.entries, unix_ms());
        merged.map_err(|fault| at_block(file, &block, &fault))
    };
    let mut result = Ok(());
    for block in blocks {
        // After an error they are taken all the same, or whoever hands them out would wait.
        result = result.and_then(|()| merge(block));
    }
    result
}

fn at_block(file: &str, block: &StoredBlock, fault: &Fault) -> String {
    format!("{file}, byte {}: {fault}; `headcount check` tells more", block.offset)
}

struct Load<'n> {
    node: &'n Node,
    replay: Replay,
    told: Instant,
}

impl Load<'_> {
    fn new<'n>(node: &'n Node, files: &Files) -> Load<'n> {
        let snapshot = files.found.snapshot.iter().map(|snapshot| snapshot.bytes);
        let bytes = snapshot.chain(files.found.segments.iter().map(|segment| segment.bytes)).sum();
        if let Some(disk) = &node.disk {
            disk.figures.loading_bytes.store(bytes, Relaxed);
            let log_bytes = files.found.segments.iter().map(|segment| segment.bytes).sum();
            disk.figures.log_bytes.store(log_bytes, Relaxed);
        }
        Load { node, replay: Replay::default(), told: Instant::now() }
    }

    /// Blocks of states are opened and merged by several threads, in any order; what follows is of all.
    fn snapshot(&mut self, files: &Files, file: &str) -> Result<(), String> {
        let mut reader =
            SnapshotReader::open(&files.directory, file).map_err(|error| error.to_string())?;
        let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let (sender, blocks) = bounded::<StoredBlock>(2 * threads);
        let node = self.node;
        let others = std::thread::scope(|scope| {
            let work = || merge_all(node, file, &blocks);
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let others = self.hand_out(file, &mut reader, &sender);
            drop(sender);
            let ends = workers.into_iter().map(|worker| {
                worker.join().unwrap_or_else(|_| Err("a panic while loading".to_owned()))
            });
            ends.collect::<Result<Vec<()>, String>>().and(others)
        })?;
        others.iter().try_for_each(|block| self.apply(file, block))
    }

    fn apply(&mut self, file: &str, block: &StoredBlock) -> Result<(), String> {
        let bytes = block.open().map_err(|error| error.to_string())?;
        let applied = self.replay.apply(&self.node.keyspace, block.kind, &bytes, unix_ms());
        applied.map_err(|fault| at_block(file, block, &fault))
    }

    /// Reads all blocks, hands out those of states, and returns those behind the first of them that are not.
    fn hand_out(
        &mut self,
        file: &str,
        reader: &mut SnapshotReader<File>,
        states: &Sender<StoredBlock>,
    ) -> Result<Vec<StoredBlock>, String> {
        let (mut others, mut is_begun) = (Vec::new(), false);
        while let Some(block) = reader.next_block().map_err(|error| error.to_string())? {
            if self.node.shutdown.requested().is_some() {
                return Err(STOPPED.to_owned());
            }
            self.progress(block.bytes());
            is_begun |= block.kind == STATES_BLOCK;
            if block.kind != STATES_BLOCK && !is_begun {
                // What the node knew: who it is decides in which forms it holds keys.
                self.apply(file, &block)?;
            } else if block.kind != STATES_BLOCK {
                others.push(block);
            } else if states.send(block).is_err() {
                return Err("nobody takes what is loaded".to_owned());
            }
        }
        Ok(others)
    }

    fn segments(&mut self, files: &Files) -> Result<Recovered, String> {
        let mut failed = None;
        let recovered = replay(&files.directory, &files.found, |record| {
            if failed.is_some() {
                return;
            }
            if self.node.shutdown.requested().is_some() {
                failed = Some(STOPPED.to_owned());
            }
            let keyspace = &self.node.keyspace;
            if let Err(fault) = self.replay.apply(keyspace, record.kind, record.payload, unix_ms())
            {
                failed = Some(format!(
                    "record {} of the log: {fault}; `headcount check` tells more",
                    record.number
                ));
            }
            self.progress(record.payload.len() as u64);
        });
        let recovered = recovered.map_err(|error| error.to_string())?;
        match failed {
            None => Ok(recovered),
            Some(why) => Err(why),
        }
    }

    fn progress(&mut self, bytes: u64) {
        let Some(disk) = &self.node.disk else { return };
        let figures = &disk.figures;
        let loaded = figures.loaded_bytes.fetch_add(bytes, Relaxed) + bytes;
        if self.told.elapsed() >= TELL_EVERY {
            self.told = Instant::now();
            let (done, all) = (loaded >> 20, figures.loading_bytes.load(Relaxed) >> 20);
            tracing::info!("Loading from disk: {done} of {all} MB");
        }
    }
}
