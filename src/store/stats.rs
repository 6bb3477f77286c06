//! What the store counts about itself.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters that only exclusive paths and misses touch.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub expired_keys: AtomicU64,
    pub expired_members: AtomicU64,
    pub evicted_keys: AtomicU64,
}

impl Counts {
    pub fn add(counter: &AtomicU64, by: usize) {
        if by > 0 {
            counter.fetch_add(by as u64, Ordering::Relaxed);
        }
    }

    pub fn reset(&self) {
        for counter in [&self.expired_keys, &self.expired_members, &self.evicted_keys] {
            counter.store(0, Ordering::Relaxed);
        }
    }
}

/// What INFO tells of the keyspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyspaceStats {
    /// The databases that hold keys.
    pub databases: Vec<DatabaseStats>,
    pub expired_keys: u64,
    pub expired_members: u64,
    pub evicted_keys: u64,
}

/// What INFO keyspace tells of one database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseStats {
    pub db: u16,
    pub keys: usize,
    pub with_deadline: usize,
    /// Of a sample of the keys that have a deadline.
    pub average_ttl_ms: u64,
}
