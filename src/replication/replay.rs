//! Reading what was written down: the same merges in the same order.

use super::batch::{self, FRAME_BYTES_MAX, Received};
use super::frame::decompress;
use super::journal::{
    ANEW, Anew, BATCH, COMPRESSED, DROPPED, EVICTED, Evicted, Lives, MEMORY, OWN, SEALED, STATES,
};
use super::{Fault, Memory, vector};
use crate::base::Replica;
use crate::crdt::Generation;
use crate::store::{Buried, Keyspace};
use serde::de::DeserializeOwned;
use std::borrow::Cow;

const BEYOND: Fault = Fault::Malformed("a database beyond `databases`");

/// A node's log that is being read into an empty store.
#[derive(Default)]
pub struct Replay {
    memory: Option<Memory>,
    received: Vec<Received>,
}

impl Replay {
    /// Goes on from a snapshot's memory.
    #[must_use]
    pub fn from(memory: Option<Memory>) -> Replay {
        Replay { memory, received: Vec::new() }
    }

    /// What the node knew; `None`: nothing was written down.
    #[must_use]
    pub fn into_memory(self) -> Option<Memory> {
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
        let payload = match kind & COMPRESSED {
            0 => Cow::Borrowed(payload),
            _ => opened(kind, payload)?,
        };
        match kind & !(COMPRESSED | OWN) {
            BATCH => self.batch(keyspace, kind & OWN != 0, &payload, now_ms),
            STATES => {
                let head = batch::read_answer(&payload, &mut self.received)?;
                vector::join(&mut self.memory().may, &head.may);
                self.merge(keyspace, now_ms)?;
                Ok(())
            }
            MEMORY => {
                let memory: Memory = read(&payload)?;
                keyspace.observe(memory.reserved);
                // Keys take up least where it is known from the first one on who counts on them.
                if let Some(me) = memory.goes_on_as().filter(|_| self.memory.is_none()) {
                    keyspace.begin_as(me);
                }
                self.memory = Some(memory);
                Ok(())
            }
            SEALED => {
                let (keys, at_ms) = lives(keyspace, &payload, now_ms)?;
                keyspace.seal(&keys, Generation(0), at_ms);
                Ok(())
            }
            DROPPED => {
                let (keys, at_ms) = lives(keyspace, &payload, now_ms)?;
                keyspace.drop_sealed(&keys, at_ms);
                Ok(())
            }
            EVICTED => {
                let keys: Evicted<'_> = postcard::from_bytes(&payload)
                    .map_err(|_| Fault::Malformed("a record that makes no sense"))?;
                let known = |(db, _): &&(u16, &[u8])| *db < keyspace.databases();
                keys.iter().filter(known).for_each(|(db, name)| keyspace.forget(*db, name));
                Ok(())
            }
            ANEW => {
                let Anew { memory, count, states } = read(&payload)?;
                keyspace.reincarnate(keyspace.me(), now_ms, |_| Vec::new());
                self.memory = Some(memory);
                self.states(keyspace, &states, count, now_ms)
            }
            _ => Err(Fault::Malformed("a record of an unknown kind")),
        }
    }

    /// Merges states of a snapshot.
    ///
    /// # Errors
    /// They make no sense.
    pub fn states(
        &mut self,
        keyspace: &Keyspace,
        states: &[u8],
        count: u32,
        now_ms: u64,
    ) -> Result<(), Fault> {
        batch::read_states(states, count, &mut self.received)?;
        self.merge(keyspace, now_ms)?;
        Ok(())
    }

    fn batch(
        &mut self,
        keyspace: &Keyspace,
        own: bool,
        payload: &[u8],
        now_ms: u64,
    ) -> Result<(), Fault> {
        let (node, payload) =
            payload.split_first_chunk().ok_or(Fault::Malformed("a batch without a node"))?;
        let head = batch::read_batch(payload, &mut self.received)?;
        let replica = Replica { node: u32::from_le_bytes(*node), epoch: head.epoch };
        let incomplete = self.merge(keyspace, now_ms)?;
        let memory = self.memory();
        vector::raise(&mut memory.may, replica, head.seq);
        if own {
            vector::raise(&mut memory.holds, replica, head.seq);
            return Ok(());
        }
        let inbound = memory.inbound.entry(replica).or_default();
        if inbound.is_news(head.seq) {
            inbound.merged(head.seq, incomplete);
            let held = memory.holds.entry(replica).or_default();
            *held = inbound.held(*held);
        }
        Ok(())
    }

    fn memory(&mut self) -> &mut Memory {
        self.memory.get_or_insert_default()
    }

    /// Merges what was read; true when a part did not fit.
    fn merge(&mut self, keyspace: &Keyspace, now_ms: u64) -> Result<bool, Fault> {
        if self.received.iter().any(|received| received.db >= keyspace.databases()) {
            return Err(BEYOND);
        }
        let merge = |Received { db, name, state }: Received| {
            !keyspace.merge_part(db, &name, &state, now_ms).whole
        };
        Ok(self.received.drain(..).map(merge).fold(false, |any, one| any | one))
    }
}

/// Keys whose lives have expired, and when they were past at the latest.
fn lives(keyspace: &Keyspace, payload: &[u8], now_ms: u64) -> Result<(Vec<Buried>, u64), Fault> {
    let lives: Lives = read(payload)?;
    let (at_ms, keys) = (lives.at_ms.max(now_ms), lives.keys());
    match keys.iter().all(|key| key.db < keyspace.databases()) {
        true => Ok((keys, at_ms)),
        false => Err(BEYOND),
    }
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
    postcard::from_bytes(payload).map_err(|_| Fault::Malformed("a record that makes no sense"))
}
