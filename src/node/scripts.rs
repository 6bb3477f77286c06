//! The scripts that are known, and the one that runs.

use crate::config::Config;
use crate::script::{Digest, Script};
use hashbrown::HashMap;
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// The scripts of a node. They are not told to peers: a client that is sent to another node loads them there.
pub struct Scripts {
    known: RwLock<HashMap<Digest, Arc<Script>, foldhash::fast::FixedState>>,
    /// Bytes of memory that they take.
    known_bytes: AtomicUsize,
    /// Bytes of memory that the Lua states of all threads take.
    pub lua_bytes: Arc<AtomicUsize>,
    pub running: Arc<Running>,
}

impl Scripts {
    /// `held_up` is raised while a script runs for too long.
    #[must_use]
    pub fn new(held_up: Arc<AtomicBool>) -> Scripts {
        Scripts {
            known: RwLock::default(),
            known_bytes: AtomicUsize::new(0),
            lua_bytes: Arc::default(),
            running: Arc::new(Running::new(held_up)),
        }
    }

    #[must_use]
    pub fn find(&self, digest: &Digest) -> Option<Arc<Script>> {
        self.known.read().get(digest).cloned()
    }

    pub fn add(&self, script: Arc<Script>) {
        let bytes = script.memory_bytes();
        if self.known.write().insert(script.digest, script).is_none() {
            self.known_bytes.fetch_add(bytes, Relaxed);
        }
    }

    /// SCRIPT FLUSH
    pub fn flush(&self) {
        let mut known = self.known.write();
        *known = HashMap::default();
        self.known_bytes.store(0, Relaxed);
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.known.read().len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[must_use]
    pub fn known_bytes(&self) -> usize {
        self.known_bytes.load(Relaxed)
    }
}

/// How far the script that runs has come.
mod stage {
    pub const NONE: u8 = 0;
    pub const READS: u8 = 1;
    pub const WROTE: u8 = 2;
    pub const KILLED: u8 = 3;
}

/// Why a script cannot be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotKilled {
    NoneRuns,
    /// It would be half of what it wants to do.
    HasWritten,
}

/// The script that runs: there is one at a time.
pub struct Running {
    stage: AtomicU8,
    since: Mutex<Option<Since>>,
    held_up: Arc<AtomicBool>,
    /// Notified (all waiters) when a script runs for too long.
    pub became_slow: Notify,
    is_slow_known: AtomicBool,
}

struct Since {
    started: Instant,
    /// `None`: it may take as long as it likes.
    limit: Option<Duration>,
}

impl Running {
    fn new(held_up: Arc<AtomicBool>) -> Running {
        Running {
            stage: AtomicU8::new(stage::NONE),
            since: Mutex::default(),
            held_up,
            became_slow: Notify::new(),
            is_slow_known: AtomicBool::new(false),
        }
    }

    /// One runs from now on, until the result is dropped.
    #[must_use]
    pub fn begin(&self, config: &Config) -> Run<'_> {
        let limit_ms = u64::try_from(config.busy_reply_threshold_ms).ok().filter(|ms| *ms > 0);
        let limit = limit_ms.map(Duration::from_millis);
        *self.since.lock() = Some(Since { started: Instant::now(), limit });
        self.stage.store(stage::READS, Release);
        Run { running: self }
    }

    /// Before it writes. False: it was killed.
    #[must_use]
    pub fn writes(&self) -> bool {
        let wrote = self.stage.compare_exchange(stage::READS, stage::WROTE, AcqRel, Acquire);
        !matches!(wrote, Err(stage::KILLED))
    }

    /// Whether it has written.
    #[must_use]
    pub fn has_written(&self) -> bool {
        self.stage.load(Acquire) == stage::WROTE
    }

    /// SCRIPT KILL
    ///
    /// # Errors
    /// Why it goes on.
    pub fn kill(&self) -> Result<(), NotKilled> {
        match self.stage.compare_exchange(stage::READS, stage::KILLED, AcqRel, Acquire) {
            Ok(_) | Err(stage::KILLED) => Ok(()),
            Err(stage::WROTE) => Err(NotKilled::HasWritten),
            Err(_) => Err(NotKilled::NoneRuns),
        }
    }

    /// Asked now and then while one runs: whether it must end. Tells everybody if it has taken too long.
    #[must_use]
    pub fn must_end(&self) -> bool {
        let elapsed = match &*self.since.lock() {
            Some(since) => Some(since.started.elapsed())
                .filter(|elapsed| since.limit.is_some_and(|limit| *elapsed >= limit)),
            None => None,
        };
        if let Some(elapsed) = elapsed {
            self.tell_slow(elapsed);
        }
        self.stage.load(Acquire) == stage::KILLED
    }

    fn tell_slow(&self, elapsed: Duration) {
        if !self.is_slow_known.swap(true, AcqRel) {
            tracing::warn!(
                "Slow script detected: still in execution after {} milliseconds. You can try killing the script \
                 using the SCRIPT KILL command.",
                elapsed.as_millis()
            );
            self.held_up.store(true, Release);
            self.became_slow.notify_waiters();
        }
    }
}

/// A script that runs.
pub struct Run<'r> {
    running: &'r Running,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        *self.running.since.lock() = None;
        self.running.stage.store(stage::NONE, Release);
        if self.running.is_slow_known.swap(false, AcqRel) {
            self.running.held_up.store(false, Release);
        }
    }
}
