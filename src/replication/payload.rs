//! One key as DUMP hands it out and RESTORE takes it back. docs/design/backup.md has every byte.

use super::Vector;
use crate::base::Stamp;
use crate::base::codec::Malformed;
use crate::crdt::Key;
use crate::crdt::wire::{Decoder, Encoder};
use thiserror::Error;

const MAGIC: &[u8; 4] = b"HCKY";
/// The version that is written; higher ones are refused.
const VERSION: u8 = 1;
const CHECKSUM_BYTES: usize = 4;

/// A key's whole state, and what its node held when it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload {
    /// The wall clock then, in Unix milliseconds.
    pub read_ms: u64,
    /// All of these streams up to these batches were in the state, as far as they speak of the key.
    pub holds: Vector,
    pub state: Key,
}

/// Why bytes are no payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PayloadError {
    #[error("not written by Headcount, or damaged")]
    NotOurs,
    #[error("written by a newer version of Headcount (format {version}; this one reads {VERSION})")]
    Newer { version: u8 },
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

impl Payload {
    /// As bytes.
    #[must_use]
    pub fn seal(&self) -> Vec<u8> {
        let mut encoder = Encoder::new(Stamp::at_ms(self.read_ms));
        encoder.varint(self.holds.len() as u64);
        for (stream, seq) in &self.holds {
            encoder.replica(*stream);
            encoder.varint(*seq);
        }
        encoder.key(&self.state);
        let mut bytes = [&MAGIC[..], &[VERSION]].concat();
        bytes.extend(encoder.finish());
        let checksum = crc32c::crc32c(&bytes);
        bytes.extend(checksum.to_le_bytes());
        bytes
    }

    /// Reads what [`Payload::seal`] wrote.
    ///
    /// # Errors
    /// It did not write these bytes.
    pub fn open(bytes: &[u8]) -> Result<Payload, PayloadError> {
        let (checked, checksum) =
            bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or(PayloadError::NotOurs)?;
        let behind_magic = checked.strip_prefix(MAGIC).ok_or(PayloadError::NotOurs)?;
        if crc32c::crc32c(checked) != u32::from_le_bytes(*checksum) {
            return Err(PayloadError::NotOurs);
        }
        match behind_magic {
            [VERSION, body @ ..] => Ok(Payload::read(body)?),
            [version, ..] if *version > VERSION => Err(PayloadError::Newer { version: *version }),
            _ => Err(PayloadError::NotOurs),
        }
    }

    fn read(body: &[u8]) -> Result<Payload, Malformed> {
        let mut decoder = Decoder::new(body)?;
        let read_ms = decoder.base_ms();
        let mut holds = Vector::new();
        for _ in 0..decoder.varint()? {
            let stream = decoder.replica()?;
            holds.insert(stream, decoder.varint()?);
        }
        let state = decoder.key()?;
        match decoder.is_empty() {
            true => Ok(Payload { read_ms, holds, state }),
            false => Err(Malformed("bytes after the key")),
        }
    }
}
