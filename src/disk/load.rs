//! The start: what is on disk goes into the store.

use super::files::Files;
use crate::log::{Recovered, SnapshotReader, replay};
use crate::node::Node;
use crate::node::clock::unix_ms;
use crate::replication::{Fault, Memory, Replay};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Blocks of a snapshot that hold states; others hold a record of their kind.
pub const STATES_BLOCK: u8 = 0;

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

    fn snapshot(&mut self, files: &Files, file: &str) -> Result<(), String> {
        let mut reader =
            SnapshotReader::open(&files.directory, file).map_err(|error| error.to_string())?;
        while let Some(block) = reader.next_block().map_err(|error| error.to_string())? {
            let bytes = block.open().map_err(|error| error.to_string())?;
            self.block(block.kind, block.entries, &bytes)
                .map_err(|fault| format!("{file}, byte {}: {fault}", block.offset))?;
            self.progress(block.bytes());
        }
        Ok(())
    }

    fn block(&mut self, kind: u8, entries: u32, bytes: &[u8]) -> Result<(), Fault> {
        let (keyspace, now_ms) = (&self.node.keyspace, unix_ms());
        match kind {
            STATES_BLOCK => self.replay.states(keyspace, bytes, entries, now_ms),
            kind => self.replay.apply(keyspace, kind, bytes, now_ms),
        }
    }

    fn segments(&mut self, files: &Files) -> Result<Recovered, String> {
        let mut failed = None;
        let recovered = replay(&files.directory, &files.found, |record| {
            if failed.is_some() {
                return;
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
