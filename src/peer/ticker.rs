//! The engine's ticks.

use super::announce;
use super::identity::{Identity, IdentityFile};
use super::settings::{Who, settings};
use super::shared::{SECRET_CHANGED, Shared};
use crate::config::Config;
use crate::node::CachedConfig;
use crate::replication::Dial;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The engine is asked no more often, and no less.
const TICK_MIN: Duration = Duration::from_millis(1);
const TICK_MAX: Duration = Duration::from_secs(1);

pub struct Ticker {
    shared: Rc<Shared>,
    last: Instant,
    /// Somebody cannot wait for the next tick.
    is_woken: Cell<bool>,
    config: CachedConfig,
    /// The configuration that the engine goes by.
    pub applied: Arc<Config>,
    identity_file: IdentityFile,
    /// What the file says.
    kept: Identity,
}

impl Ticker {
    pub fn new(shared: Rc<Shared>) -> Ticker {
        let applied = shared.node.config();
        let kept = shared.engine(|engine, _, _| Identity::of(engine.settings()));
        Ticker {
            shared,
            last: Instant::now(),
            is_woken: Cell::new(true),
            config: CachedConfig::default(),
            identity_file: IdentityFile::of(&applied),
            applied,
            kept,
        }
    }

    /// Returns when the engine has something to do. It may be dropped and asked again.
    pub async fn due(&self) {
        let earliest = self.last + TICK_MIN;
        if !self.is_woken.get() {
            tokio::select! {
                () = sleep_until(self.next().max(earliest)) => return,
                () = self.shared.cluster.wake.notified() => self.is_woken.set(true),
            }
        }
        sleep_until(earliest).await;
    }

    fn next(&self) -> Instant {
        let (tick_ms, wait_ms) = self.shared.engine(|engine, _, now| {
            let wait_ms = engine.next_wake_ms().saturating_sub(now.mono_ms);
            (engine.settings().tick_ms, wait_ms)
        });
        let wanted = Instant::now() + Duration::from_millis(wait_ms).min(TICK_MAX);
        // The engine does not hear of writes: while there is somebody to send them to, it looks.
        let drain = self.last + Duration::from_millis(tick_ms);
        if self.shared.has_links() { wanted.min(drain) } else { wanted }
    }

    /// Returns what is to be dialled.
    pub fn tick(&mut self) -> Vec<Dial> {
        self.last = Instant::now();
        self.is_woken.set(false);
        self.follow_configuration();
        let shared = &self.shared;
        let (dials, closings, identity) = shared.engine(|engine, keyspace, now| {
            engine.tick(keyspace, now);
            (engine.dials(now), engine.take_closings(), Identity::of(engine.settings()))
        });
        closings.into_iter().for_each(|(link, reason)| shared.close(link, reason));
        shared.wake_all();
        shared.cluster.confirmed.notify_waiters();
        shared.write_much();
        self.keep(identity);
        dials
    }

    /// Hands on what CONFIG SET has changed.
    fn follow_configuration(&mut self) {
        let config = self.config.get(&self.shared.node.config);
        if !Arc::ptr_eq(config, &self.applied) {
            if config.cluster_secret != self.applied.cluster_secret {
                self.shared.close_all(SECRET_CHANGED);
            }
            self.applied = config.clone();
            self.shared.engine(|engine, _, _| {
                engine.configure(settings(config, Who::of(engine.settings())));
                let clients = announce::for_clients(config, &engine.settings().address);
                engine.serve_clients_at(clients);
            });
        }
    }

    /// CLUSTER RESET HARD, or having been forgotten, makes the node another one.
    fn keep(&mut self, identity: Identity) {
        let is_other = identity.node != self.kept.node;
        // With a log, it says which memory this is.
        let is_logged = self.shared.node.disk.is_some();
        if identity != self.kept && (is_other || !is_logged) {
            self.kept = identity;
            if let Err(error) = self.identity_file.keep(identity) {
                tracing::warn!("Cannot keep the node's new id: {error}");
            }
        }
    }
}
