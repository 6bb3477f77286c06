//! What a node that keeps its data on disk shares between its clients and the thread that writes.

use super::cluster::Cluster;
use super::snapshots::Snapshots;
use crate::store::Keyspace;
use parking_lot::{Condvar, Mutex};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// What was taken for the log so long ago should be durable, with `everysec`.
const BEHIND_MS: u64 = 2_000;

/// The disk, for a node with `appendonly yes`.
pub struct Disk {
    /// Its engine hands out what is to be written. It has no peers where the node is alone.
    pub cluster: Arc<Cluster>,
    /// Notified (all waiters) when more has become durable, and when that fails.
    changed: Notify,
    /// Set while the last try to write has failed.
    is_failing: AtomicBool,
    failure: Mutex<String>,
    phase: Mutex<Phase>,
    is_loaded: AtomicBool,
    /// Whether somebody waits for the thread; read before the lock is taken.
    is_wanted: AtomicBool,
    wanted: Mutex<bool>,
    wake: Condvar,
    /// Set for good: the thread is to end.
    is_ending: AtomicBool,
    pub figures: DiskFigures,
    pub snapshots: Snapshots,
    /// When the oldest of what is not durable was taken (ms after `started`, and 1 more); 0: all is durable.
    pending_since: AtomicU64,
    started: Instant,
    /// Set while somebody waits for a sync that `appendfsync` alone would not have yet.
    wants_sync: AtomicBool,
}

/// For INFO.
#[derive(Default)]
pub struct DiskFigures {
    pub loading_bytes: AtomicU64,
    pub loaded_bytes: AtomicU64,
    /// Of the log since the last snapshot.
    pub log_bytes: AtomicU64,
    /// That are not durable.
    pub pending_bytes: AtomicU64,
    /// Of memory that they take, with room for more.
    pub buffer_bytes: AtomicU64,
    pub fsyncs: AtomicU64,
    /// Times that a writer had to wait for a slow disk, with `everysec`.
    pub delayed: AtomicU64,
}

/// How far the start is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Loading,
    Loaded,
    /// Why there is nothing to serve.
    Failed(String),
}

impl Disk {
    #[must_use]
    pub fn new(cluster: Arc<Cluster>) -> Disk {
        Disk {
            cluster,
            changed: Notify::new(),
            is_failing: AtomicBool::new(false),
            failure: Mutex::default(),
            phase: Mutex::new(Phase::Loading),
            is_loaded: AtomicBool::new(false),
            is_wanted: AtomicBool::new(false),
            wanted: Mutex::new(false),
            wake: Condvar::new(),
            is_ending: AtomicBool::new(false),
            figures: DiskFigures::default(),
            snapshots: Snapshots::default(),
            pending_since: AtomicU64::new(0),
            started: Instant::now(),
            wants_sync: AtomicBool::new(false),
        }
    }

    /// Whether what is on disk is still being read.
    #[must_use]
    pub fn is_loading(&self) -> bool {
        // What was loaded is seen by way of the shards' locks.
        !self.is_loaded.load(Ordering::Relaxed)
    }

    /// The thread: all is read, or why it cannot be.
    pub fn end_loading(&self, result: Result<(), String>) {
        self.is_loaded.store(result.is_ok(), Ordering::Relaxed);
        *self.phase.lock() = match result {
            Ok(()) => Phase::Loaded,
            Err(why) => Phase::Failed(why),
        };
        self.changed.notify_waiters();
    }

    /// Returns when the start is over; false: there is nothing to serve.
    pub async fn loaded(&self) -> bool {
        loop {
            let changed = self.changed.notified();
            match &*self.phase.lock() {
                Phase::Loading => {}
                phase => return *phase == Phase::Loaded,
            }
            changed.await;
        }
    }

    /// Why what is on disk could not be read.
    #[must_use]
    pub fn loading_error(&self) -> Option<String> {
        match &*self.phase.lock() {
            Phase::Failed(why) => Some(why.clone()),
            _ => None,
        }
    }

    /// Why writes are refused, if they are.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.is_failing.load(Ordering::Relaxed).then(|| self.failure.lock().clone())
    }

    /// The thread: whether the last try to write went well.
    pub fn set_failure(&self, failure: Option<String>) {
        self.is_failing.store(failure.is_some(), Ordering::Relaxed);
        *self.failure.lock() = failure.unwrap_or_default();
        self.changed.notify_waiters();
    }

    /// The thread: more is durable, or there is room for more.
    pub fn note_change(&self) {
        self.changed.notify_waiters();
    }

    /// The next word that more has become durable, or that this fails.
    pub fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Whether replies have to be held back that tell of what was done or seen so far: then the drain
    /// that they wait for. `wrote`: the drain that holds what their own client has written.
    #[must_use]
    pub fn holds_back(&self, keyspace: &Keyspace, wrote: u64) -> Option<u64> {
        let progress = &self.cluster.progress;
        let durable = progress.durable();
        let drain = match self.is_failing.load(Ordering::Relaxed) {
            // Reads go on, with what may be lost.
            true => wrote,
            false => progress.seen(keyspace).max(wrote),
        };
        (drain > durable).then_some(drain)
    }

    /// Returns when replies that wait for this drain may go; `wrote` as before.
    pub async fn written(&self, drain: u64, wrote: u64) {
        self.want();
        loop {
            let changed = self.changed.notified();
            let durable = self.cluster.progress.durable();
            let is_failing = self.is_failing.load(Ordering::Relaxed);
            if durable >= drain || is_failing && durable >= wrote {
                return;
            }
            changed.await;
        }
    }

    /// Returns when this drain is on disk, which is seen to at once.
    pub async fn kept(&self, drain: u64) {
        loop {
            let changed = self.changed.notified();
            if self.cluster.progress.durable() >= drain {
                return;
            }
            self.want_durable();
            changed.await;
        }
    }

    /// The thread: since when something that it has taken is not durable.
    pub fn set_pending(&self, since: Option<Instant>) {
        let ms = |since: Instant| since.saturating_duration_since(self.started).as_millis() as u64;
        self.pending_since.store(since.map_or(0, |since| ms(since) + 1), Ordering::Relaxed);
    }

    /// With `everysec`: whether a client who wrote has to wait before it is answered, as the disk is so
    /// far behind that more than about two seconds could be lost. Redis, too, lets writers wait then.
    #[must_use]
    pub fn is_behind(&self, wrote: u64, now: impl FnOnce() -> Instant) -> bool {
        let since_ms = self.pending_since.load(Ordering::Relaxed);
        let is_late = |now: Instant| {
            let now_ms = now.saturating_duration_since(self.started).as_millis() as u64;
            now_ms >= since_ms.saturating_add(BEHIND_MS)
        };
        // The clock last: on most calls there is no need for it.
        since_ms != 0
            && self.cluster.progress.durable() < wrote
            && !self.is_failing.load(Ordering::Relaxed)
            && is_late(now())
    }

    /// Returns when it need not wait any more.
    pub async fn caught_up(&self, wrote: u64) {
        loop {
            let changed = self.changed.notified();
            if !self.is_behind(wrote, Instant::now) {
                return;
            }
            changed.await;
        }
    }

    /// Has the thread write at once what there is.
    pub fn want(&self) {
        if !self.is_wanted.swap(true, Ordering::SeqCst) {
            *self.wanted.lock() = true;
            self.wake.notify_one();
        }
    }

    /// Has the thread make durable at once what there is.
    pub fn want_durable(&self) {
        self.wants_sync.store(true, Ordering::SeqCst);
        self.want();
    }

    /// The thread: whether a sync is wanted.
    pub fn takes_sync(&self) -> bool {
        self.wants_sync.swap(false, Ordering::SeqCst)
    }

    /// The thread: waits until it is wanted, or the time has come; whether it is wanted.
    pub fn wait_until(&self, deadline: Instant) -> bool {
        let mut wanted = self.wanted.lock();
        if !*wanted && !self.is_ending() {
            self.wake.wait_until(&mut wanted, deadline);
        }
        // Whoever calls from here on is heard the next time.
        self.is_wanted.store(false, Ordering::SeqCst);
        std::mem::take(&mut *wanted)
    }

    /// Has the thread write what is left, and end.
    pub fn end(&self) {
        self.is_ending.store(true, Ordering::SeqCst);
        self.want();
    }

    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::SeqCst)
    }

    /// Returns when the engine may receive more.
    pub async fn room(&self) {
        loop {
            let changed = self.changed.notified();
            if !self.cluster.engine.lock().is_clogged() {
                return;
            }
            self.want();
            changed.await;
        }
    }
}
