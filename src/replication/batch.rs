//! The frames that hold states of keys: batches of a stream, and states that were asked for.

use super::{Fault, Vector};
use crate::base::codec::Malformed;
use crate::base::{Name, Stamp};
use crate::crdt::wire::{Decoder, Encoder};
use crate::crdt::{Key, Told};
use serde::{Deserialize, Serialize};

/// No node reads larger payloads: a batch that is cut where it should be, and one state more.
pub const FRAME_BYTES_MAX: usize = 1 << 30;
/// Larger states are not told.
const STATE_BYTES_MAX: usize = 900 << 20;

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
    Page { answered: u32 },
    /// From where to go on; `None`: that was all.
    Tombstones { next: Option<u32> },
    /// How many of the keys that were asked for are answered, from the first on.
    Named { answered: u32 },
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

    /// Leaves out what no peer would read, and says so in the log: else the link would break again and
    /// again, and nothing at all would be told.
    pub fn push(&mut self, db: u16, name: &[u8], state: &Key) {
        self.write(db, name, |encoder| encoder.key(state));
    }

    /// As [`Deltas::push`].
    pub fn push_told(&mut self, db: u16, name: &[u8], state: &Told<'_>) {
        self.write(db, name, |encoder| encoder.told(state));
    }

    fn write(&mut self, db: u16, name: &[u8], state: impl FnOnce(&mut Encoder)) {
        if let Err(bytes) = self.write_within(STATE_BYTES_MAX, db, name, state) {
            let (start, _) = name.split_at(name.len().min(256));
            tracing::error!(
                "The key \"{}\" of database {db} is too large to be told to other nodes: it takes \
                 {bytes} bytes, and {STATE_BYTES_MAX} are possible",
                start.escape_ascii()
            );
        }
    }

    /// The error is how many bytes it would take.
    fn write_within(
        &mut self,
        max_bytes: usize,
        db: u16,
        name: &[u8],
        state: impl FnOnce(&mut Encoder),
    ) -> Result<(), usize> {
        let (before, from) = (self.encoder.place(), self.bytes());
        self.encoder.varint(u64::from(db));
        self.encoder.bytes(name);
        state(&mut self.encoder);
        let bytes = self.bytes() - from;
        if bytes > max_bytes {
            self.encoder.go_back(&before);
            return Err(bytes);
        }
        self.count += 1;
        Ok(())
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

/// States as they stand in a batch, all or what follows its head.
#[derive(Clone, Copy, Debug)]
pub struct States<'a> {
    pub bytes: &'a [u8],
    pub count: u32,
}

/// Reads a batch whole, before anything of it is merged; its states are put behind what is in
/// `received`.
///
/// # Errors
/// What is not a batch.
pub fn read_batch(payload: &[u8], received: &mut Vec<Received>) -> Result<BatchHead, Fault> {
    let (head, states) = split_batch(payload)?;
    states.read(received)?;
    Ok(head)
}

/// A batch's head, and what it tells, which is not looked at.
///
/// # Errors
/// There is no head.
pub fn split_batch(payload: &[u8]) -> Result<(BatchHead, States<'_>), Fault> {
    let (head, bytes) = take_head::<BatchHead>(payload)?;
    Ok((head, States { bytes, count: head.deltas }))
}

/// Reads states whole, as [`read_batch`].
///
/// # Errors
/// What is not a frame of states.
pub fn read_answer(payload: &[u8], received: &mut Vec<Received>) -> Result<StatesHead, Fault> {
    let (head, states) = split_answer(payload)?;
    states.read(received)?;
    Ok(head)
}

/// As [`split_batch`], of states that were asked for.
///
/// # Errors
/// As [`split_batch`].
pub fn split_answer(payload: &[u8]) -> Result<(StatesHead, States<'_>), Fault> {
    let (head, bytes) = take_head::<StatesHead>(payload)?;
    let count = head.states;
    Ok((head, States { bytes, count }))
}

fn take_head<'a, H: Deserialize<'a>>(payload: &'a [u8]) -> Result<(H, &'a [u8]), Fault> {
    postcard::take_from_bytes(payload).map_err(|_| Fault::Malformed("no head"))
}

impl<'a> States<'a> {
    /// Puts all of them behind what is in `received`.
    fn read(self, received: &mut Vec<Received>) -> Result<(), Fault> {
        self.each(|db, name, decoder| {
            received.push(Received { db, name: Name::from_slice(name), state: decoder.key()? });
            Ok(())
        })
    }

    /// Hands out each key's database and name, and the decoder, which is to read its state.
    ///
    /// # Errors
    /// These are not so many states, or what `read` returns.
    pub fn each(
        self,
        mut read: impl FnMut(u16, &'a [u8], &mut Decoder<'a>) -> Result<(), Malformed>,
    ) -> Result<(), Fault> {
        let mut decoder = Decoder::new(self.bytes)?;
        for _ in 0..self.count {
            let db = decoder.varint()?;
            let db = u16::try_from(db).map_err(|_| Fault::Malformed("a database's number"))?;
            let name = decoder.bytes()?;
            read(db, name, &mut decoder)?;
        }
        if !decoder.is_empty() {
            return Err(Fault::Malformed("bytes after the last state"));
        }
        Ok(())
    }
}

impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Fault {
        Fault::Malformed(malformed.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Replica;
    use crate::crdt::{Deadline, Tombstones};
    use crate::store::{KeyRef, Keyspace, Mode};

    #[test]
    fn a_state_that_is_too_large_leaves_no_trace() {
        let states =
            [(1, "small"), (2, "much, much, much, much, much, much, much too large"), (2, "other")]
                .map(|(node, text)| {
                    let me = Replica { node, epoch: 1 };
                    let store = Keyspace::new(1, me, Tombstones::KEEP, 0);
                    let key = KeyRef::new(0, b"key");
                    store.open_one(key, Mode::Exclusive, 9).set_text(
                        key,
                        text.as_bytes(),
                        Deadline::Clear,
                    );
                    store.state(0, b"key").expect("a state")
                });
        let mut deltas = Deltas::new(Stamp::at_ms(9));
        let pushed = states
            .each_ref()
            .map(|state| deltas.write_within(40, 0, b"key", |to| to.key(state)).is_ok());
        assert_eq!((pushed, deltas.count()), ([true, false, true], 2));
        let mut read = Vec::new();
        let bytes = deltas.finish(&());
        States { bytes: &bytes, count: 2 }.read(&mut read).expect("states");
        assert_eq!((&read[0].state, &read[1].state), (&states[0], &states[2]));
    }
}
