//! The files of a node, found and locked, before anything of them is read.

use super::lock::DirectoryLock;
use crate::config::Config;
use crate::log::{Directory, Found, Identity, ReadError, find, remove_unfinished};
use std::io;

/// Why a node with `appendonly yes` cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("Cannot use {directory} for the log: {error}")]
    Directory { directory: String, error: io::Error },
    #[error("Another server keeps its data in {directory}: give this one another `dir`")]
    Locked { directory: String },
    #[error("Cannot start with the log in {directory}: {error}")]
    Unreadable { directory: String, error: ReadError },
}

/// What is in `dir`, for as long as this lives for this process only.
#[derive(Debug)]
pub struct Files {
    pub(super) directory: Directory,
    pub(super) found: Found,
    /// Held for as long as this lives.
    _lock: DirectoryLock,
}

impl Files {
    /// Looks at what there is; `None`: the node keeps its data in memory only.
    ///
    /// # Errors
    /// The directory cannot be used, or files in it do not belong together.
    pub fn open(config: &Config) -> Result<Option<Files>, StartError> {
        if !config.appendonly {
            return Ok(None);
        }
        let shown = || config.dir.display().to_string();
        let trouble = |error| StartError::Directory { directory: shown(), error };
        let lock = DirectoryLock::take(&config.dir).map_err(trouble)?;
        let lock = lock.ok_or_else(|| StartError::Locked { directory: shown() })?;
        let directory = Directory::new(config.dir.clone());
        remove_unfinished(&directory).map_err(trouble)?;
        let found = find(&directory)
            .map_err(|error| StartError::Unreadable { directory: shown(), error })?;
        Ok(Some(Files { directory, found, _lock: lock }))
    }

    /// Whether there is anything from an earlier start.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.header().is_some()
    }

    /// Who has written the files, if there are any.
    pub(super) fn header(&self) -> Option<Identity> {
        let Found { snapshot, segments, .. } = &self.found;
        let snapshot = snapshot.iter().map(|snapshot| snapshot.header.identity);
        snapshot.chain(segments.iter().map(|segment| segment.header.identity)).next()
    }
}
