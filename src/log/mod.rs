//! The log and its snapshots: records and blocks of bytes, made durable and read back.
//!
//! What the bytes mean is the callers' business. There is no thread and no clock here, and all I/O goes
//! through [`Storage`], so that tests can crash it anywhere. The format, and why no acknowledged record
//! is lost, is in docs/design/file-format.md.
//!
//! A start: [`find`], load the snapshot by a [`SnapshotReader`], [`replay`] the segments, [`Writer::open`],
//! and [`Writer::commit`] before anybody is told anything.

mod check;
mod directory;
mod error;
mod frame;
mod header;
mod held;
mod names;
mod recovery;
mod repair;
mod retention;
mod salvage;
mod segment_copy;
mod segment_reader;
mod snapshot;
mod storage;
mod window;
mod writer;

pub use check::{Contents, DirectoryReport, FileReport, check, check_file, try_start};
pub use directory::Directory;
pub use error::{Damage, Problem, ReadError};
pub use frame::{PAYLOAD_BYTES_MAX, RecordKind};
pub use header::{FileKind, HEADER_BYTES, Header, Identity, NUMBER_MAX, VERSION};
pub use names::{file_name, parse_name};
pub use recovery::{
    Found, Recovered, Segment, SegmentEnd, Snapshot, TornTail, find, read_segment, replay, settle,
};
pub use repair::{RepairError, RepairedDirectory, RepairedFile, repair, repair_file};
pub use retention::{remove_covered, remove_unfinished};
pub use salvage::Dropped;
pub use segment_reader::Record;
pub use snapshot::{
    ArchiveError, ArchiveReader, ArchiveWriter, BLOCK_BYTES_MAX, Block, Compression, SnapshotError,
    SnapshotReader, SnapshotWriter, StoredBlock, Totals,
};
pub use storage::{Append, ReadAt, Storage};
pub use writer::{Fault, Refused, Settings, Writer};
