//! The header that segments and snapshots begin with.

use super::error::Problem;
use crate::base::codec::Reader;

/// Bytes of a header.
pub const HEADER_BYTES: usize = 44;
/// The version that is written; higher ones are refused.
pub const VERSION: u16 = 1;

/// The highest number of a record that is believed. They begin at 1, and no node gets that far.
pub const NUMBER_MAX: u64 = 1 << 62;

/// What any of these files begins with.
pub(super) type Magic = [u8; 8];

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    Segment,
    Snapshot,
}

/// Whose memory a file keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub node: u32,
    pub incarnation: u64,
}

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub identity: Identity,
    /// Of a segment: its first record; all before it were durable when it was made. Of a snapshot: the
    /// first record that it does not cover.
    pub number: u64,
    /// Goes into every checksum of the file, so that nothing of another file verifies in this one.
    pub salt: u64,
}

impl FileKind {
    fn magic(self) -> &'static Magic {
        match self {
            FileKind::Segment => b"HCLOGSEG",
            FileKind::Snapshot => b"HCSNAPSH",
        }
    }
}

impl Header {
    #[must_use]
    pub fn encode(&self, kind: FileKind) -> Vec<u8> {
        self.encode_as(kind.magic())
    }

    pub(super) fn encode_as(&self, magic: &Magic) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(magic);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend([0; 2]);
        bytes.extend(self.identity.node.to_le_bytes());
        bytes.extend(self.identity.incarnation.to_le_bytes());
        bytes.extend(self.number.to_le_bytes());
        bytes.extend(self.salt.to_le_bytes());
        let checksum = crc32c::crc32c(&bytes);
        bytes.extend(checksum.to_le_bytes());
        bytes
    }

    /// Reads the beginning of a file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(kind: FileKind, bytes: &[u8]) -> Result<Header, Problem> {
        Header::read_as(kind.magic(), bytes)
    }

    pub(super) fn read_as(magic: &Magic, bytes: &[u8]) -> Result<Header, Problem> {
        let mut reader = Reader::new(bytes);
        if reader.array().map_err(|_| Problem::CutShort)? != *magic {
            return Err(Problem::NotOurs);
        }
        // Where anything else is depends on the version.
        let version = u16::from_le_bytes(reader.array().map_err(|_| Problem::CutShort)?);
        if version > VERSION {
            return Err(Problem::NewerVersion { version });
        }
        let (checked, checksum) = bytes
            .get(..HEADER_BYTES)
            .and_then(|header| header.split_last_chunk())
            .ok_or(Problem::CutShort)?;
        if version != VERSION || crc32c::crc32c(checked) != u32::from_le_bytes(*checksum) {
            return Err(Problem::Header);
        }
        let header = Header::fields(reader).map_err(|_| Problem::CutShort)?;
        let is_sensible = (1..=NUMBER_MAX).contains(&header.number);
        if is_sensible { Ok(header) } else { Err(Problem::Nonsense) }
    }

    fn fields(mut reader: Reader<'_>) -> Result<Header, crate::base::codec::Malformed> {
        reader.array::<2>()?;
        let node = u32::from_le_bytes(reader.array()?);
        let incarnation = u64::from_le_bytes(reader.array()?);
        let number = u64::from_le_bytes(reader.array()?);
        let salt = u64::from_le_bytes(reader.array()?);
        Ok(Header { identity: Identity { node, incarnation }, number, salt })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header =
        Header { identity: Identity { node: 7, incarnation: 1 << 40 }, number: 42, salt: 0xABCD };

    #[test]
    fn a_header_comes_back_and_every_flipped_bit_is_noticed() {
        let bytes = HEADER.encode(FileKind::Segment);
        assert_eq!(bytes.len(), HEADER_BYTES);
        assert_eq!(Header::read(FileKind::Segment, &bytes), Ok(HEADER));
        assert_eq!(Header::read(FileKind::Snapshot, &bytes), Err(Problem::NotOurs));
        for bit in 0..HEADER_BYTES * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::read(FileKind::Segment, &flipped).is_err(), "bit {bit}");
        }
        for len in 0..HEADER_BYTES {
            assert_eq!(Header::read(FileKind::Segment, &bytes[..len]), Err(Problem::CutShort));
        }
    }

    #[test]
    fn a_newer_version_is_refused_whatever_follows() {
        let mut bytes = HEADER.encode(FileKind::Snapshot);
        bytes[8..10].copy_from_slice(&2u16.to_le_bytes());
        let newer = Err(Problem::NewerVersion { version: 2 });
        assert_eq!(Header::read(FileKind::Snapshot, &bytes), newer);
        assert_eq!(Header::read(FileKind::Snapshot, &bytes[..10]), newer);
    }
}
