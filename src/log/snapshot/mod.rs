//! Snapshots: files of blocks, each of which is read by itself.

mod archive;
mod block;
mod reader;
mod writer;

pub use archive::{ArchiveError, ArchiveReader, ArchiveWriter};
pub use block::{BLOCK_BYTES_MAX, Block, Compression};
pub use reader::{SnapshotReader, StoredBlock, Totals};
pub use writer::{SnapshotError, SnapshotWriter};
