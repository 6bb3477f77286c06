//! Snapshots: who wants one, and what became of the last.

use super::clock::unix_ms;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tokio::sync::Notify;

/// Shared by the clients who ask for snapshots and the threads that take them.
pub struct Snapshots {
    state: Mutex<Snapshot>,
    /// As the last one, for every write to look at.
    has_failed: AtomicBool,
    /// Notified (all waiters) when one has ended.
    ended: Notify,
}

/// The snapshot that is being taken, and the last one.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot {
    pub is_wanted: bool,
    /// Of the one that is being taken.
    pub begun: Option<Instant>,
    /// How many have ended.
    pub ended: u64,
    /// How many of them are there.
    pub saved: u64,
    pub last_failed: bool,
    /// When the last one was there (Unix seconds); before that, the start.
    pub saved_s: u64,
    pub took_s: Option<u64>,
    /// Its size.
    pub bytes: u64,
    /// What [`super::Stats::changes`] was when the last one that is there was begun.
    pub changes: u64,
    /// The same of the one that is being taken.
    begun_changes: u64,
}

impl Default for Snapshots {
    fn default() -> Snapshots {
        let state = Snapshot {
            is_wanted: false,
            begun: None,
            ended: 0,
            saved: 0,
            last_failed: false,
            saved_s: unix_ms() / 1000,
            took_s: None,
            bytes: 0,
            changes: 0,
            begun_changes: 0,
        };
        Snapshots {
            state: Mutex::new(state),
            has_failed: AtomicBool::new(false),
            ended: Notify::new(),
        }
    }
}

impl Snapshots {
    #[must_use]
    pub fn get(&self) -> Snapshot {
        *self.state.lock()
    }

    /// Whether the last one is not there.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    /// Asks for one. Returns its number, for [`Snapshots::done`]; `None`: one is being taken already.
    pub fn want(&self) -> Option<u64> {
        let mut state = self.state.lock();
        if state.is_wanted || state.begun.is_some() {
            return None;
        }
        state.is_wanted = true;
        Some(state.ended + 1)
    }

    /// Whether one is to be begun; then it is, after so many changes.
    pub fn begin(&self, changes: u64) -> bool {
        let mut state = self.state.lock();
        let begins = state.is_wanted && state.begun.is_none();
        if begins {
            (state.is_wanted, state.begun) = (false, Some(Instant::now()));
            state.begun_changes = changes;
        }
        begins
    }

    /// The one that was begun has ended, with so many bytes.
    pub fn end(&self, bytes: Option<u64>) {
        let mut state = self.state.lock();
        state.took_s = state.begun.take().map(|begun| begun.elapsed().as_secs());
        state.ended += 1;
        state.last_failed = bytes.is_none();
        self.has_failed.store(bytes.is_none(), Ordering::Relaxed);
        if let Some(bytes) = bytes {
            (state.bytes, state.saved_s) = (bytes, unix_ms() / 1000);
            state.saved += 1;
            state.changes = state.begun_changes;
        }
        drop(state);
        self.ended.notify_waiters();
    }

    /// Returns when the snapshot of this number has ended; whether it is there.
    pub async fn done(&self, number: u64) -> bool {
        loop {
            let ended = self.ended.notified();
            let state = self.get();
            if state.ended >= number {
                return !state.last_failed;
            }
            ended.await;
        }
    }
}
