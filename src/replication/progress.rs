//! How far peers have confirmed this node's writes: what WAIT looks at, without the engine's lock.

use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Drains are counted from 1. What was written before [`Progress::ticket`] was read is drained by the
/// drain of that number at the latest.
#[derive(Debug, Default)]
pub struct Progress {
    begun: AtomicU64,
    /// Per peer (its node id) the last drain that it has confirmed whole.
    confirmed: Mutex<Vec<(u32, u64)>>,
}

impl Progress {
    /// The drain that holds, at the latest, what was written before this call.
    #[must_use]
    pub fn ticket(&self) -> u64 {
        self.begun.load(Ordering::SeqCst) + 1
    }

    /// How many peers have confirmed the drain of that number.
    #[must_use]
    pub fn confirmed_by(&self, drain: u64) -> usize {
        self.confirmed.lock().iter().filter(|(_, confirmed)| *confirmed >= drain).count()
    }

    pub(super) fn begin(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(super) fn set_confirmed(&self, confirmed: Vec<(u32, u64)>) {
        *self.confirmed.lock() = confirmed;
    }
}
