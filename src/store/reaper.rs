//! Freeing what is large away from whoever removed it.

use super::Keyspace;
use super::entry::Entry;
use super::shard::Shard;
use crossbeam::queue::ArrayQueue;
use std::sync::atomic::{AtomicU64, Ordering};

/// What was taken out of the keyspace and is not freed yet. There is nothing else to do with it.
#[expect(dead_code, reason = "held to be dropped")]
pub(super) enum Garbage {
    Shard(Shard),
    Entry(Box<Entry>),
}

/// Removals that wait at most; whoever comes then frees by himself.
const WAITING_MAX: usize = 256;

/// What waits to be freed by [`Keyspace::free_garbage`].
pub(super) struct Reaper {
    waiting: ArrayQueue<Vec<Garbage>>,
    freed: AtomicU64,
}

impl Default for Reaper {
    fn default() -> Reaper {
        Reaper { waiting: ArrayQueue::new(WAITING_MAX), freed: AtomicU64::default() }
    }
}

impl Reaper {
    /// Takes garbage over, or frees it at once when too much waits.
    pub fn take(&self, garbage: Vec<Garbage>) {
        drop(self.waiting.push(garbage));
    }
}

impl Keyspace {
    /// How many removals by UNLINK and asynchronous flushes wait to be freed.
    #[must_use]
    pub fn garbage_waiting(&self) -> usize {
        self.reaper.waiting.len()
    }

    /// How many of them were freed since the start.
    #[must_use]
    pub fn garbage_freed(&self) -> u64 {
        self.reaper.freed.load(Ordering::Relaxed)
    }

    /// Frees what waits. Takes as long as it takes: for a thread that may.
    pub fn free_garbage(&self) {
        while let Some(garbage) = self.reaper.waiting.pop() {
            drop(garbage);
            self.reaper.freed.fetch_add(1, Ordering::Relaxed);
        }
    }
}
