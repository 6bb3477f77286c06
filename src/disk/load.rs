//! The start: what is on disk goes into the store.

use super::files::Files;
use super::tail;
use crate::log::{Recovered, SnapshotReader, StoredBlock};
use crate::node::Node;
use crate::node::clock::unix_ms;
use crate::replication::batch::States;
use crate::replication::replay::{self, Replay};
use crate::replication::saving::{self, SIZES};
use crate::replication::{Fault, Memory};
use crate::store::Part;
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
    let recovered = tail::read(node, files, &mut load.replay, &mut load.progress)?;
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
    let merge = |block: StoredBlock| {
        let bytes = block.open().map_err(|error| error.to_string())?;
        let states = States { bytes: &bytes, count: block.entries };
        // A snapshot has keys whole, so nothing is missed.
        replay::merge(&node.keyspace, states, Part::WHOLE, unix_ms())
            .map(drop)
            .map_err(|fault| at_block(file, &block, &fault))
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

/// How many threads there are work for.
pub(super) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

struct Load<'n> {
    node: &'n Node,
    replay: Replay,
    progress: Progress<'n>,
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
        let progress = Progress { node, told: Instant::now() };
        Load { node, replay: Replay::default(), progress }
    }

    /// Blocks of states are opened and merged by several threads, in any order. What stands before the
    /// first of them is read before them, and what follows is of all.
    fn snapshot(&mut self, files: &Files, file: &str) -> Result<(), String> {
        let mut reader =
            SnapshotReader::open(&files.directory, file).map_err(|error| error.to_string())?;
        let threads = threads();
        let (sender, blocks) = bounded::<StoredBlock>(2 * threads);
        let node = self.node;
        let others = std::thread::scope(|scope| {
            let work = || merge_all(node, file, &blocks);
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let others = self.hand_out(&mut reader, file, &sender);
            drop(sender);
            let ends = workers.into_iter().map(|worker| {
                worker.join().unwrap_or_else(|_| Err("a panic while loading".to_owned()))
            });
            ends.collect::<Result<Vec<()>, String>>().and(others)
        })?;
        others.iter().try_for_each(|block| self.other(file, block, reader.offset()))
    }

    /// Reads all blocks, hands out those of states, and returns the others that follow these.
    fn hand_out(
        &mut self,
        reader: &mut SnapshotReader<File>,
        file: &str,
        states: &Sender<StoredBlock>,
    ) -> Result<Vec<StoredBlock>, String> {
        let (mut others, mut any_states) = (Vec::new(), false);
        while let Some(block) = reader.next_block().map_err(|error| error.to_string())? {
            self.progress.add(block.bytes())?;
            if block.kind == STATES_BLOCK {
                any_states = true;
                states.send(block).map_err(|_| "nobody takes what is loaded")?;
            } else if any_states {
                others.push(block);
            } else {
                self.other(file, &block, reader.rest())?;
            }
        }
        Ok(others)
    }

    /// A block of a snapshot of so many bytes that is not of states.
    fn other(&mut self, file: &str, block: &StoredBlock, bytes: u64) -> Result<(), String> {
        let payload = block.open().map_err(|error| error.to_string())?;
        let keyspace = &self.node.keyspace;
        let read = match block.kind {
            // A key takes a byte at least.
            SIZES => saving::make_room(keyspace, &payload, bytes),
            kind => self.replay.apply(keyspace, kind, &payload, unix_ms()),
        };
        read.map_err(|fault| at_block(file, block, &fault))
    }
}

/// How far it is, for INFO and for who reads the log.
pub(super) struct Progress<'n> {
    node: &'n Node,
    told: Instant,
}

impl Progress<'_> {
    /// So many bytes more are read.
    ///
    /// # Errors
    /// The node is to stop.
    pub fn add(&mut self, bytes: u64) -> Result<(), String> {
        if self.node.shutdown.requested().is_some() {
            return Err(STOPPED.to_owned());
        }
        let Some(disk) = &self.node.disk else { return Ok(()) };
        let figures = &disk.figures;
        let loaded = figures.loaded_bytes.fetch_add(bytes, Relaxed) + bytes;
        if self.told.elapsed() >= TELL_EVERY {
            self.told = Instant::now();
            let (done, all) = (loaded >> 20, figures.loading_bytes.load(Relaxed) >> 20);
            tracing::info!("Loading from disk: {done} of {all} MB");
        }
        Ok(())
    }
}
