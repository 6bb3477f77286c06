//! The buffers that all connections of a thread share.
//!
//! A connection owns memory only for what is unfinished: a request that has not arrived whole, a
//! reply that the client has not taken. So ten thousand idle clients cost little, and a busy thread
//! reads and writes the same few cache lines over and over.

use super::requests::Requests;
use crate::command::Plan;

/// As much is read at once.
pub const READ_BYTES: usize = 64 * 1024;
/// A batch ends when its replies reach this size: then they are written.
pub const WRITE_BYTES: usize = 64 * 1024;
/// Room for replies that is kept between batches: more is given back.
const KEPT_REPLY_BYTES: usize = 4 * WRITE_BYTES;
/// More than this is not held back.
const HELD_BYTES: usize = 16 * 1024;
/// Buffers that are kept for replies being held back.
const SPARES: usize = 64;

/// Used by one connection at a time, from the moment a read has filled `input` until the replies are
/// written or handed to the connection.
pub struct Scratch {
    pub input: Box<[u8]>,
    /// The requests of `input`.
    pub requests: Requests,
    pub replies: Replies,
}

/// Where the replies of a batch gather.
#[derive(Default)]
pub struct Replies {
    pub bytes: Vec<u8>,
    /// What is known of the batch's requests.
    pub plan: Plan,
    /// Empty buffers, to take the place of one that is held back.
    spares: Vec<Vec<u8>>,
}

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch {
            input: vec![0; READ_BYTES].into(),
            requests: Requests::default(),
            replies: Replies::default(),
        }
    }
}

impl Replies {
    /// Takes the replies out, to be sent a moment later; None when there are none, or so many that
    /// they had better go at once.
    pub fn hold_back(&mut self) -> Option<Vec<u8>> {
        if self.bytes.is_empty() || self.bytes.len() > HELD_BYTES {
            return None;
        }
        Some(std::mem::replace(&mut self.bytes, self.spares.pop().unwrap_or_default()))
    }

    /// Puts back what was held.
    pub fn put_back(&mut self, held: Vec<u8>) {
        let spare = std::mem::replace(&mut self.bytes, held);
        if self.spares.len() < SPARES && spare.capacity() <= KEPT_REPLY_BYTES {
            self.spares.push(spare);
        }
    }

    /// Empties them once they are written.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_REPLY_BYTES);
    }
}
