//! Frames: what a segment consists of behind its header.
//!
//! A frame is a record, a *mark* or a *gap*. Marks stand before every group of records and say what
//! is durable for certain, which is how damage is told from a torn tail. Gaps stand where a repair
//! had to leave out records.

use crate::base::codec::Reader;

/// Bytes of a frame before its payload: checksum (4), length of the payload (4), kind (1).
pub(super) const HEAD_BYTES: usize = 9;
/// Longer payloads are not appended.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 30;

/// Payload: what is durable, and the number of the next record.
pub(super) const MARK: u8 = 0;
/// Payload: the first and the last record that are left out.
pub(super) const GAP: u8 = 255;
/// Bytes of the payload of both.
pub(super) const PAIR_BYTES: usize = 16;
/// Bytes of a mark, and of a gap.
pub(super) const PAIR_FRAME_BYTES: usize = HEAD_BYTES + PAIR_BYTES;

/// What a caller calls a kind of its records: 1 to 254.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecordKind(u8);

impl RecordKind {
    #[must_use]
    pub const fn new(number: u8) -> Option<RecordKind> {
        match number {
            MARK | GAP => None,
            _ => Some(RecordKind(number)),
        }
    }

    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// Computes the checksums of one file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Salted(u32);

impl Salted {
    pub(super) fn new(salt: u64) -> Salted {
        Salted(crc32c::crc32c(&salt.to_le_bytes()))
    }

    /// Of bytes at a position of the file: the same bytes have another one anywhere else.
    pub(super) fn checksum(self, position: u64, bytes: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c_append(self.0, &position.to_le_bytes()), bytes)
    }

    /// Whether a frame at this position has the checksum that it begins with.
    pub(super) fn verifies(self, position: u64, frame: &[u8]) -> bool {
        let Some((checksum, checked)) = frame.split_first_chunk() else { return false };
        u32::from_le_bytes(*checksum) == self.checksum(position, checked)
    }

    /// Gives a frame its checksum.
    pub(super) fn seal(self, position: u64, frame: &mut [u8]) {
        if let Some((checksum, checked)) = frame.split_first_chunk_mut() {
            *checksum = self.checksum(position, checked).to_le_bytes();
        }
    }
}

/// What a frame says before its payload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) payload_bytes: usize,
    pub(super) kind: u8,
}

impl Head {
    pub(super) fn read(bytes: &[u8]) -> Option<Head> {
        let mut reader = Reader::new(bytes);
        reader.array::<4>().ok()?;
        let payload_bytes = u32::from_le_bytes(reader.array().ok()?) as usize;
        Some(Head { payload_bytes, kind: reader.byte().ok()? })
    }

    pub(super) fn frame_bytes(self) -> usize {
        HEAD_BYTES + self.payload_bytes
    }

    pub(super) fn is_pair(self) -> bool {
        matches!(self.kind, MARK | GAP)
    }
}

/// Appends a frame without its checksum.
pub(super) fn put(out: &mut Vec<u8>, kind: u8, payload: &[u8]) {
    out.extend([0; 4]);
    out.extend(u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.push(kind);
    out.extend_from_slice(payload);
}

/// The payload of a mark or a gap.
pub(super) fn pair(first: u64, second: u64) -> [u8; PAIR_BYTES] {
    let mut bytes = [0; PAIR_BYTES];
    let (front, back) = bytes.split_at_mut(PAIR_BYTES / 2);
    front.copy_from_slice(&first.to_le_bytes());
    back.copy_from_slice(&second.to_le_bytes());
    bytes
}

/// What a frame's payload says, if that is a pair.
pub(super) fn read_pair(frame: &[u8]) -> Option<(u64, u64)> {
    let mut reader = Reader::new(frame.get(HEAD_BYTES..)?);
    let first = u64::from_le_bytes(reader.array().ok()?);
    let second = u64::from_le_bytes(reader.array().ok()?);
    reader.is_empty().then_some((first, second))
}

/// Splits the first of some frames off.
pub(super) fn split_first(frames: &mut [u8]) -> Option<(Head, &mut [u8], &mut [u8])> {
    let head = Head::read(frames)?;
    let (frame, rest) = frames.split_at_mut_checked(head.frame_bytes())?;
    Some((head, frame, rest))
}
