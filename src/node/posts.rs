//! Messages of channels on their way to the other nodes: best effort, each at most once.

use crate::replication::Post;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tokio::sync::Notify;

/// As much may wait for the peers' thread.
const WAITING_BYTES: usize = 8 << 20;

/// What waits for the peers' thread, and what became of it.
#[derive(Default)]
pub struct Posts {
    waiting: Mutex<Waiting>,
    /// Notified when something waits.
    pub news: Notify,
    /// Messages, counted once for each peer: told to its connection, and not told.
    pub sent: AtomicU64,
    pub dropped: AtomicU64,
    /// Messages that peers have told.
    pub received: AtomicU64,
}

/// Messages as they are written.
#[derive(Default)]
pub struct Waiting {
    pub frame: Vec<u8>,
    pub messages: u64,
}

impl Posts {
    /// Leaves a message for the peers' thread; what there is no room for is dropped.
    pub fn push(&self, post: Post<'_>) {
        let mut waiting = self.waiting.lock();
        if waiting.frame.len() + post.len_max() > WAITING_BYTES {
            self.dropped.fetch_add(1, Relaxed);
            return;
        }
        post.write(&mut waiting.frame);
        waiting.messages += 1;
        if waiting.messages == 1 {
            self.news.notify_one();
        }
    }

    /// All that waits.
    #[must_use]
    pub fn take(&self) -> Waiting {
        std::mem::take(&mut *self.waiting.lock())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_takes_is_bounded_and_counted() {
        let posts = Posts::default();
        let payload = vec![0; 1 << 20];
        for _ in 0..10 {
            posts.push(Post { is_sharded: false, channel: b"c", payload: &payload });
        }
        let waiting = posts.take();
        assert_eq!((waiting.messages, posts.dropped.load(Relaxed)), (7, 3));
        assert!(waiting.frame.len() <= WAITING_BYTES);
        assert_eq!(posts.take().messages, 0);
    }
}
