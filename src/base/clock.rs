//! The node's hybrid logical clock.

use super::Stamp;
use std::sync::atomic::{AtomicU64, Ordering};

/// Gives stamps that never repeat and never go back, and exceed every stamp observed.
#[derive(Debug, Default)]
pub struct Clock {
    last: AtomicU64,
}

impl Clock {
    /// A stamp not before the millisecond `now_ms` (Unix time).
    pub fn stamp(&self, now_ms: u64) -> Stamp {
        let next = |last| Some(Stamp(last).next(now_ms).0);
        // The closure never refuses, so both arms hold the stamp before this one.
        let (Ok(last) | Err(last)) =
            self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        Stamp(last).next(now_ms)
    }

    /// The last stamp that was given or observed: later ones exceed it.
    #[must_use]
    pub fn last(&self) -> Stamp {
        Stamp(self.last.load(Ordering::Relaxed))
    }

    /// Takes note of a stamp that came from elsewhere: later ones exceed it.
    pub fn observe(&self, stamp: Stamp) {
        self.last.fetch_max(stamp.0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_rise_whatever_the_wall_clock_does() {
        let clock = Clock::default();
        let mut last = clock.stamp(1_000);
        for now_ms in [1_000, 1_000, 999, 0, 1_001, 5] {
            let stamp = clock.stamp(now_ms);
            assert!(stamp > last);
            last = stamp;
        }
        clock.observe(Stamp::at_ms(9_000));
        assert!(clock.stamp(2_000) > Stamp::at_ms(9_000));
    }
}
