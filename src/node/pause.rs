//! CLIENT PAUSE: whose commands wait, and until when.

use super::clock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// Which commands wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PauseMode {
    /// Those that write.
    Write,
    /// All.
    All,
}

/// The pause of the moment.
///
/// The connection loop asks [`Pause::holds`] before it executes a command and waits with
/// [`Pause::ended`]; a command never waits.
#[derive(Default)]
pub struct Pause {
    /// Unix milliseconds at which it ends, times two, plus one for `All`; 0: no pause.
    state: AtomicU64,
    changed: Notify,
}

impl Pause {
    /// Pauses until `until_ms`. A pause that is on already becomes neither shorter nor weaker.
    pub fn begin(&self, mode: PauseMode, until_ms: u64, now_ms: u64) {
        let update = |state: u64| {
            let (old_until, old_all) = if state >> 1 > now_ms { unpack(state) } else { (0, false) };
            Some(pack(until_ms.max(old_until), old_all || mode == PauseMode::All))
        };
        // The closure never refuses, so neither does the update.
        let _ = self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, update);
    }

    /// Ends the pause and wakes whoever waits.
    pub fn end(&self) {
        self.state.store(0, Ordering::Release);
        self.changed.notify_waiters();
    }

    /// Whether there may be a pause: one relaxed load, for the hot path.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.state.load(Ordering::Relaxed) != 0
    }

    /// The mode and end (Unix milliseconds) of the pause that is on at `now_ms`.
    #[must_use]
    pub fn active(&self, now_ms: u64) -> Option<(PauseMode, u64)> {
        let (until_ms, all) = unpack(self.state.load(Ordering::Acquire));
        let mode = if all { PauseMode::All } else { PauseMode::Write };
        (until_ms > now_ms).then_some((mode, until_ms))
    }

    /// Whether a command waits, one that `writes` or one that does not.
    #[must_use]
    pub fn holds(&self, writes: bool, now_ms: u64) -> bool {
        self.is_set()
            && self.active(now_ms).is_some_and(|(mode, _)| writes || mode == PauseMode::All)
    }

    /// Returns when such a command need no longer wait.
    pub async fn ended(&self, writes: bool) {
        loop {
            let changed = self.changed.notified();
            let now_ms = clock::unix_ms();
            let Some((_, until_ms)) =
                self.active(now_ms).filter(|(mode, _)| writes || *mode == PauseMode::All)
            else {
                return;
            };
            let rest = Duration::from_millis(until_ms - now_ms);
            // Either way the state is read again: the pause may have been prolonged.
            let _ = tokio::time::timeout(rest, changed).await;
        }
    }
}

/// A deadline too far to be packed is as good as the farthest one.
fn pack(until_ms: u64, all: bool) -> u64 {
    until_ms.min(u64::MAX >> 1) << 1 | u64::from(all)
}

fn unpack(state: u64) -> (u64, bool) {
    (state >> 1, state & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_becomes_neither_shorter_nor_weaker() {
        let pause = Pause::default();
        assert!(!pause.holds(true, 0));
        pause.begin(PauseMode::Write, 100, 10);
        assert!(pause.holds(true, 99) && !pause.holds(false, 99) && !pause.holds(true, 100));
        pause.begin(PauseMode::All, 50, 10);
        assert_eq!(pause.active(99), Some((PauseMode::All, 100)));
        pause.begin(PauseMode::Write, 200, 60);
        assert_eq!(pause.active(99), Some((PauseMode::All, 200)));
        // One that is over says nothing about the next.
        pause.begin(PauseMode::Write, 400, 300);
        assert_eq!(pause.active(301), Some((PauseMode::Write, 400)));
        pause.end();
        assert_eq!(pause.active(301), None);
    }

    #[test]
    fn the_farthest_deadline_fits() {
        let pause = Pause::default();
        pause.begin(PauseMode::All, u64::MAX, 1);
        assert!(pause.holds(false, u64::MAX >> 2));
    }

    #[tokio::test]
    async fn whoever_waits_goes_on_when_it_ends() {
        let pause = Pause::default();
        let now_ms = clock::unix_ms();
        pause.begin(PauseMode::Write, now_ms + 20, now_ms);
        pause.ended(false).await;
        assert!(pause.holds(true, clock::unix_ms()) || clock::unix_ms() >= now_ms + 20);
        pause.ended(true).await;
        assert!(clock::unix_ms() >= now_ms + 20);
        let now_ms = clock::unix_ms();
        pause.begin(PauseMode::All, now_ms + 60_000, now_ms);
        tokio::join!(pause.ended(true), async { pause.end() });
    }
}
