//! The live configuration: replaced as a whole, read by every thread without a lock.

use crate::config::Config;
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Holds the configuration of the moment.
pub struct ConfigCell {
    current: RwLock<Arc<Config>>,
    /// Held by whoever changes it: one at a time, and readers do not wait for what that takes.
    changing: Mutex<()>,
    /// Goes up by one with every replacement, so that a thread knows when its copy is old.
    version: AtomicU64,
}

impl ConfigCell {
    #[must_use]
    pub fn new(config: Config) -> ConfigCell {
        ConfigCell {
            current: RwLock::new(Arc::new(config)),
            changing: Mutex::new(()),
            version: AtomicU64::new(1),
        }
    }

    #[must_use]
    pub fn get(&self) -> Arc<Config> {
        self.current.read().clone()
    }

    /// From now on `config` holds.
    pub fn replace(&self, config: Config) {
        self.try_change(|_| Ok::<_, std::convert::Infallible>(((), config))).unwrap_or_default();
    }

    /// Replaces the configuration by what `change` makes of it, unless it fails; nobody else changes
    /// it meanwhile.
    pub fn try_change<R, E>(
        &self,
        change: impl FnOnce(&Config) -> Result<(R, Config), E>,
    ) -> Result<R, E> {
        let _alone = self.changing.lock();
        let (result, config) = change(&self.get())?;
        *self.current.write() = Arc::new(config);
        self.version.fetch_add(1, Ordering::Release);
        Ok(result)
    }
}

/// One thread's copy of the configuration, fetched again only after a change.
#[derive(Default)]
pub struct CachedConfig {
    version: u64,
    config: Option<Arc<Config>>,
}

impl CachedConfig {
    /// The configuration of `cell` as of now: one atomic load when it has not changed.
    pub fn get(&mut self, cell: &ConfigCell) -> &Arc<Config> {
        let version = cell.version.load(Ordering::Acquire);
        if self.version != version {
            self.version = version;
            self.config = None;
        }
        self.config.get_or_insert_with(|| cell.get())
    }
}
