//! A block: some entries, opaque here, and what stands before it in the file.

use super::footer::{Footer, Totals};
use crate::base::codec::Reader;
use crate::log::error::Problem;
use crate::log::frame::Salted;

/// Bytes before a block's own, and of the footer.
pub(super) const HEAD_BYTES: usize = 24;
/// Entries of one block do not take more.
pub const BLOCK_BYTES_MAX: usize = 1 << 30;
/// In place of a block's kind: this is the footer.
const FOOTER: u8 = 255;

/// More cannot become of a byte in LZ4.
const LZ4_RATIO_MAX: usize = 255;

/// How a block's bytes are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    None,
    Lz4,
}

/// A block as it is stored. Made and opened by any thread, written and read by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub(super) head: BlockHead,
    pub(super) stored: Vec<u8>,
}

/// What is said of a block before its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockHead {
    /// What its entries are, in the caller's numbering; not 255.
    pub(super) kind: u8,
    pub(super) compression: Compression,
    pub(super) entries: u32,
    pub(super) stored_bytes: u32,
    pub(super) raw_bytes: u32,
    /// Of the stored bytes.
    pub(super) checksum: u32,
}

/// What stands before a block, or in place of one at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    Block(BlockHead),
    Footer(Footer),
}

impl Block {
    /// `None`: there are more bytes than [`BLOCK_BYTES_MAX`]. Compresses only what becomes smaller by
    /// it. `kind`: 0 to 254.
    #[must_use]
    pub fn seal(kind: u8, entries: u32, raw: Vec<u8>, compression: Compression) -> Option<Block> {
        if raw.len() > BLOCK_BYTES_MAX || kind == FOOTER {
            return None;
        }
        let raw_bytes = u32::try_from(raw.len()).ok()?;
        let compressed = match compression {
            Compression::None => None,
            Compression::Lz4 => Some(lz4_flex::block::compress(&raw)),
        };
        let (compression, stored) = match compressed.filter(|bytes| bytes.len() < raw.len()) {
            Some(compressed) => (Compression::Lz4, compressed),
            None => (Compression::None, raw),
        };
        let stored_bytes = u32::try_from(stored.len()).ok()?;
        let checksum = crc32c::crc32c(&stored);
        let head = BlockHead { kind, compression, entries, stored_bytes, raw_bytes, checksum };
        Some(Block { head, stored })
    }

    /// The bytes that were sealed.
    ///
    /// # Errors
    /// These are others.
    pub fn open(&self) -> Result<Vec<u8>, Problem> {
        if crc32c::crc32c(&self.stored) != self.head.checksum {
            return Err(Problem::Checksum);
        }
        let raw_bytes = self.head.raw_bytes as usize;
        let raw = match self.head.compression {
            Compression::None => self.stored.clone(),
            Compression::Lz4 if raw_bytes > self.stored.len().saturating_mul(LZ4_RATIO_MAX) => {
                return Err(Problem::Nonsense);
            }
            Compression::Lz4 => lz4_flex::block::decompress(&self.stored, raw_bytes)
                .map_err(|_| Problem::Nonsense)?,
        };
        if raw.len() == raw_bytes { Ok(raw) } else { Err(Problem::Nonsense) }
    }
}

impl Head {
    pub(super) fn encode(&self, salted: Salted, position: u64) -> Vec<u8> {
        let mut bytes = vec![0; 4];
        match self {
            Head::Block(head) => {
                bytes.extend([head.kind, head.compression as u8, 0, 0]);
                bytes.extend(head.entries.to_le_bytes());
                bytes.extend(head.stored_bytes.to_le_bytes());
                bytes.extend(head.raw_bytes.to_le_bytes());
                bytes.extend(head.checksum.to_le_bytes());
            }
            Head::Footer(Footer { totals: Totals { blocks, entries }, checksum }) => {
                bytes.extend([FOOTER, 0, 0, 0]);
                bytes.extend(blocks.to_le_bytes());
                bytes.extend(entries.to_le_bytes());
                bytes.extend(checksum.to_le_bytes());
            }
        }
        salted.seal(position, &mut bytes);
        bytes
    }

    pub(super) fn read(bytes: &[u8], salted: Salted, position: u64) -> Result<Head, Problem> {
        // Cheap, and rare in other bytes: a search for the next block looks at every place.
        if !matches!(bytes, [_, _, _, _, _, 0 | 1, 0, 0, ..]) || !salted.verifies(position, bytes) {
            return Err(Problem::Checksum);
        }
        Head::fields(Reader::new(bytes)).ok_or(Problem::Nonsense)
    }

    fn fields(mut reader: Reader<'_>) -> Option<Head> {
        let [_, _, _, _, kind, compression, _, _] = reader.array().ok()?;
        let first = u32::from_le_bytes(reader.array().ok()?);
        if kind == FOOTER {
            let entries = u64::from_le_bytes(reader.array().ok()?);
            let checksum = u32::from_le_bytes(reader.array().ok()?);
            let totals = Totals { blocks: first, entries };
            return Some(Head::Footer(Footer { totals, checksum }));
        }
        let compression = match compression {
            0 => Compression::None,
            _ => Compression::Lz4,
        };
        let stored_bytes = u32::from_le_bytes(reader.array().ok()?);
        let raw_bytes = u32::from_le_bytes(reader.array().ok()?);
        let checksum = u32::from_le_bytes(reader.array().ok()?);
        let entries = first;
        let head = BlockHead { kind, compression, entries, stored_bytes, raw_bytes, checksum };
        Some(Head::Block(head))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_become_smaller_is_stored_as_it_is() {
        for (raw, compression) in [
            (vec![7; 10_000], Compression::Lz4),
            ((0..200u8).collect(), Compression::None),
            (Vec::new(), Compression::None),
        ] {
            let block = Block::seal(3, 1, raw.clone(), Compression::Lz4).expect("a short one");
            assert_eq!(block.head.compression, compression);
            assert_eq!(block.open(), Ok(raw));
        }
        assert_eq!(Block::seal(FOOTER, 1, Vec::new(), Compression::None), None);
    }

    #[test]
    fn a_head_verifies_in_its_place_only() {
        let salted = Salted::new(7);
        let block = Block::seal(3, 9, vec![1; 100], Compression::Lz4).expect("a short one");
        let footer = Footer { totals: Totals { blocks: 1, entries: 2 }, checksum: 3 };
        for head in [Head::Block(block.head), Head::Footer(footer)] {
            let bytes = head.encode(salted, 44);
            assert_eq!(bytes.len(), HEAD_BYTES);
            assert_eq!(Head::read(&bytes, salted, 44), Ok(head));
            assert_eq!(Head::read(&bytes, salted, 45), Err(Problem::Checksum));
            assert_eq!(Head::read(&bytes, Salted::new(8), 44), Err(Problem::Checksum));
        }
    }

    #[test]
    fn a_length_that_cannot_be_is_refused_before_room_is_made() {
        let mut block = Block::seal(0, 1, vec![1; 1_000], Compression::Lz4).expect("a short one");
        block.head.raw_bytes = u32::MAX;
        assert_eq!(block.open(), Err(Problem::Nonsense));
    }
}
