//! One key as DUMP hands it out and RESTORE takes it back. docs/design/backup.md has every byte.

use super::{Engine, Now, Vector, vector};
use crate::base::Stamp;
use crate::base::codec::Malformed;
use crate::crdt::Key;
use crate::crdt::wire::{Decoder, Encoder};
use crate::store::Keyspace;
use thiserror::Error;

const MAGIC: &[u8; 4] = b"HCKY";
/// The version that is written; higher ones are refused.
const VERSION: u8 = 1;
const CHECKSUM_BYTES: usize = 4;

/// A key's whole state, and where it is from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload {
    /// The wall clock when it was read, in Unix milliseconds.
    pub read_ms: u64,
    pub origin: Origin,
    pub state: Key,
}

/// What is to be known of a state that comes from no peer. Of a node without peers and disk it is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// All of these streams up to these batches are in the state, as far as they speak of the key.
    pub holds: Vector,
    /// Beyond those it is contained in these streams up to these batches.
    pub may: Vector,
    /// Its node and the other members, with their incarnations: what these alone have counted may be in it.
    pub met: Vec<(u32, u64)>,
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
        for streams in [&self.origin.holds, &self.origin.may] {
            encoder.varint(streams.len() as u64);
            for (stream, seq) in streams {
                encoder.replica(*stream);
                encoder.varint(*seq);
            }
        }
        encoder.varint(self.origin.met.len() as u64);
        for (node, incarnation) in &self.origin.met {
            encoder.varint(u64::from(*node));
            encoder.varint(*incarnation);
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
        let (holds, may) = (read_vector(&mut decoder)?, read_vector(&mut decoder)?);
        let mut met = Vec::new();
        for _ in 0..decoder.varint()? {
            let node = u32::try_from(decoder.varint()?).map_err(|_| Malformed("a node id"))?;
            met.push((node, decoder.varint()?));
        }
        let state = decoder.key()?;
        match decoder.is_empty() {
            true => Ok(Payload { read_ms, origin: Origin { holds, may, met }, state }),
            false => Err(Malformed("bytes after the key")),
        }
    }
}

fn read_vector(decoder: &mut Decoder<'_>) -> Result<Vector, Malformed> {
    let mut vector = Vector::new();
    for _ in 0..decoder.varint()? {
        let stream = decoder.replica()?;
        vector.insert(stream, decoder.varint()?);
    }
    Ok(vector)
}

impl Engine {
    /// DUMP of what `read` returns of the store, which it finds as it is; the caller holds no key.
    pub fn dump(
        &mut self,
        keyspace: &Keyspace,
        now: Now,
        read: impl FnOnce() -> Option<Key>,
    ) -> Option<Payload> {
        // Before: it is in the state. After all that is in the state was drained: nothing else is.
        let holds = self.holds.clone();
        let state = read()?;
        self.drain(keyspace, now);
        let met = self.view.members().map(|entry| (entry.node, entry.incarnation)).collect();
        let origin = Origin { may: vector::beyond(&self.may, &holds), holds, met };
        Some(Payload { read_ms: now.wall_ms, origin, state })
    }
}
