//! How many tokens of ONCE are kept.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// As a timer has counted them, and what this node has added since.
#[derive(Debug, Default)]
pub struct Tokens {
    counted: AtomicU64,
    added: AtomicU64,
}

impl Tokens {
    /// Whether another one may be kept, `max` in all.
    #[must_use]
    pub fn has_room(&self, max: u64) -> bool {
        self.count() < max
    }

    /// About how many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counted.load(Relaxed).saturating_add(self.added.load(Relaxed))
    }

    /// This node has added one.
    pub fn note(&self) {
        self.added.fetch_add(1, Relaxed);
    }

    /// There are so many.
    pub fn counted(&self, tokens: u64) {
        self.added.store(0, Relaxed);
        self.counted.store(tokens, Relaxed);
    }
}
