//! Removes files that are not needed any more.

use super::header::FileKind;
use super::names::{file_name, is_unfinished, parse_name};
use super::storage::Storage;
use std::io;

/// Removes what a snapshot covers: older snapshots, and the segments that end before the first record
/// that it does not cover. Returns how many files. `number`: of a snapshot that was finished without an
/// error, or that was loaded at the start.
///
/// # Errors
/// As the system says; what is left is removed the next time.
pub fn remove_covered<S: Storage>(storage: &S, number: u64) -> io::Result<usize> {
    let mut files: Vec<_> = storage.list()?.iter().filter_map(|name| parse_name(name)).collect();
    files.sort_unstable();
    let of = |wanted| move |(kind, number): &(FileKind, u64)| (*kind == wanted).then_some(*number);
    let segments: Vec<u64> = files.iter().filter_map(of(FileKind::Segment)).collect();
    let ends = segments.iter().skip(1);
    let covered = segments.iter().zip(ends).filter(|(_, end)| **end <= number);
    let covered = covered.map(|(first, _)| file_name(FileKind::Segment, *first));
    let older = files.iter().filter_map(of(FileKind::Snapshot)).filter(|other| *other < number);
    let older = older.map(|number| file_name(FileKind::Snapshot, number));
    // It may have got its name just before the last process ended, and would lose it at a crash.
    storage.sync_directory()?;
    let mut removed = 0;
    for name in covered.chain(older) {
        storage.remove(&name)?;
        removed += 1;
    }
    Ok(removed)
}

/// Removes files that were never finished. Only for a start: a snapshot that is being taken is one.
///
/// # Errors
/// As the system says.
pub fn remove_unfinished<S: Storage>(storage: &S) -> io::Result<()> {
    storage
        .list()?
        .iter()
        .filter(|name| is_unfinished(name))
        .try_for_each(|name| storage.remove(name))
}
