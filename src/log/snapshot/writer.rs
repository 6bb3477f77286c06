//! Writes a snapshot. It gets its name only when it is whole, durable and read back.

use super::block::{Block, Head};
use super::footer::{Footer, Totals};
use super::reader::SnapshotReader;
use crate::log::error::ReadError;
use crate::log::frame::Salted;
use crate::log::header::{FileKind, Header};
use crate::log::names::{file_name, unfinished};
use crate::log::storage::{Append, Storage};
use crate::log::writer::Fault;
use thiserror::Error;

/// Why a snapshot was not made.
#[derive(Debug, Error)]
pub enum SnapshotError {
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("the snapshot that was written cannot be read back: {0}")]
    Unreadable(#[from] ReadError),
    #[error("{read:?} of {written:?} can be read back")]
    Incomplete { written: Totals, read: Totals },
}

/// A snapshot that is being written. Dropped unfinished, it is removed.
#[derive(Debug)]
pub struct SnapshotWriter<S: Storage> {
    storage: S,
    name: String,
    file: S::Appender,
    salted: Salted,
    bytes: u64,
    footer: Footer,
    has_name: bool,
}

impl<S: Storage> SnapshotWriter<S> {
    /// `header.number`: the first record of the log that the snapshot will not cover. A snapshot of the
    /// same number is replaced.
    ///
    /// # Errors
    /// As the system says.
    pub fn create(storage: S, header: Header) -> Result<SnapshotWriter<S>, Fault> {
        let name = file_name(FileKind::Snapshot, header.number);
        let unfinished = unfinished(&name);
        let file = storage.create(&unfinished).map_err(Fault::at(&unfinished, "created"))?;
        let mut writer = SnapshotWriter {
            storage,
            name,
            file,
            salted: Salted::new(header.salt),
            bytes: 0,
            footer: Footer::default(),
            has_name: false,
        };
        writer.append(&header.encode(FileKind::Snapshot))?;
        Ok(writer)
    }

    /// # Errors
    /// As the system says. The snapshot cannot be finished then.
    pub fn add(&mut self, block: &Block) -> Result<(), Fault> {
        let head = Head::Block(block.head).encode(self.salted, self.bytes);
        self.append(&head)?;
        self.append(&block.stored)?;
        self.footer.add(&block.head);
        Ok(())
    }

    /// Bytes written so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Makes it durable, reads it back, and gives it its name. Returns how much is in it.
    ///
    /// # Errors
    /// There is no such snapshot, unless it was only not possible to make its name durable.
    pub fn finish(mut self) -> Result<Totals, SnapshotError> {
        let footer = Head::Footer(self.footer).encode(self.salted, self.bytes);
        self.append(&footer)?;
        let unfinished = unfinished(&self.name);
        self.file.sync().map_err(Fault::at(&unfinished, "synced"))?;
        let read = SnapshotReader::open(&self.storage, &unfinished)?.read_through()?;
        if read != self.footer.totals {
            return Err(SnapshotError::Incomplete { written: self.footer.totals, read });
        }
        self.storage.rename(&unfinished, &self.name).map_err(Fault::at(&unfinished, "renamed"))?;
        self.has_name = true;
        self.storage.sync_directory().map_err(Fault::at("The directory", "synced"))?;
        Ok(self.footer.totals)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.file.append(bytes).map_err(Fault::at(&self.name, "written"))?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }
}

impl<S: Storage> Drop for SnapshotWriter<S> {
    fn drop(&mut self) {
        if !self.has_name {
            // If that fails as well, the next start tries again.
            let _ = self.storage.remove(&unfinished(&self.name));
        }
    }
}
