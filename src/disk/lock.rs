//! One process at a time works with a directory.

use rustix::fs::{FlockOperation, flock};
use std::fs::File;
use std::io;
use std::path::Path;

/// Held for as long as it lives; the system takes it back from a process that dies.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// `None`: another process has it.
    ///
    /// # Errors
    /// The lock file cannot be made.
    pub fn take(directory: &Path) -> io::Result<Option<DirectoryLock>> {
        let path = directory.join("headcount.lock");
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(DirectoryLock { _file: file })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
