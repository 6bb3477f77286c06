//! What others send to a client: MONITOR's lines, messages of channels, invalidations.
//!
//! Whoever sends never waits: a client that does not take what it is sent is closed.

use crate::config::BufferLimit;
use bytes::Bytes;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// As much may wait where the limit of the client's class is 0, which is no limit in Redis: nothing that
/// queues is without bound.
const UNLIMITED_BYTES: u64 = 1 << 30;

/// Messages that wait for a client's connection to send them.
#[derive(Default)]
pub(super) struct Inbox {
    messages: Mutex<Messages>,
    /// Of memory, theirs and of the queue.
    bytes: AtomicUsize,
}

#[derive(Default)]
struct Messages {
    queue: VecDeque<Bytes>,
    /// Too much has waited: the client is being closed, and nothing more is kept for it.
    is_full: bool,
}

/// What came of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// It waits behind others, and the connection knows of those.
    Behind,
    /// The connection is to look.
    News,
    /// It is one too many: the client is to be closed.
    TooMuch,
    /// The client is being closed already.
    Closed,
}

impl Inbox {
    /// Leaves a message. `unsent_bytes`: what waits for the client besides; all of it is what `limit` is about.
    pub fn push(&self, message: Bytes, limit: BufferLimit, unsent_bytes: usize) -> Pushed {
        let mut messages = self.messages.lock();
        if messages.is_full {
            return Pushed::Closed;
        }
        let cost = cost(&message);
        let waited = self.bytes.load(Relaxed);
        let before = (waited + unsent_bytes) as u64;
        let after = before + cost as u64;
        if after > hard_bytes(limit) {
            *messages = Messages { queue: VecDeque::new(), is_full: true };
            self.bytes.store(0, Relaxed);
            return Pushed::TooMuch;
        }
        messages.queue.push_back(message);
        self.bytes.store(waited + cost, Relaxed);
        // From the soft limit on its time runs, which the connection has.
        let is_soft =
            limit.soft_bytes != 0 && before <= limit.soft_bytes && after > limit.soft_bytes;
        if waited == 0 || is_soft { Pushed::News } else { Pushed::Behind }
    }

    pub fn pop(&self) -> Option<Bytes> {
        let mut messages = self.messages.lock();
        let message = messages.queue.pop_front()?;
        self.bytes.store(self.bytes.load(Relaxed).saturating_sub(cost(&message)), Relaxed);
        if messages.queue.is_empty() && messages.queue.capacity() > KEPT_MESSAGES {
            messages.queue = VecDeque::new();
        }
        Some(message)
    }

    /// Bytes of memory that what waits takes.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Relaxed)
    }
}

/// Room for so many is kept when all have been sent.
const KEPT_MESSAGES: usize = 64;

/// Small messages cost their place in the queue too.
fn cost(message: &Bytes) -> usize {
    message.len() + size_of::<Bytes>()
}

fn hard_bytes(limit: BufferLimit) -> u64 {
    if limit.hard_bytes == 0 { UNLIMITED_BYTES } else { limit.hard_bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: BufferLimit = BufferLimit { hard_bytes: 1000, soft_bytes: 500, soft_s: 1 };

    fn message(cost: usize) -> Bytes {
        Bytes::from(vec![b'x'; cost - size_of::<Bytes>()])
    }

    #[test]
    fn the_connection_hears_of_the_first_and_of_the_soft_limit() {
        let inbox = Inbox::default();
        assert_eq!(inbox.push(message(100), LIMIT, 0), Pushed::News);
        assert_eq!(inbox.push(message(400), LIMIT, 0), Pushed::Behind);
        assert_eq!(inbox.push(message(100), LIMIT, 0), Pushed::News);
        assert_eq!(inbox.push(message(100), LIMIT, 0), Pushed::Behind);
        assert_eq!(inbox.bytes(), 700);
    }

    #[test]
    fn what_waits_elsewhere_counts() {
        let inbox = Inbox::default();
        assert_eq!(inbox.push(message(100), LIMIT, 900), Pushed::News);
        assert_eq!(inbox.push(message(100), LIMIT, 900), Pushed::TooMuch);
        assert_eq!(inbox.push(message(100), LIMIT, 0), Pushed::Closed);
        assert!(inbox.pop().is_none(), "what waited is freed at once");
        assert_eq!(inbox.bytes(), 0);
    }

    #[test]
    fn many_small_messages_are_bounded_too() {
        let inbox = Inbox::default();
        let pushed = (0..100).map(|_| inbox.push(Bytes::from_static(b""), LIMIT, 0));
        let kept = pushed.take_while(|pushed| *pushed != Pushed::TooMuch).count();
        assert_eq!(kept, 1000 / size_of::<Bytes>());
    }

    #[test]
    fn no_limit_is_a_large_one() {
        let inbox = Inbox::default();
        let none = BufferLimit { hard_bytes: 0, soft_bytes: 0, soft_s: 0 };
        assert_eq!(inbox.push(message(1000), none, 1 << 20), Pushed::News);
        assert_eq!(inbox.push(message(1000), none, 1 << 30), Pushed::TooMuch);
    }
}
