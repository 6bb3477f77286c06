//! The node's part in a cluster, shared by its peer connections and its clients.

use super::clock::unix_ms;
use super::posts::Posts;
use crate::replication::{Collected, Engine, Now, Progress, Readiness, Status};
use crate::store::Keyspace;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Notify;

/// Replication, for a node that has a `cluster-port`.
///
/// Locks are taken in this order: the one that keeps scripts out, the engine's, then shards'. So a command that asks the engine holds
/// no key (`Reach::Engine`).
pub struct Cluster {
    pub engine: Mutex<Engine>,
    /// For WAIT, which needs no lock.
    pub progress: Arc<Progress>,
    /// For the dispatcher, as cheap.
    pub readiness: Arc<Readiness>,
    /// For DUMP and RESTORE, which hold a key.
    pub collected: Arc<Collected>,
    /// Notified (all waiters) after peers have confirmed something.
    pub confirmed: Notify,
    /// Notified when the engine has something to send or to dial before its next tick.
    pub wake: Notify,
    /// What is published, for the peers' subscribers.
    pub posts: Posts,
    /// Where the monotonic clock of [`Cluster::now`] begins.
    started: Instant,
}

impl Cluster {
    #[must_use]
    pub fn new(engine: Engine) -> Cluster {
        let (progress, readiness) = (engine.progress(), engine.readiness());
        let collected = engine.collected();
        Cluster {
            engine: Mutex::new(engine),
            progress,
            readiness,
            collected,
            confirmed: Notify::new(),
            wake: Notify::new(),
            posts: Posts::default(),
            started: Instant::now(),
        }
    }

    /// What the engine says of this node and its peers. The caller holds no key of `keyspace`, and keeps scripts out.
    #[must_use]
    pub fn status(&self, keyspace: &Keyspace) -> Status {
        self.engine.lock().status(keyspace, self.now())
    }

    /// The time, as the engine wants it.
    #[must_use]
    pub fn now(&self) -> Now {
        let mono_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Now { wall_ms: unix_ms(), mono_ms }
    }
}
