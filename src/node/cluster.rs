//! The node's part in a cluster, shared by its peer connections and its clients.

use crate::replication::{Engine, Progress};
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::Notify;

/// Replication, for a node that has a `cluster-port`.
///
/// Locks are taken in this order: the engine's, then shards'. So a command that asks the engine holds
/// no key (`Reach::Browse`).
pub struct Cluster {
    pub engine: Mutex<Engine>,
    /// For WAIT, which needs no lock.
    pub progress: Arc<Progress>,
    /// Notified (all waiters) after peers have confirmed something.
    pub confirmed: Notify,
    /// Notified when the engine has something to send or to dial before its next tick.
    pub wake: Notify,
}

impl Cluster {
    #[must_use]
    pub fn new(engine: Engine) -> Cluster {
        let progress = engine.progress();
        Cluster {
            engine: Mutex::new(engine),
            progress,
            confirmed: Notify::new(),
            wake: Notify::new(),
        }
    }
}
