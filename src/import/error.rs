//! What ends an import, or spoils it.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::rdb::{Damage, ReadError};
use crate::remote::RemoteError;

/// Why an import did not do all that it was asked to. The text is what a user is to see.
#[derive(Debug, Error)]
pub enum ImportError {
    #[error("{}: {error}", file.display())]
    Open { file: PathBuf, error: io::Error },
    #[error("{}, {damage}", file.display())]
    Damaged { file: PathBuf, damage: Damage },
    #[error(transparent)]
    Remote(#[from] RemoteError),
    #[error("'{key}' and all that follows was refused: {reason}")]
    Stopped { key: String, reason: String },
    #[error("{0}\n{1} keys had been imported before that. Importing again does no harm.")]
    Ended(Box<ImportError>, u64),
    #[error("{0} keys were not imported; see above")]
    Refusals(u64),
}

impl ImportError {
    pub(super) fn file(file: &Path, error: ReadError<io::Error>) -> ImportError {
        let file = file.to_owned();
        match error {
            ReadError::Damaged(damage) => ImportError::Damaged { file, damage },
            ReadError::Source(error) => ImportError::Open { file, error },
        }
    }

    /// Whether the connection to the server is as good as it was.
    pub(super) fn is_of_file(&self) -> bool {
        matches!(self, ImportError::Open { .. } | ImportError::Damaged { .. })
    }
}
