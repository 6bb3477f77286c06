//! Whether clients are answered. A node that starts without its state must not show counts that are not
//! there, nor count in lives that have ended elsewhere, so it compares with a peer first. But it never
//! refuses for long: who can reach nobody answers with what it has.

use super::{Engine, Now};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the dispatcher of commands looks at, without the engine's lock.
#[derive(Debug, Default)]
pub struct Readiness {
    is_ready: AtomicBool,
}

impl Readiness {
    /// Whether clients are answered; else the state is still to be fetched from peers.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        // What was merged before is seen by way of the shards' locks.
        self.is_ready.load(Ordering::Relaxed)
    }
}

/// The engine's side of it.
#[derive(Debug)]
pub(super) struct Gate {
    published: Arc<Readiness>,
    /// Since when clients are refused (monotonic ms); `None`: they are not.
    closed_ms: Option<u64>,
    /// It does not open yet, whatever the reason.
    is_held: bool,
}

impl Gate {
    /// A node that has just started.
    #[must_use]
    pub fn closed(now: Now) -> Gate {
        Gate { published: Arc::default(), closed_ms: Some(now.mono_ms), is_held: false }
    }

    /// Once more does not make it longer.
    pub fn close(&mut self, now: Now) {
        self.published.is_ready.store(false, Ordering::Relaxed);
        self.closed_ms.get_or_insert(now.mono_ms);
    }

    /// The node was held up until now, by its own comeback perhaps: nobody could be reached meanwhile.
    pub fn excuse(&mut self, now: Now) {
        self.closed_ms = self.closed_ms.map(|_| now.mono_ms);
    }

    /// Stays closed until it is released.
    pub fn hold(&mut self) {
        self.is_held = true;
    }

    /// Opens for a reason again.
    pub fn let_go(&mut self) {
        self.is_held = false;
    }

    /// Opens what was held.
    pub fn release(&mut self, why: &str) {
        self.is_held = false;
        self.open(why);
    }

    /// `why`: for the log.
    pub fn open(&mut self, why: &str) {
        if self.is_held {
            return;
        }
        if self.closed_ms.take().is_some() {
            tracing::info!("Clients are answered: {why}");
            self.published.is_ready.store(true, Ordering::Relaxed);
        }
    }

    /// Whether clients have been refused for so long that nothing more is waited for but a round that
    /// is under way.
    fn is_overdue(&self, timeout_ms: u64, now: Now) -> bool {
        self.closed_ms.is_some_and(|closed_ms| now.mono_ms >= closed_ms.saturating_add(timeout_ms))
    }
}

impl Engine {
    /// Whether clients are answered.
    #[must_use]
    pub fn readiness(&self) -> Arc<Readiness> {
        self.gate.published.clone()
    }

    /// Answers clients if there is nobody to compare with.
    pub(super) fn open_if_alone(&mut self, now: Now) {
        if self.dialer.is_empty() {
            self.gate.open("no other node is known");
        } else if !self.peers.values().any(|peer| peer.asker.is_some()) {
            self.open_if_overdue("no other node was reached in time", now);
        }
    }

    /// Answers clients if they were refused for as long as a node is given to answer.
    pub(super) fn open_if_overdue(&mut self, why: &str, now: Now) {
        if self.gate.is_overdue(self.settings.node_timeout_ms, now) {
            self.gate.open(why);
        }
    }
}
