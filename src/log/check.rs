//! Says what is in files, and what of it does not verify. Changes nothing.

use super::error::{Damage, Problem, ReadError};
use super::header::{FileKind, Header};
use super::names::{is_unfinished, parse_name};
use super::recovery::{Recovered, find, replay};
use super::salvage::{Dropped, salvage_segment, salvage_snapshot};
use super::segment_reader::SegmentReader;
use super::snapshot::{SnapshotReader, Totals};
use super::storage::{ReadAt, Storage};

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileReport {
    pub file: String,
    pub bytes: u64,
    pub contents: Contents,
    /// What does not verify, in order.
    pub bad: Vec<Dropped>,
}

/// What a file is, and what verifies of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    Segment {
        header: Header,
        records: u64,
        /// The last record; the one before the first if there is none.
        last: u64,
        /// Records that an earlier repair had to leave out.
        left_out: u64,
    },
    Snapshot {
        header: Header,
        totals: Totals,
    },
    /// It was being written when something ended that, and is not used.
    Unfinished,
    /// Nothing can be read without the header.
    Unreadable(Problem),
}

/// What is in a directory.
#[derive(Debug)]
pub struct DirectoryReport {
    /// In the order of their names.
    pub files: Vec<FileReport>,
    /// What a start would say.
    pub start: Result<Recovered, ReadError>,
}

/// Looks at everything in a directory that is the log's.
///
/// # Errors
/// The system's; what is damaged is reported.
pub fn check<S: Storage>(storage: &S) -> Result<DirectoryReport, ReadError> {
    let mut names = storage.list().map_err(ReadError::io("The directory"))?;
    names.retain(|name| parse_name(name).is_some() || is_unfinished(name));
    names.sort_unstable();
    let files = names.iter().map(|name| check_file(storage, name)).collect::<Result<_, _>>()?;
    Ok(DirectoryReport { files, start: try_start(storage) })
}

/// Looks at one file; a segment is read to where the next one of the directory begins.
///
/// # Errors
/// The system's; what is damaged is reported.
pub fn check_file<S: Storage>(storage: &S, name: &str) -> Result<FileReport, ReadError> {
    let checked = match parse_name(name) {
        _ if is_unfinished(name) => Ok((Contents::Unfinished, Vec::new())),
        Some((FileKind::Snapshot, _)) => check_snapshot(storage, name),
        Some((FileKind::Segment, _)) => check_segment(storage, name),
        None => Ok((Contents::Unreadable(Problem::NotOurs), Vec::new())),
    };
    let (contents, bad) = match checked {
        Err(ReadError::Damaged(Damage { problem, .. })) => {
            (Contents::Unreadable(problem), Vec::new())
        }
        checked => checked?,
    };
    Ok(FileReport { file: name.to_owned(), bytes: bytes(storage, name)?, contents, bad })
}

/// Reads all that a start reads, and keeps nothing.
///
/// # Errors
/// What the start would fail with.
pub fn try_start<S: Storage>(storage: &S) -> Result<Recovered, ReadError> {
    let found = find(storage)?;
    if let Some(snapshot) = &found.snapshot {
        SnapshotReader::open(storage, &snapshot.file)?.read_through()?;
    }
    replay(storage, &found, |_| {})
}

type Checked = Result<(Contents, Vec<Dropped>), ReadError>;

fn check_segment<S: Storage>(storage: &S, name: &str) -> Checked {
    let mut reader = SegmentReader::open(storage, name)?;
    let mut records = 0;
    let bad = salvage_segment(&mut reader, next_segment(storage, name)?, |_| records += 1)?;
    let (header, last) = (reader.header(), reader.next_number() - 1);
    Ok((Contents::Segment { header, records, last, left_out: reader.left_out() }, bad))
}

fn check_snapshot<S: Storage>(storage: &S, name: &str) -> Checked {
    let mut reader = SnapshotReader::open(storage, name)?;
    let mut totals = Totals::default();
    let bad = salvage_snapshot(&mut reader, |block| {
        totals.blocks += 1;
        totals.entries += u64::from(block.entries);
    })?;
    Ok((Contents::Snapshot { header: reader.header(), totals }, bad))
}

/// The first record of the segment that follows in the directory.
pub(super) fn next_segment<S: Storage>(storage: &S, name: &str) -> Result<Option<u64>, ReadError> {
    let names = storage.list().map_err(ReadError::io("The directory"))?;
    let own = parse_name(name);
    let later = names.iter().filter_map(|name| parse_name(name)).filter(|(kind, number)| {
        *kind == FileKind::Segment && own.is_some_and(|(_, own)| *number > own)
    });
    Ok(later.map(|(_, number)| number).min())
}

fn bytes<S: Storage>(storage: &S, name: &str) -> Result<u64, ReadError> {
    storage.open(name).and_then(|file| file.bytes()).map_err(ReadError::io(name))
}
