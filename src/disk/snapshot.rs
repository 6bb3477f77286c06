//! Taking a snapshot while the node serves: part by part, on a thread of its own.

use crate::log::{
    Block, Compression, Directory, Fault, Header, SnapshotError, SnapshotWriter, remove_covered,
};
use crate::node::{Disk, Node};
use crate::replication::{Record, Saving, StateBlock, saving};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Blocks of states have about so many bytes.
const BLOCK_BYTES: usize = 256 << 10;
/// How often is looked whether the log has come as far as the states.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What a snapshot begins with, all of one moment.
pub struct Plan {
    pub header: Header,
    /// What the node knew when the first record that is not covered was next.
    pub memory: Record,
    /// Bytes of log that it makes superfluous.
    pub log_bytes: u64,
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("a key is too large")]
    TooLarge,
    #[error("the log cannot be written")]
    Log,
    #[error("the node stops")]
    Stopped,
    #[error("internal error")]
    Panicked,
}

/// Takes it, and tells how it went.
pub fn take(node: &Node, disk: &Disk, directory: &Directory, plan: Plan) {
    let (number, log_bytes) = (plan.header.number, plan.log_bytes);
    let written = guarded(|| write(node, disk, directory, plan));
    disk.cluster.engine.lock().hold_drops(false);
    match &written {
        Ok(bytes) => {
            tracing::info!("Snapshot {number} is there: {bytes} bytes");
            if let Err(error) = remove_covered(directory, number) {
                tracing::warn!("Cannot remove what the snapshot covers: {error}");
            }
        }
        Err(error) => {
            tracing::error!("There is no snapshot: {error}");
            disk.figures.log_bytes.fetch_add(log_bytes, Relaxed);
        }
    }
    disk.snapshots.end(written.ok());
}

/// A panic is a snapshot that failed: else none would ever be begun again.
fn guarded(write: impl FnOnce() -> Result<u64, Failed>) -> Result<u64, Failed> {
    catch_unwind(AssertUnwindSafe(write)).unwrap_or(Err(Failed::Panicked))
}

fn write(node: &Node, disk: &Disk, directory: &Directory, plan: Plan) -> Result<u64, Failed> {
    let mut writer = SnapshotWriter::create(directory.clone(), plan.header)?;
    let keyspace = &node.keyspace;
    for record in [plan.memory, saving::sizes(keyspace)] {
        add(&mut writer, record.kind, 1, record.payload)?;
    }
    let mut saving = Saving::new(keyspace.last_stamp());
    for db in keyspace.databases_in_use() {
        for part in 0..keyspace.parts() {
            if node.shutdown.requested().is_some() {
                return Err(Failed::Stopped);
            }
            keyspace.save(db, part, |name, state, sealed| {
                if !saving.push(db, name, state, sealed) {
                    return Err(Failed::TooLarge);
                }
                match saving.bytes() >= BLOCK_BYTES {
                    true => add_states(&mut writer, saving.take()),
                    false => Ok(()),
                }
            })?;
        }
    }
    add_states(&mut writer, saving.take())?;
    if let Some(record) = saving.finish() {
        add(&mut writer, record.kind, 1, record.payload)?;
    }
    until_logged(node, disk)?;
    let bytes = writer.bytes();
    writer.finish()?;
    Ok(bytes)
}

/// States may tell of half of what a command did: the log has to have the whole before a start may rely
/// on the snapshot.
fn until_logged(node: &Node, disk: &Disk) -> Result<(), Failed> {
    let progress = &disk.cluster.progress;
    let seen = progress.seen(&node.keyspace);
    while progress.durable() < seen {
        if node.shutdown.requested().is_some() {
            return Err(Failed::Stopped);
        }
        // Whoever waits for the snapshot is not to wait for room on the disk.
        if disk.failure().is_some() {
            return Err(Failed::Log);
        }
        disk.want_durable();
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

fn add_states(writer: &mut SnapshotWriter<Directory>, states: StateBlock) -> Result<(), Failed> {
    match states.count {
        0 => Ok(()),
        count => add(writer, super::load::STATES_BLOCK, count, states.bytes),
    }
}

fn add(
    writer: &mut SnapshotWriter<Directory>,
    kind: u8,
    entries: u32,
    bytes: Vec<u8>,
) -> Result<(), Failed> {
    let block = Block::seal(kind, entries, bytes, Compression::Lz4).ok_or(Failed::TooLarge)?;
    Ok(writer.add(&block)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_snapshot_that_failed() {
        assert!(matches!(guarded(|| panic!("a bug")), Err(Failed::Panicked)));
        assert!(matches!(guarded(|| Ok(1)), Ok(1)));
    }
}
