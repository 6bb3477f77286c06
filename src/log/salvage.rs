//! Reads what can be read of a damaged file, and says what cannot. For `check` and `repair`.

use super::error::{Damage, Problem, ReadError};
use super::segment_reader::{Record, SegmentReader, Step};
use super::snapshot::{SnapshotReader, StoredBlock};
use super::storage::ReadAt;

/// Bytes that do not verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// From the beginning of the file.
    pub offset: u64,
    pub bytes: u64,
    pub problem: Problem,
    /// The records in them, if it is known: the first and the last. The last before the first: none.
    pub records: Option<(u64, u64)>,
    /// Whether something later says that this was durable. If not, a crash may have left it so, and a
    /// start cuts it off with all that follows; a repair keeps what follows.
    pub was_durable: bool,
}

/// Reads the records of a segment, up to `end` (the first of the next one).
pub(super) fn salvage_segment<R: ReadAt>(
    reader: &mut SegmentReader<R>,
    end: Option<u64>,
    mut visit: impl FnMut(Record<'_>),
) -> Result<Vec<Dropped>, ReadError> {
    let mut dropped = Vec::new();
    while end.is_none_or(|end| reader.next_number() < end) {
        let problem = match reader.step()? {
            Step::Record(record) => {
                visit(record);
                continue;
            }
            Step::End => break,
            Step::Bad(problem) => problem,
        };
        let (offset, from) = (reader.offset(), reader.next_number());
        let passed = reader.resume()?;
        let records = passed.next.map(|next| (from, next - 1));
        let bytes = passed.bytes;
        dropped.push((from, Dropped { offset, bytes, problem, records, was_durable: false }));
        match passed.next {
            Some(next) => reader.renumber(next),
            None => break,
        }
    }
    // Only the last mark of all says it.
    let was_durable = |from| end.is_some() || from <= reader.durable();
    let judged = dropped.into_iter();
    Ok(judged.map(|(from, drop)| Dropped { was_durable: was_durable(from), ..drop }).collect())
}

/// Reads the blocks of a snapshot that can be opened.
pub(super) fn salvage_snapshot<R: ReadAt>(
    reader: &mut SnapshotReader<R>,
    mut visit: impl FnMut(&StoredBlock),
) -> Result<Vec<Dropped>, ReadError> {
    let mut dropped = Vec::new();
    let mut note = |offset, bytes, problem| {
        dropped.push(Dropped { offset, bytes, problem, records: None, was_durable: true });
    };
    loop {
        match reader.next_block() {
            Ok(None) => break,
            Ok(Some(block)) => match block.open() {
                Ok(_) => visit(&block),
                Err(ReadError::Damaged(damage)) => {
                    note(block.offset, block.bytes(), damage.problem)
                }
                Err(error) => return Err(error),
            },
            Err(ReadError::Damaged(Damage { offset, problem, .. })) => {
                let goes_on = reader.resume()?;
                let end = reader.offset() + if goes_on { 0 } else { reader.rest() };
                note(offset, end - offset, problem);
                if !goes_on {
                    break;
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(dropped)
}
