//! Snapshots: files of blocks, each of which is read by itself.

mod archive;
mod block;
mod footer;
mod reader;
mod writer;

pub use archive::{ArchiveError, ArchiveReader, ArchiveWriter};
pub use block::{BLOCK_BYTES_MAX, Block, Compression};
pub use footer::Totals;
pub use reader::{SnapshotReader, StoredBlock};
pub use writer::{SnapshotError, SnapshotWriter};
