//! `headcount dump` and `headcount restore`: all keys of a running server to a file, and back. What may be
//! merged and why is in docs/design/backup.md.

mod check;
mod dump;
mod error;
mod file;
mod restore;
mod retry;
mod summary;

pub use check::check;
pub use dump::dump;
pub use error::BackupError;
pub use file::{BackupReader, BackupWriter, Saved};
pub use restore::restore;
