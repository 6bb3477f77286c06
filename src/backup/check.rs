//! `headcount check FILE`: what is in a backup, in words.

use std::io;
use std::path::Path;

use super::error::BackupError;
use super::file::{BackupReader, Input};
use crate::remote::{grouped, shown};
use crate::replication::Payload;

/// Reads a backup through, every key of it.
///
/// # Errors
/// It is damaged, or cannot be read.
pub fn check(path: &Path) -> Result<String, BackupError> {
    let input = Input::open(Some(path))?;
    let mut reader = BackupReader::open(&input.name, io::BufReader::new(&input.file))?;
    let mut unreadable = String::new();
    let totals = reader.each(|key, _| {
        if let Err(error) = Payload::open(key.payload) {
            unreadable += &format!("  {} of database {}: {error}\n", shown(key.name), key.db);
        }
        Ok::<(), BackupError>(())
    })?;
    let header = reader.header();
    Ok(format!(
        "{}: {} bytes: a backup of {} keys in {} blocks, begun at {} ms on node {:08x}\n{unreadable}",
        input.name,
        reader.offset(),
        grouped(totals.entries),
        totals.blocks,
        header.number,
        header.identity.node
    ))
}
