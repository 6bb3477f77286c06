//! What ends a dump or a restore, or spoils it.

use std::io;

use thiserror::Error;

use crate::log::ArchiveError;
use crate::remote::RemoteError;

/// Why a backup was not made, or not all of it restored. The text is what a user is to see.
#[derive(Debug, Error)]
pub enum BackupError {
    #[error("A terminal shows no backup: headcount dump > FILE")]
    Terminal,
    #[error("{name} cannot be opened: {error}")]
    Open { name: String, error: io::Error },
    #[error("{name} is no whole backup: {error}")]
    Damaged { name: String, error: ArchiveError },
    #[error("{name}: what stands in the block that ends at byte {offset} makes no sense")]
    Nonsense { name: String, offset: u64 },
    #[error(transparent)]
    Remote(#[from] RemoteError),
    #[error("The backup cannot be written: {0}")]
    Write(io::Error),
    #[error("{0} is too large for a backup")]
    TooLarge(String),
    #[error("{key} and all that follows was refused: {reason}")]
    Stopped { key: String, reason: String },
    #[error("{0}\n{1} keys had been restored before that. Restoring again does no harm.")]
    Ended(Box<BackupError>, u64),
    #[error("{0} keys were not restored; see above")]
    Refusals(u64),
}
