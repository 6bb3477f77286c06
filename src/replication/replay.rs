//! Reading what was written down: the same merges in the same order, of each key.

use super::batch::{self, FRAME_BYTES_MAX, States};
use super::frame::decompress;
use super::journal::{
    ANEW, Anew, BATCH, COMPRESSED, DROPPED, EVICTED, Evicted, Lives, MEMORY, OWN, SEALED, STATES,
};
use super::{Fault, Memory, vector};
use crate::base::codec::Malformed;
use crate::base::{Name, Replica};
use crate::crdt::Generation;
use crate::store::{KeyRef, Keyspace, Loaded, Part};
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// So many states are merged at once: enough that some of them are of one shard.
const AT_ONCE: usize = 8_192;

const BEYOND: &str = "a database beyond `databases`";

/// A node's log that is being read into an empty store.
///
/// [`Replay::apply`] does all of it. Who has several threads takes records with [`Replay::take`], has
/// the threads merge states by [`merge`], each those of its own part of the keys, and applies each
/// [`Change`] when all that was taken before it is merged.
#[derive(Default)]
pub struct Replay {
    memory: Option<Memory>,
    /// How many records of states were taken.
    taken: u64,
    /// Batches of peers since the memory was written down: which record, which stream, which batch.
    batches: Vec<(u64, Replica, u64)>,
    /// Of these records parts did not fit.
    misfits: BTreeSet<u64>,
}

/// What is to be done about a record.
pub enum Taken<'a> {
    /// Nothing more.
    Done,
    /// These are to be merged.
    Told(Told<'a>),
    /// This is to be applied when all states before it are merged.
    Change(Change),
}

/// States of a record.
pub struct Told<'a> {
    /// For [`Replay::misfit`].
    pub record: u64,
    payload: Cow<'a, [u8]>,
    /// Where the states begin in the payload, and how many these are.
    start: usize,
    count: u32,
}

/// What is no merge.
pub enum Change {
    Sealed(Lives),
    Dropped(Lives),
    /// Databases and names of keys.
    Evicted(Vec<(u16, Name)>),
    Anew(Box<Anew>),
}

impl Told<'_> {
    #[must_use]
    pub fn states(&self) -> States<'_> {
        States { bytes: self.payload.get(self.start..).unwrap_or_default(), count: self.count }
    }
}

/// Merges those states whose keys are of a part; true when some did not fit.
///
/// # Errors
/// They make no sense.
pub fn merge(
    keyspace: &Keyspace,
    states: States<'_>,
    part: Part,
    now_ms: u64,
) -> Result<bool, Fault> {
    let room = || Vec::with_capacity(AT_ONCE.min(states.count as usize));
    let (mut loaded, mut misfit) = (room(), false);
    states.each(|db, name, decoder| {
        if !keyspace.has_database(db) {
            return Err(Malformed(BEYOND));
        }
        let (key, told) = (KeyRef::new(db, name), decoder.told()?);
        if keyspace.is_in(part, key) {
            loaded.push(Loaded { key, told });
        }
        if loaded.len() == AT_ONCE {
            misfit |= keyspace.load(&loaded, now_ms);
            loaded.clear();
        }
        Ok(())
    })?;
    Ok(keyspace.load(&loaded, now_ms) | misfit)
}

impl Replay {
    /// What the node knew; `None`: nothing was written down.
    #[must_use]
    pub fn into_memory(mut self) -> Option<Memory> {
        for (record, replica, seq) in std::mem::take(&mut self.batches) {
            let misfit = self.misfits.contains(&record);
            let memory = self.memory();
            let inbound = memory.inbound.entry(replica).or_default();
            if inbound.is_news(seq) {
                inbound.merged(seq, misfit);
                let held = memory.holds.entry(replica).or_default();
                *held = inbound.held(*held);
            }
        }
        self.memory
    }

    /// Takes in the next record.
    ///
    /// # Errors
    /// It makes no sense, or is of a kind that this version does not know.
    pub fn apply(
        &mut self,
        keyspace: &Keyspace,
        kind: u8,
        payload: &[u8],
        now_ms: u64,
    ) -> Result<(), Fault> {
        match self.take(keyspace, kind, payload)? {
            Taken::Done => Ok(()),
            Taken::Told(told) => {
                if merge(keyspace, told.states(), Part::WHOLE, now_ms)? {
                    self.misfit(told.record);
                }
                Ok(())
            }
            Taken::Change(change) => self.change(keyspace, change, now_ms),
        }
    }

    /// Takes in what the next record says beside states.
    ///
    /// # Errors
    /// As [`Replay::apply`].
    pub fn take<'a>(
        &mut self,
        keyspace: &Keyspace,
        kind: u8,
        payload: &'a [u8],
    ) -> Result<Taken<'a>, Fault> {
        let payload = match kind & COMPRESSED {
            0 => Cow::Borrowed(payload),
            _ => opened(kind, payload)?,
        };
        Ok(match kind & !(COMPRESSED | OWN) {
            BATCH => self.batch(kind & OWN != 0, payload)?,
            STATES => {
                let (head, States { bytes, count }) = batch::split_answer(&payload)?;
                vector::join(&mut self.memory().may, &head.may);
                let start = payload.len() - bytes.len();
                self.told(payload, start, count)
            }
            MEMORY => {
                let memory: Memory = read(&payload)?;
                keyspace.observe(memory.reserved);
                // Keys take up least where it is known from the first one on who counts on them.
                if let Some(me) = memory.goes_on_as().filter(|_| self.memory.is_none()) {
                    keyspace.begin_as(me);
                }
                self.remember(memory);
                Taken::Done
            }
            SEALED => Taken::Change(Change::Sealed(lives(keyspace, &payload)?)),
            DROPPED => Taken::Change(Change::Dropped(lives(keyspace, &payload)?)),
            EVICTED => {
                let keys: Evicted<'_> = postcard::from_bytes(&payload).map_err(|_| NO_SENSE)?;
                let owned = keys.into_iter().map(|(db, name)| (db, Name::from_slice(name)));
                Taken::Change(Change::Evicted(owned.collect()))
            }
            ANEW => Taken::Change(Change::Anew(Box::new(read(&payload)?))),
            _ => return Err(Fault::Malformed("a record of an unknown kind")),
        })
    }

    /// Parts of a record of states did not fit.
    pub fn misfit(&mut self, record: u64) {
        self.misfits.insert(record);
    }

    /// Does what is no merge; all states before it are merged.
    ///
    /// # Errors
    /// It makes no sense.
    pub fn change(
        &mut self,
        keyspace: &Keyspace,
        change: Change,
        now_ms: u64,
    ) -> Result<(), Fault> {
        match change {
            Change::Sealed(lives) => {
                let at_ms = lives.at_ms.max(now_ms);
                keyspace.seal(&lives.keys(), Generation(0), at_ms);
            }
            Change::Dropped(lives) => {
                let at_ms = lives.at_ms.max(now_ms);
                keyspace.drop_sealed(&lives.keys(), at_ms);
            }
            Change::Evicted(keys) => {
                let known = keys.iter().filter(|(db, _)| keyspace.has_database(*db));
                known.for_each(|(db, name)| keyspace.forget(*db, name));
            }
            Change::Anew(anew) => {
                let Anew { memory, count, states } = *anew;
                keyspace.reincarnate(keyspace.me(), now_ms, |_| Vec::new());
                self.remember(memory);
                // Of its own states alone: none is missed.
                merge(keyspace, States { bytes: &states, count }, Part::WHOLE, now_ms)?;
            }
        }
        Ok(())
    }

    fn batch<'a>(&mut self, own: bool, payload: Cow<'a, [u8]>) -> Result<Taken<'a>, Fault> {
        let (node, batch) =
            payload.split_first_chunk().ok_or(Fault::Malformed("a batch without a node"))?;
        let (head, States { bytes, count }) = batch::split_batch(batch)?;
        let replica = Replica { node: u32::from_le_bytes(*node), epoch: head.epoch };
        let memory = self.memory();
        vector::raise(&mut memory.may, replica, head.seq);
        if own {
            vector::raise(&mut memory.holds, replica, head.seq);
        } else {
            self.batches.push((self.taken, replica, head.seq));
        }
        let start = payload.len() - bytes.len();
        Ok(self.told(payload, start, count))
    }

    fn told<'a>(&mut self, payload: Cow<'a, [u8]>, start: usize, count: u32) -> Taken<'a> {
        let record = self.taken;
        self.taken += 1;
        Taken::Told(Told { record, payload, start, count })
    }

    /// What a memory says holds for all that was written down before it.
    fn remember(&mut self, memory: Memory) {
        self.memory = Some(memory);
        self.batches.clear();
    }

    fn memory(&mut self) -> &mut Memory {
        self.memory.get_or_insert_default()
    }
}

/// Lives of keys that can be here.
fn lives(keyspace: &Keyspace, payload: &[u8]) -> Result<Lives, Fault> {
    let lives: Lives = read(payload)?;
    let are_known = lives.databases().all(|db| keyspace.has_database(db));
    are_known.then_some(lives).ok_or(Fault::Malformed(BEYOND))
}

/// A compressed payload as it was; the node of a batch stands before what is compressed.
fn opened(kind: u8, payload: &[u8]) -> Result<Cow<'static, [u8]>, Fault> {
    let before = if kind & !(COMPRESSED | OWN) == BATCH { 4 } else { 0 };
    let damaged = Fault::Malformed("a payload that cannot be decompressed");
    let (node, block) = payload.split_at_checked(before).ok_or(damaged.clone())?;
    let opened = decompress(block, FRAME_BYTES_MAX).map_err(|_| damaged)?;
    Ok(Cow::Owned([node, &opened].concat()))
}

fn read<T: DeserializeOwned>(payload: &[u8]) -> Result<T, Fault> {
    postcard::from_bytes(payload).map_err(|_| NO_SENSE)
}

const NO_SENSE: Fault = Fault::Malformed("a record that makes no sense");
