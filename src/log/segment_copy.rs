//! Copies what verifies of a segment.

use super::frame::Salted;
use super::header::{FileKind, HEADER_BYTES, Header};
use super::held::Held;
use super::names::file_name;
use super::repair::{RepairError, RepairedFile};
use super::salvage::salvage_segment;
use super::segment_reader::SegmentReader;
use super::storage::{Append, Storage};
use super::writer::Fault;

/// About how much is written at once.
const CHUNK_BYTES: usize = 1 << 20;

/// Copies a segment, up to `end` (the first record of the next one).
pub(super) fn copy<S: Storage, T: Storage>(
    from: &S,
    name: &str,
    end: Option<u64>,
    into: &T,
    salt: u64,
) -> Result<RepairedFile, RepairError> {
    let mut reader = SegmentReader::open(from, name)?;
    let mut copy = Copy::create(Header { salt, ..reader.header() }, into)?;
    let (mut kept, mut fault) = (0, None);
    let dropped = salvage_segment(&mut reader, end, |record| {
        if fault.is_none() {
            kept += 1;
            copy.held.push_at(record.number, record.kind, record.payload);
            fault = copy.write_if(CHUNK_BYTES).err();
        }
    })?;
    fault.map_or(Ok(()), Err)?;
    let last = end.unwrap_or(reader.next_number()) - 1;
    let file = copy.finish(last, into)?;
    let left_out = (last + 1).saturating_sub(reader.header().number + kept);
    Ok(RepairedFile { file, kept, dropped, left_out, unreadable: None })
}

/// A segment without records, up to `end`.
pub(super) fn gap<T: Storage>(
    header: Header,
    end: Option<u64>,
    into: &T,
) -> Result<RepairedFile, RepairError> {
    let end = end.unwrap_or(header.number);
    let file = Copy::create(header, into)?.finish(end - 1, into)?;
    Ok(RepairedFile { file, left_out: end - header.number, ..RepairedFile::default() })
}

/// A segment that is being written.
struct Copy<F> {
    name: String,
    file: F,
    salted: Salted,
    bytes: u64,
    held: Held,
}

impl<F: Append> Copy<F> {
    fn create<T: Storage<Appender = F>>(header: Header, into: &T) -> Result<Copy<F>, Fault> {
        let name = file_name(FileKind::Segment, header.number);
        let mut file = into.create(&name).map_err(Fault::at(&name, "created"))?;
        file.append(&header.encode(FileKind::Segment)).map_err(Fault::at(&name, "written"))?;
        let (salted, bytes) = (Salted::new(header.salt), HEADER_BYTES as u64);
        Ok(Copy { name, file, salted, bytes, held: Held::new(header.number - 1) })
    }

    fn write_if(&mut self, min_bytes: usize) -> Result<(), Fault> {
        if self.held.bytes() < min_bytes {
            return Ok(());
        }
        let frames = self.held.seal_unwritten(self.salted, self.bytes);
        self.file.append(frames).map_err(Fault::at(&self.name, "written"))?;
        self.bytes += frames.len() as u64;
        self.held.note_written();
        self.held.note_durable();
        Ok(())
    }

    /// Ends with record `last`, and a mark that says so; returns the name.
    fn finish<T: Storage>(mut self, last: u64, into: &T) -> Result<String, Fault> {
        if last > self.held.appended() {
            self.held.push_gap(last);
        }
        self.write_if(1)?;
        self.held.push_mark();
        self.write_if(1)?;
        self.file.sync().map_err(Fault::at(&self.name, "synced"))?;
        into.sync_directory().map_err(Fault::at("The directory", "synced"))?;
        Ok(self.name)
    }
}
