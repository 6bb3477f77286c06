//! What a start finds: the snapshot to load, the segments to read, and whether all is there that was
//! durable.
//!
//! A record is *durable for certain* if a mark behind it or the header of a later segment says so. All
//! of these must be there. What follows the last good record is a torn tail if none of it was durable
//! for certain, and damage otherwise. See docs/design/file-format.md.

use super::error::{Problem, ReadError};
use super::header::{FileKind, Header};
use super::names::{file_name, parse_name};
use super::segment_reader::{self, Record, SegmentReader, Step};
use super::storage::Storage;
use std::fmt;

/// The files that a start needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub snapshot: Option<Snapshot>,
    /// In order. To be read by [`read_segment`], several at once if one likes, or by [`replay`].
    pub segments: Vec<Segment>,
    /// The first record that is needed: others are covered by the snapshot.
    pub from: u64,
}

/// A snapshot file, of which no more than the header was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub file: String,
    /// How long the file is.
    pub bytes: u64,
    pub header: Header,
}

/// A segment of which records are needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub file: String,
    /// How long the file is.
    pub bytes: u64,
    pub header: Header,
    /// The first record that counts.
    from: u64,
    /// The first record of the next segment: what this one says of it and later ones does not count.
    end: Option<u64>,
}

/// How the reading of a segment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentEnd {
    /// The record that would be next.
    next: u64,
    /// The last record that was durable for certain.
    durable: u64,
    offset: u64,
    /// Bytes of the file from `offset` on.
    rest: u64,
    /// Why they cannot be read.
    problem: Option<Problem>,
    left_out: u64,
}

/// What was being written when the node ended, and is cut off. To be warned of, by its `Display`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TornTail {
    pub file: String,
    pub offset: u64,
    pub bytes: u64,
}

/// A log that is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The last record, or the last that the snapshot covers.
    pub last: u64,
    /// The first record that may not be durable yet, and is written again.
    pub(super) uncertain_from: u64,
    /// Where these are.
    pub(super) last_segment: Option<Segment>,
    pub torn_tail: Option<TornTail>,
    /// Records that a repair had to leave out.
    pub left_out: u64,
}

impl fmt::Display for TornTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TornTail { file, offset, bytes } = self;
        write!(
            f,
            "{file} ends with {bytes} bytes, from byte {offset} on, that were being written when the \
             last process or the machine ended; they are cut off"
        )
    }
}

/// Looks at the names and headers of files.
///
/// # Errors
/// A header that cannot be read, or files that do not belong together.
pub fn find<S: Storage>(storage: &S) -> Result<Found, ReadError> {
    let names = storage.list().map_err(ReadError::io("The directory"))?;
    let mut files: Vec<_> = names.iter().filter_map(|name| parse_name(name)).collect();
    files.sort_unstable();
    let of = |wanted| move |(kind, number): &(FileKind, u64)| (*kind == wanted).then_some(*number);
    let snapshot = files.iter().filter_map(of(FileKind::Snapshot)).max();
    let firsts: Vec<u64> = files.iter().filter_map(of(FileKind::Segment)).collect();
    let snapshot = snapshot.map(|number| find_snapshot(storage, number)).transpose()?;
    let from = snapshot.as_ref().map_or(1, |snapshot| snapshot.header.number);
    let ends = firsts.iter().skip(1).copied().map(Some).chain([None]);
    let segments: Vec<Segment> = firsts
        .iter()
        .zip(ends)
        .filter(|(_, end)| end.is_none_or(|end| end > from))
        .map(|(first, end)| find_segment(storage, *first, end, from))
        .collect::<Result<_, _>>()?;
    let found = Found { snapshot, segments, from };
    found.check()?;
    Ok(found)
}

fn find_snapshot<S: Storage>(storage: &S, number: u64) -> Result<Snapshot, ReadError> {
    let file = file_name(FileKind::Snapshot, number);
    let (bytes, header) = named_header(storage, &file, FileKind::Snapshot, number)?;
    Ok(Snapshot { file, bytes, header })
}

fn find_segment<S: Storage>(
    storage: &S,
    first: u64,
    end: Option<u64>,
    from: u64,
) -> Result<Segment, ReadError> {
    let file = file_name(FileKind::Segment, first);
    let (bytes, header) = named_header(storage, &file, FileKind::Segment, first)?;
    Ok(Segment { file, bytes, header, from: from.max(first), end })
}

/// The length of a file, and its header, which must say what the name says.
fn named_header<S: Storage>(
    storage: &S,
    file: &str,
    kind: FileKind,
    number: u64,
) -> Result<(u64, Header), ReadError> {
    let (window, header) = segment_reader::open(storage, file, kind)?;
    if header.number == number {
        return Ok((window.position() + window.rest(), header));
    }
    Err(ReadError::damaged(file, 0, Problem::Misnamed { number: header.number }))
}

impl Found {
    fn check(&self) -> Result<(), ReadError> {
        let headers = self.snapshot.iter().map(|snapshot| (&snapshot.file, snapshot.header));
        let mut headers =
            headers.chain(self.segments.iter().map(|segment| (&segment.file, segment.header)));
        let Some((file, first)) = headers.next() else { return Ok(()) };
        let node = first.identity.node;
        if let Some((file, other)) = headers.find(|(_, header)| header.identity.node != node) {
            let node = other.identity.node;
            return Err(ReadError::damaged(file, 0, Problem::OtherNode { node }));
        }
        match self.segments.first() {
            None => Err(ReadError::damaged(file, 0, Problem::NoLog)),
            Some(segment) if segment.header.number > self.from => {
                let (from, to) = (self.from, segment.header.number - 1);
                let file = file_name(FileKind::Segment, from);
                Err(ReadError::damaged(&file, 0, Problem::Missing { from, to }))
            }
            Some(_) => Ok(()),
        }
    }
}

/// Reads all records that are needed, in order.
///
/// # Errors
/// The files cannot be read, or something that was durable is not there.
pub fn replay<S: Storage>(
    storage: &S,
    found: &Found,
    mut visit: impl FnMut(Record<'_>),
) -> Result<Recovered, ReadError> {
    let mut ends = Vec::new();
    for segment in &found.segments {
        ends.push(read_segment(storage, segment, &mut visit)?);
    }
    settle(found, &ends)
}

/// Reads the records of one segment that are needed.
///
/// # Errors
/// The file cannot be read, or, if another one follows, something in it.
pub fn read_segment<S: Storage>(
    storage: &S,
    segment: &Segment,
    mut visit: impl FnMut(Record<'_>),
) -> Result<SegmentEnd, ReadError> {
    let mut reader = SegmentReader::open(storage, &segment.file)?;
    let mut problem = None;
    while segment.end.is_none_or(|end| reader.next_number() < end) {
        match reader.step()? {
            Step::Record(record) if record.number >= segment.from => visit(record),
            Step::Record(_) => {}
            Step::End => break,
            Step::Bad(found) => {
                problem = Some(found);
                break;
            }
        }
    }
    let (offset, rest, next) = (reader.offset(), reader.rest(), reader.next_number());
    if segment.end.is_some_and(|end| next < end) {
        let problem = problem.unwrap_or(Problem::EndsBefore { number: next });
        return Err(ReadError::damaged(&segment.file, offset, problem));
    }
    if problem.is_some() {
        while reader.resume()?.next.is_some() {}
    }
    let (durable, left_out) = (reader.durable(), reader.left_out());
    Ok(SegmentEnd { next, durable, offset, rest, problem, left_out })
}

/// Puts together how the segments ended, in their order.
///
/// # Errors
/// Something that was durable is not there.
pub fn settle(found: &Found, ends: &[SegmentEnd]) -> Result<Recovered, ReadError> {
    let (Some(segment), Some(end)) = (found.segments.last(), ends.last()) else {
        return Ok(Recovered { uncertain_from: found.from, ..Recovered::default() });
    };
    let next = end.next.max(found.from);
    if end.durable >= next {
        let problem = end.problem.unwrap_or(Problem::EndsBefore { number: next });
        return Err(ReadError::damaged(&segment.file, end.offset, problem));
    }
    let torn_tail = end.problem.map(|_| TornTail {
        file: segment.file.clone(),
        offset: end.offset,
        bytes: end.rest,
    });
    Ok(Recovered {
        last: next - 1,
        uncertain_from: found.from.max(end.durable + 1),
        last_segment: Some(segment.clone()),
        torn_tail,
        left_out: ends.iter().fold(0, |sum, end| sum.saturating_add(end.left_out)),
    })
}
