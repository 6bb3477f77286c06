//! Scripts beside all others.
//!
//! A script may touch any key, and which one is known only when it does: so it cannot lock its shards in
//! rising order, as commands on several keys do. Instead there is a lock before all others. Whoever locks more than one
//! shard (one after the other too, if it cannot come back later), or the engine and then a shard, holds it *shared*
//! for as long; a script holds it *exclusively*, takes shards in any order when it comes to them, and keeps them to its end.
//!
//! Why nobody waits in a circle: while a script runs, nobody else holds it, so whoever holds a shard then is a
//! command on that one key, or a step of background work on that one shard. These wait for nothing but the leaves of the
//! order (see [`Keyspace`](super::Keyspace)), which are given back at once. So a script waits only for who goes on, and all
//! others that wait for a script hold nothing that it could want: neither a shard, nor the engine.
//!
//! It is atomic to everybody: commands on several keys, drains and merges do not run beside it, and one on a single key
//! meets either no shard of the script or waits for its end.
//!
//! Nobody takes it twice: a thread that holds it shared and wants it once more would wait for a script that waits for
//! that thread. Scopes take it; what runs inside of a scope, and what runs under the engine's lock, does not.

use super::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, read_for, write_for};
use super::{KeyRef, Keys, Keyspace, Mode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often who waits looks whether to go on waiting.
const LOOK: Duration = Duration::from_millis(20);
/// How long work that can be done later waits for its turn.
const PATIENCE: Duration = Duration::from_millis(1);

/// The lock before all others, and whether a script has held it for too long.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lock: RwLock<()>,
    is_held_up: Arc<AtomicBool>,
}

/// What a scope holds of it, until it is dropped.
pub(super) enum Lane<'k> {
    Shared { _held: RwLockReadGuard<'k, ()> },
    Alone { _held: RwLockWriteGuard<'k, ()> },
}

/// Whether who waits for a lock gives up when a script runs for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    Endless,
    UntilHeldUp,
    /// The caller keeps scripts out already: none can hold it up.
    Beside,
}

/// Beside whoever is not a script, until it is dropped.
pub struct BesideScripts<'k> {
    _lane: Lane<'k>,
}

impl Keyspace {
    /// Waits until no script runs, and keeps others from it. Before the engine is locked, by who then looks at
    /// keys: see `lanes`.
    pub fn keep_scripts_out(&self) -> BesideScripts<'_> {
        loop {
            if let Some(_lane) = self.share_lane(Patience::Endless) {
                return BesideScripts { _lane };
            }
        }
    }

    /// The same if none runs, and none waits to.
    pub fn keep_scripts_out_now(&self) -> Option<BesideScripts<'_>> {
        let held = self.lanes.lock.try_read();
        held.map(|_held| BesideScripts { _lane: Lane::Shared { _held } })
    }

    /// The scope of who keeps scripts out.
    pub fn open_beside<'k, 'n>(
        &'k self,
        _beside: &BesideScripts<'k>,
        keys: impl Iterator<Item = KeyRef<'n>> + Clone,
        mode: Mode,
        now_ms: u64,
    ) -> Keys<'k> {
        loop {
            if let Some(scope) = Keys::open(self, keys.clone(), mode, Patience::Beside, now_ms) {
                return scope;
            }
        }
    }

    /// The same for who can come back later: `None`, one runs.
    pub(super) fn share_lane_soon(&self) -> Option<Lane<'_>> {
        read_for(&self.lanes.lock, PATIENCE).map(|_held| Lane::Shared { _held })
    }

    pub(super) fn share_lane(&self, patience: Patience) -> Option<Lane<'_>> {
        let held = self.read_patiently(&self.lanes.lock, patience);
        held.map(|_held| Lane::Shared { _held })
    }

    /// The lane of a script.
    pub(super) fn take_lane(&self, patience: Patience) -> Option<Lane<'_>> {
        let held = self.write_patiently(&self.lanes.lock, patience);
        held.map(|_held| Lane::Alone { _held })
    }

    /// The same if nobody is in it.
    pub(super) fn try_take_lane(&self) -> Option<Lane<'_>> {
        self.lanes.lock.try_write().map(|_held| Lane::Alone { _held })
    }

    /// Whether a script has run for so long that others are told so instead of waiting.
    #[inline]
    #[must_use]
    pub fn is_held_up(&self) -> bool {
        self.lanes.is_held_up.load(Ordering::Relaxed)
    }

    /// For who runs scripts: raised when one has run for too long, and lowered when it has ended.
    #[must_use]
    pub fn held_up(&self) -> Arc<AtomicBool> {
        self.lanes.is_held_up.clone()
    }

    pub(super) fn read_patiently<'k, T>(
        &self,
        lock: &'k RwLock<T>,
        patience: Patience,
    ) -> Option<RwLockReadGuard<'k, T>> {
        lock.try_read().or_else(|| self.wait(patience, || read_for(lock, LOOK)))
    }

    pub(super) fn write_patiently<'k, T>(
        &self,
        lock: &'k RwLock<T>,
        patience: Patience,
    ) -> Option<RwLockWriteGuard<'k, T>> {
        lock.try_write().or_else(|| self.wait(patience, || write_for(lock, LOOK)))
    }

    #[cold]
    fn wait<G>(&self, patience: Patience, attempt: impl Fn() -> Option<G>) -> Option<G> {
        loop {
            if let Some(held) = attempt() {
                return Some(held);
            }
            if patience == Patience::UntilHeldUp && self.is_held_up() {
                return None;
            }
        }
    }
}
