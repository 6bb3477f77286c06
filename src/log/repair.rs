//! Writes what verifies of a damaged log to another directory, and says what was dropped.
//!
//! Numbers stay what they are: where records are missing, the copy says so by a gap. So a repaired
//! file can stand in for the damaged one.

use super::check::{next_segment, try_start};
use super::error::{Damage, Problem, ReadError};
use super::header::{FileKind, Header, Identity};
use super::names::{file_name, parse_name};
use super::recovery::Recovered;
use super::salvage::{Dropped, salvage_snapshot};
use super::snapshot::{SnapshotError, SnapshotReader, SnapshotWriter};
use super::storage::Storage;
use super::writer::{Fault, Salts};
use super::{segment_copy, segment_reader};
use thiserror::Error;

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepairedFile {
    pub file: String,
    /// Records or blocks that were kept.
    pub kept: u64,
    pub dropped: Vec<Dropped>,
    /// Why nothing at all was kept.
    pub unreadable: Option<Problem>,
    /// How many records had a number in this file and are not in the copy.
    pub left_out: u64,
}

/// What became of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepairedDirectory {
    /// Of the files that a start needs; others are not copied.
    pub files: Vec<RepairedFile>,
    /// What a start says of the copy.
    pub start: Recovered,
}

/// Why a repair failed.
#[derive(Debug, Error)]
pub enum RepairError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error("{file} is already where the repaired one shall be")]
    Taken { file: String },
    #[error("there is no file whose header can be read")]
    Nothing,
}

/// A repair from one directory to another.
struct Repair<'a, S, T> {
    from: &'a S,
    into: &'a T,
    salts: Salts,
    files: Vec<RepairedFile>,
}

/// Repairs everything that a start needs. `seed`: another one each time.
///
/// # Errors
/// The system's, or a file of a newer version.
pub fn repair<S: Storage, T: Storage + Clone>(
    from: &S,
    into: &T,
    seed: u64,
) -> Result<RepairedDirectory, RepairError> {
    refuse_if_taken(into, |name| parse_name(name).is_some())?;
    let names = from.list().map_err(ReadError::io("The directory"))?;
    let mut files: Vec<_> = names.iter().filter_map(|name| parse_name(name)).collect();
    files.sort_unstable();
    let mut repair = Repair { from, into, salts: Salts::new(seed), files: Vec::new() };
    let identity = repair.identity(&files)?;
    let of = |wanted| move |(kind, number): &(FileKind, u64)| (*kind == wanted).then_some(*number);
    let first = repair.newest_snapshot(files.iter().filter_map(of(FileKind::Snapshot)).rev())?;
    let segments: Vec<u64> = files.iter().filter_map(of(FileKind::Segment)).collect();
    repair.segments(&segments, first, identity)?;
    Ok(RepairedDirectory { files: repair.files, start: try_start(into)? })
}

/// Repairs one file. The copy has the same name.
///
/// # Errors
/// The system's, or nothing of the file can be read.
pub fn repair_file<S: Storage, T: Storage + Clone>(
    from: &S,
    name: &str,
    into: &T,
    seed: u64,
) -> Result<RepairedFile, RepairError> {
    refuse_if_taken(into, |taken| taken == name)?;
    let mut salts = Salts::new(seed);
    match parse_name(name) {
        Some((FileKind::Snapshot, _)) => repair_snapshot(from, name, into, salts.take()),
        Some((FileKind::Segment, _)) => {
            let end = next_segment(from, name)?;
            segment_copy::copy(from, name, end, into, salts.take())
        }
        None => Err(ReadError::damaged(name, 0, Problem::NotOurs).into()),
    }
}

impl<S: Storage, T: Storage + Clone> Repair<'_, S, T> {
    /// Whose log it is.
    fn identity(&self, files: &[(FileKind, u64)]) -> Result<Identity, RepairError> {
        for (kind, number) in files.iter().rev() {
            match segment_reader::open(self.from, &file_name(*kind, *number), *kind) {
                Ok((_, header)) => return Ok(header.identity),
                Err(error) => drop(unreadable(error.into())?),
            }
        }
        Err(RepairError::Nothing)
    }

    /// The newest snapshot that can be read; returns the first record that it does not cover.
    fn newest_snapshot(
        &mut self,
        newest_first: impl Iterator<Item = u64>,
    ) -> Result<u64, RepairError> {
        for number in newest_first {
            let file = file_name(FileKind::Snapshot, number);
            match repair_snapshot(self.from, &file, self.into, self.salts.take()) {
                Ok(repaired) => {
                    self.files.push(repaired);
                    return Ok(number);
                }
                Err(error) => {
                    let unreadable = Some(unreadable(error)?);
                    self.files.push(RepairedFile { file, unreadable, ..RepairedFile::default() });
                }
            }
        }
        Ok(1)
    }

    /// The segments from record `first` on, and segments without records where there are none.
    fn segments(
        &mut self,
        numbers: &[u64],
        first: u64,
        identity: Identity,
    ) -> Result<(), RepairError> {
        let ends = numbers.iter().skip(1).copied().map(Some).chain([None]);
        let needed = || numbers.iter().copied().zip(ends.clone());
        let mut needed = needed().filter(|(_, end)| end.is_none_or(|end| end > first)).peekable();
        match needed.peek() {
            Some((number, _)) if *number <= first => {}
            other => {
                let end = other.map(|(number, _)| *number);
                self.gap(first, end, identity, Problem::NoLog)?;
            }
        }
        for (number, end) in needed {
            let name = file_name(FileKind::Segment, number);
            match segment_copy::copy(self.from, &name, end, self.into, self.salts.take()) {
                Ok(repaired) => self.files.push(repaired),
                Err(error) => self.gap(number, end, identity, unreadable(error)?)?,
            }
        }
        Ok(())
    }

    fn gap(
        &mut self,
        number: u64,
        end: Option<u64>,
        identity: Identity,
        problem: Problem,
    ) -> Result<(), RepairError> {
        let header = Header { identity, number, salt: self.salts.take() };
        let repaired = segment_copy::gap(header, end, self.into)?;
        self.files.push(RepairedFile { unreadable: Some(problem), ..repaired });
        Ok(())
    }
}

fn repair_snapshot<S: Storage, T: Storage + Clone>(
    from: &S,
    name: &str,
    into: &T,
    salt: u64,
) -> Result<RepairedFile, RepairError> {
    let mut reader = SnapshotReader::open(from, name)?;
    let mut writer = SnapshotWriter::create(into.clone(), Header { salt, ..reader.header() })?;
    let mut kept = 0;
    let mut fault = None;
    let dropped = salvage_snapshot(&mut reader, |block| {
        if fault.is_none() {
            kept += 1;
            fault = writer.add(block.sealed()).err();
        }
    })?;
    fault.map_or(Ok(()), Err)?;
    writer.finish()?;
    Ok(RepairedFile { file: name.to_owned(), kept, dropped, ..RepairedFile::default() })
}

fn refuse_if_taken<T: Storage>(
    into: &T,
    is_taken: impl Fn(&str) -> bool,
) -> Result<(), RepairError> {
    let names = into.list().map_err(ReadError::io("The directory"))?;
    let taken = names.into_iter().find(|name| is_taken(name));
    taken.map_or(Ok(()), |file| Err(RepairError::Taken { file }))
}

/// Why nothing of a file can be read, if that is so and is for good.
fn unreadable(error: RepairError) -> Result<Problem, RepairError> {
    match error {
        RepairError::Read(ReadError::Damaged(Damage {
            problem: problem @ Problem::NewerVersion { .. },
            file,
            offset,
        })) => Err(ReadError::damaged(&file, offset, problem).into()),
        RepairError::Read(ReadError::Damaged(Damage { problem, .. })) => Ok(problem),
        error => Err(error),
    }
}
