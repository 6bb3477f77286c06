//! What can be wrong with a file.

use thiserror::Error;

use super::reader::{VERSION_MAX, VERSION_MIN};
use super::text::TEXT_BYTES_MAX;

/// What is wrong at a place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    #[error("this is not an RDB file")]
    NotRdb,
    #[error("this is an RDB file of Valkey 9 or later, which has a format of its own")]
    Valkey,
    #[error(
        "RDB version {0}; versions {VERSION_MIN} to {VERSION_MAX} are read, which Redis 5 to 8.0 write"
    )]
    Version(u32),
    #[error("the file ends in the middle")]
    CutShort,
    #[error("{0} is no type of value, and no opcode")]
    Opcode(u8),
    #[error(
        "a module's value in the form of Redis 4.0's release candidates, which only it can read"
    )]
    OldModule,
    #[error("no length")]
    Length,
    #[error("no encoding of a string")]
    Text,
    #[error("a string of more than {TEXT_BYTES_MAX} bytes")]
    TooLong,
    #[error("a compressed string that does not come out as announced")]
    Lzf,
    #[error("no score")]
    Score,
    #[error("no deadline of a field")]
    FieldDeadline,
    #[error("no {0}")]
    Packed(&'static str),
    #[error("a {0} that ends within an element")]
    Odd(&'static str),
    #[error("a list with no such part: {0}")]
    ListPart(u64),
    #[error("a module's value with no such part: {0}")]
    ModulePart(u64),
    #[error("the file's checksum is {stored:016x}, but its bytes have {computed:016x}")]
    Checksum { stored: u64, computed: u64 },
}

/// A place of the file that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("byte {offset}: {problem}")]
pub struct Damage {
    /// From the beginning of the file. Of what is packed or compressed, where that begins.
    pub offset: u64,
    pub problem: Problem,
}

/// Why a file cannot be read on.
#[derive(Debug, Error)]
pub enum ReadError<E> {
    #[error(transparent)]
    Damaged(#[from] Damage),
    #[error(transparent)]
    Source(E),
}
