//! Clients that wait until there is something in a key (BLPOP).
//!
//! They stand in the table of what is watched in a shard, in the order in which they came. Whoever changes what
//! users see of a key rings the bell if anybody waits for it; afterwards, with no key held, those who wait
//! are served. So a change costs a look at that table, whoever made it: a command, a script, a peer.

use super::lanes::Patience;
use super::{KeyRef, Keys, Keyspace, WatchedKey};
use crate::base::Name;
use crate::crdt::End;
use crate::resp::Protocol;
use indexmap::IndexSet;
use parking_lot::{Mutex, MutexGuard};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

/// What a client waits to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// BLPOP, BRPOP.
    Pop { end: End },
    /// BLMPOP.
    PopMany { end: End, count: usize },
    /// BLMOVE, BRPOPLPUSH.
    Move { from: End, to: End, destination: Name },
    /// BZPOPMIN, BZPOPMAX.
    PopScored { edge: Edge },
    /// BZMPOP.
    PopManyScored { edge: Edge, count: usize },
}

/// From which end of a sorted set members are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    Min,
    Max,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// In the protocol that the client speaks.
    pub reply: Vec<u8>,
    /// The drain that holds what was done for it; 0: nobody is told.
    pub wrote: u64,
}

/// How far a client's waiting has come.
#[derive(Debug)]
pub enum Stage {
    Waits(Option<Waker>),
    Served(Served),
    /// It does not wait any more.
    Over,
}

/// A client that waits for keys of one database.
#[derive(Debug)]
pub struct Waiter {
    /// Rises with the order in which clients began to wait.
    number: u64,
    keys: Vec<WatchedKey>,
    bell: Arc<Bell>,
    pub wish: Wish,
    pub protocol: Protocol,
    stage: Mutex<Stage>,
}

impl Waiter {
    /// Its stage, which does not change meanwhile. Taken last, with keys held or without.
    pub fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock()
    }

    /// Ready when it was served.
    pub fn poll_served(&self, context: &mut Context<'_>) -> Poll<()> {
        match &mut *self.stage.lock() {
            Stage::Waits(waker) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
            Stage::Served(_) | Stage::Over => Poll::Ready(()),
        }
    }

    /// The end of its waiting; what came of it, if it was served.
    pub fn leave(&self) -> Option<Served> {
        match std::mem::replace(&mut *self.stage.lock(), Stage::Over) {
            Stage::Served(served) => Some(served),
            Stage::Waits(_) | Stage::Over => None,
        }
    }

    /// Something has changed in the key of that hash.
    pub(super) fn ring(&self, hash: u64) {
        for key in self.keys.iter().map(WatchedKey::key).filter(|key| key.hash == hash) {
            self.bell.ring(key);
        }
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

/// Keys for which clients wait, and in which something has changed since these were last served.
#[derive(Debug, Default)]
pub struct Bell {
    last_number: AtomicU64,
    is_rung: AtomicBool,
    rung: Mutex<Rung>,
}

#[derive(Debug, Default)]
struct Rung {
    keys: IndexSet<(u16, Name)>,
    waker: Option<Waker>,
}

impl Bell {
    /// Whether it was rung since: one relaxed load.
    #[inline]
    #[must_use]
    pub fn is_rung(&self) -> bool {
        self.is_rung.load(Ordering::Relaxed)
    }

    /// Ready when it is rung.
    pub fn poll_rung(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut rung = self.rung.lock();
        if !rung.keys.is_empty() {
            return Poll::Ready(());
        }
        rung.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// The keys for which it was rung, in that order.
    #[must_use]
    pub fn take(&self) -> Vec<(u16, Name)> {
        let mut rung = self.rung.lock();
        self.is_rung.store(false, Ordering::Relaxed);
        std::mem::take(&mut rung.keys).into_iter().collect()
    }

    fn ring(&self, key: KeyRef<'_>) {
        let mut rung = self.rung.lock();
        rung.keys.insert((key.db, Name::from_slice(key.name)));
        self.is_rung.store(true, Ordering::Relaxed);
        if let Some(waker) = rung.waker.take() {
            waker.wake();
        }
    }
}

impl Keys<'_> {
    /// Has a client wait for these keys, which are held exclusively.
    pub fn wait<'n>(
        &mut self,
        db: u16,
        names: impl Iterator<Item = &'n [u8]>,
        wish: Wish,
        protocol: Protocol,
    ) -> Arc<Waiter> {
        let bell = self.keyspace.bell.clone();
        let number = bell.last_number.fetch_add(1, Ordering::Relaxed) + 1;
        let keys: Vec<WatchedKey> =
            names.map(|name| WatchedKey::of(KeyRef::new(db, name))).collect();
        let stage = Mutex::new(Stage::Waits(None));
        let waiter = Arc::new(Waiter { number, keys, bell, wish, protocol, stage });
        for key in &waiter.keys {
            let key = key.key();
            self.shard_mut(key).watched.get_or_insert_default().wait(key.hash, &waiter);
        }
        waiter
    }

    /// Takes a client from those that wait for a key, which is held exclusively.
    pub fn stop_waiting(&mut self, key: KeyRef<'_>, waiter: &Waiter) {
        self.shard_mut(key).stop_waiting(key.hash, waiter.number);
    }
}

impl Keyspace {
    /// Rung for keys for which clients wait.
    #[must_use]
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    /// The client that has waited longest for a key, of those that came after the `last`.
    #[must_use]
    pub fn next_waiter(&self, key: KeyRef<'_>, last: Option<&Waiter>) -> Option<Arc<Waiter>> {
        let shard = self.shard(self.lock_of(key)).read();
        shard.watched.as_ref()?.next_waiter(key, last.map_or(0, |waiter| waiter.number))
    }

    /// Takes a client from those that wait. The caller holds no scope. Where a script holds a key for too long the client
    /// stays in the table: who comes to serve it finds that it is gone.
    pub fn stop_waiting(&self, waiter: &Waiter) {
        for key in waiter.keys.iter().map(WatchedKey::key) {
            let shard = self.shard(self.lock_of(key));
            if let Some(mut shard) = self.write_patiently(shard, Patience::UntilHeldUp) {
                shard.stop_waiting(key.hash, waiter.number);
            }
        }
    }
}

impl Waiter {
    /// Whether it waits for this key.
    pub(super) fn awaits(&self, key: KeyRef<'_>) -> bool {
        self.keys
            .iter()
            .map(WatchedKey::key)
            .any(|known| known.db == key.db && known.name == key.name)
    }
}
