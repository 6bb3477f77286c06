//! The frames that hold states of keys: batches of a stream, and states that were asked for.

use super::{Fault, Vector};
use crate::base::codec::Malformed;
use crate::base::{Name, Stamp};
use crate::crdt::Key;
use crate::crdt::wire::{Decoder, Encoder};
use serde::{Deserialize, Serialize};

/// Before the deltas of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchHead {
    pub epoch: u32,
    pub seq: u64,
    /// Not before any stamp in it.
    pub stamp: Stamp,
    pub deltas: u32,
}

/// Before states that were asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatesHead {
    pub round: u64,
    pub of: Of,
    /// What the states are contained in.
    pub may: Vector,
    pub states: u32,
}

/// Which question states answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Of {
    /// How many of the positions that were asked for are answered, from the first on.
    Page {
        answered: u32,
    },
    /// From where to go on; `None`: that was all.
    Tombstones {
        next: Option<u32>,
    },
    Named,
}

/// A key's state that has come.
pub struct Received {
    pub db: u16,
    pub name: Name,
    pub state: Key,
}

/// Deltas being written.
pub struct Deltas {
    encoder: Encoder,
    count: u32,
}

impl Deltas {
    /// `stamp`: about when these were written; stamps near it take fewer bytes.
    #[must_use]
    pub fn new(stamp: Stamp) -> Deltas {
        Deltas { encoder: Encoder::new(stamp), count: 0 }
    }

    pub fn push(&mut self, db: u16, name: &[u8], state: &Key) {
        self.encoder.varint(u64::from(db));
        self.encoder.bytes(name);
        self.encoder.key(state);
        self.count += 1;
    }

    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Bytes so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.encoder.len()
    }

    /// The payload of a frame.
    #[must_use]
    pub fn finish(self, head: &impl Serialize) -> Vec<u8> {
        // Serialising plain structures into memory cannot fail.
        let mut payload = postcard::to_stdvec(head).unwrap_or_default();
        payload.reserve_exact(self.encoder.len());
        payload.extend(self.encoder.finish());
        payload
    }
}

/// Reads a batch whole, before anything of it is merged; its states are put behind what is in
/// `received`.
///
/// # Errors
/// What is not a batch.
pub fn read_batch(payload: &[u8], received: &mut Vec<Received>) -> Result<BatchHead, Fault> {
    let (head, rest) = take_head::<BatchHead>(payload)?;
    read_states(rest, head.deltas, received)?;
    Ok(head)
}

/// Reads states whole, as [`read_batch`].
///
/// # Errors
/// What is not a frame of states.
pub fn read_answer(payload: &[u8], received: &mut Vec<Received>) -> Result<StatesHead, Fault> {
    let (head, rest) = take_head::<StatesHead>(payload)?;
    read_states(rest, head.states, received)?;
    Ok(head)
}

fn take_head<'a, H: Deserialize<'a>>(payload: &'a [u8]) -> Result<(H, &'a [u8]), Fault> {
    postcard::take_from_bytes(payload).map_err(|_| Fault::Malformed("no head"))
}

fn read_states(bytes: &[u8], count: u32, received: &mut Vec<Received>) -> Result<(), Fault> {
    let mut decoder = Decoder::new(bytes)?;
    for _ in 0..count {
        let db = decoder.varint()?;
        let db = u16::try_from(db).map_err(|_| Fault::Malformed("a database's number"))?;
        let name = Name::from_slice(decoder.bytes()?);
        received.push(Received { db, name, state: decoder.key()? });
    }
    if !decoder.is_empty() {
        return Err(Fault::Malformed("bytes after the last state"));
    }
    Ok(())
}

impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Fault {
        Fault::Malformed(malformed.0)
    }
}
