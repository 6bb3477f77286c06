//! What peers say to each other, and how it is written.
//!
//! Control messages are postcard (its format is stable and specified); batches and pulled states are
//! written by hand (`batch`), for there are many of them.

use super::view::Entry;
use super::{SealedFrame, Vector};
use serde::{Deserialize, Serialize};

/// Kinds of frames. The handshake has kinds of its own (`handshake`).
pub const KIND_CONTROL: u8 = 1;
pub const KIND_BATCH: u8 = 2;
pub const KIND_STATES: u8 = 3;
/// Messages of channels (`post`), which the engine does not see.
pub const KIND_POSTS: u8 = 4;

/// A control message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    Ack(Ack),
    Holds(Holds),
    View(Vec<Entry>),
    /// A packet of the failure detector.
    Gossip(Vec<u8>),
    Ask(Ask),
    Answer(Answer),
    /// The sender is about to leave for good.
    Leaving,
}

/// What of the receiver's stream has arrived, and the clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The epoch of the stream that `delivered` counts.
    pub epoch: u32,
    /// The last batch of the receiver's stream that the sender has merged, gaps or not.
    pub delivered: u64,
    /// The batch up to which the sender has all of the receiver's stream in memory.
    pub held: u64,
    /// The sender's wall clock now.
    pub wall_ms: u64,
    /// The receiver's wall clock in its last ack, and how long ago that came; 0: none yet.
    pub echo_wall_ms: u64,
    pub echo_age_ms: u64,
}

/// What the sender has for certain. Everything that it sent before has arrived when this does, and
/// everything that it sends afterwards is from a state that includes it (rule G).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holds {
    /// The hash of the view under which it is said.
    pub view: u64,
    /// All of these streams up to these batches, durably.
    pub holds: Vector,
    /// Where the sender's state may go beyond `holds`, by how much at the most.
    pub may: Vector,
    /// What it held of the streams of nodes that do not count, when it heard that they do not.
    pub ends: Vector,
    /// All that was contained in this and is past was sealed (see `collector`), as of `swept_ms`.
    pub sealed: Vector,
    /// The sender's wall clock when it last looked for what is past and has since sealed.
    pub swept_ms: u64,
    /// What all that the sender has collected was contained in (see `collected`).
    pub collected: Vector,
    /// How much of the sender's memory is durable: a number that only rises.
    pub kept: u64,
    /// Of which peers connections stand here, and the mark of the run by which each was made.
    pub met: Vec<(u32, u64)>,
}

/// A step of comparing, by the node that pulls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    pub round: u64,
    pub what: Question,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// Digests of all databases, to begin a round; what the asker holds.
    Roots { holds: Vector },
    /// Digests of all key slots of a database.
    Slots { db: u16 },
    /// Fingerprints of keys in these slots, from a place in the answerer's order on (0: the start).
    Keys { db: u16, slots: Vec<u16>, from: u64 },
    /// States of keys on the page that was answered last, by their positions there.
    States { positions: Vec<u32> },
    /// States of the dead that the asker has not confirmed, from a position on.
    Tombstones { from: u32 },
    /// States of these keys, outside of any round.
    Named { keys: Vec<(u16, Vec<u8>)> },
}

/// An answer to [`Ask`]; states come in frames of [`KIND_STATES`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub round: u64,
    pub what: Reply,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// Digests of the databases that are in use, and what the answerer held when it read them.
    Roots { roots: Vec<(u16, u64)>, holds: Vector },
    /// Digests of the slots that have any key.
    Slots { slots: Vec<(u16, u64)> },
    /// A page of fingerprints, and the place to go on from; `None`: that was all.
    Keys { fingerprints: Vec<u64>, next: Option<u64> },
}

impl Message {
    /// The message as a frame.
    #[must_use]
    pub fn seal(&self) -> SealedFrame {
        // Serialising into memory what has no maps with failing keys cannot fail.
        SealedFrame::new(KIND_CONTROL, postcard::to_stdvec(self).unwrap_or_default())
    }

    /// Reads a message; `None` when it is not one.
    #[must_use]
    pub fn read(payload: &[u8]) -> Option<Message> {
        postcard::from_bytes(payload).ok()
    }
}
