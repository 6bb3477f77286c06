//! How far peers have confirmed this node's writes: what WAIT looks at, without the engine's lock.

use crate::store::Keyspace;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// The last drain that a peer has whole, and the last that it would have after a crash.
#[derive(Clone, Copy, Debug)]
pub(super) struct Confirmed {
    pub has: u64,
    pub keeps: u64,
}

/// Drains are counted from 1. What was written before [`Progress::ticket`] was read is drained by the
/// drain of that number at the latest.
#[derive(Debug, Default)]
pub struct Progress {
    begun: AtomicU64,
    /// The last drain that would survive a crash.
    durable: AtomicU64,
    peers: Mutex<Vec<Confirmed>>,
    /// Bytes that wait for the disk's thread to take them.
    journal_bytes: AtomicU64,
}

impl Progress {
    /// The drain that holds, at the latest, what was written before this call.
    #[must_use]
    pub fn ticket(&self) -> u64 {
        self.begun.load(Ordering::SeqCst) + 1
    }

    /// The last drain that has begun.
    #[must_use]
    pub fn begun(&self) -> u64 {
        self.begun.load(Ordering::SeqCst)
    }

    /// The drain that holds, at the latest, all that can have been seen in `keyspace` before this call.
    #[must_use]
    pub fn seen(&self, keyspace: &Keyspace) -> u64 {
        // Who finds a change taken away by a drain finds that drain begun.
        let is_dirty = keyspace.has_dirty();
        self.begun.load(Ordering::SeqCst) + u64::from(is_dirty)
    }

    /// The last drain that would survive a crash of this node; of one that does not write anything
    /// down, 0.
    #[must_use]
    pub fn durable(&self) -> u64 {
        self.durable.load(Ordering::SeqCst)
    }

    pub(super) fn set_durable(&self, drain: u64) {
        self.durable.fetch_max(drain, Ordering::SeqCst);
    }

    /// How many peers have the drain of that number.
    #[must_use]
    pub fn confirmed_by(&self, drain: u64) -> usize {
        self.peers.lock().iter().filter(|peer| peer.has >= drain).count()
    }

    /// How many peers would have it after a crash.
    #[must_use]
    pub fn kept_by(&self, drain: u64) -> usize {
        self.peers.lock().iter().filter(|peer| peer.keeps >= drain).count()
    }

    /// Bytes that were drained and that the disk's thread has not taken yet.
    #[must_use]
    pub fn journal_bytes(&self) -> u64 {
        self.journal_bytes.load(Ordering::Relaxed)
    }

    pub(super) fn set_journal_bytes(&self, bytes: u64) {
        self.journal_bytes.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn begin(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(super) fn set_confirmed(&self, peers: Vec<Confirmed>) {
        *self.peers.lock() = peers;
    }
}
