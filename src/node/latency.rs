//! The latency monitor: for each kind of event, when it last took long, and how long.

use parking_lot::Mutex;
use std::collections::{BTreeMap, VecDeque};

/// Samples kept for an event.
const HISTORY: usize = 160;

/// An event that took long: once per second, the worst of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    pub unix_seconds: u64,
    pub latency_ms: u32,
}

/// What is known of one kind of event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The oldest first.
    pub samples: VecDeque<Sample>,
    /// The worst since the last reset.
    pub max_ms: u32,
}

/// The histories by the event's name (`command`, `fast-command`, `expire-cycle`, `eviction-cycle`).
#[derive(Default)]
pub struct LatencyMonitor {
    events: Mutex<BTreeMap<&'static str, History>>,
}

impl LatencyMonitor {
    /// Notes a sample. The caller has compared it with latency-monitor-threshold.
    pub fn record(&self, event: &'static str, unix_seconds: u64, latency_ms: u32) {
        let mut events = self.events.lock();
        let history = events.entry(event).or_default();
        history.max_ms = history.max_ms.max(latency_ms);
        match history.samples.back_mut() {
            Some(last) if last.unix_seconds == unix_seconds => {
                last.latency_ms = last.latency_ms.max(latency_ms);
            }
            _ => {
                if history.samples.len() == HISTORY {
                    history.samples.pop_front();
                }
                history.samples.push_back(Sample { unix_seconds, latency_ms });
            }
        }
    }

    /// One event's history.
    #[must_use]
    pub fn history(&self, event: &[u8]) -> Option<(&'static str, History)> {
        let events = self.events.lock();
        let found = events.iter().find(|(name, _)| name.as_bytes() == event)?;
        Some((found.0, found.1.clone()))
    }

    /// All events.
    #[must_use]
    pub fn all(&self) -> Vec<(&'static str, History)> {
        self.events.lock().iter().map(|(name, history)| (*name, history.clone())).collect()
    }

    /// Forgets one event; whether there was one.
    pub fn reset(&self, event: &[u8]) -> bool {
        let mut events = self.events.lock();
        let before = events.len();
        events.retain(|name, _| name.as_bytes() != event);
        events.len() < before
    }

    /// Forgets all events and tells how many there were.
    pub fn reset_all(&self) -> usize {
        std::mem::take(&mut *self.events.lock()).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_its_worst_sample() {
        let monitor = LatencyMonitor::default();
        for (second, latency_ms) in [(1, 5), (1, 9), (1, 7), (2, 3)] {
            monitor.record("command", second, latency_ms);
        }
        let (_, history) = monitor.history(b"command").expect("it was recorded");
        let samples: Vec<_> =
            history.samples.iter().map(|sample| (sample.unix_seconds, sample.latency_ms)).collect();
        assert_eq!((samples, history.max_ms), (vec![(1, 9), (2, 3)], 9));
        assert!(monitor.history(b"COMMAND").is_none());
        assert!(monitor.reset(b"command") && !monitor.reset(b"command"));
    }

    #[test]
    fn old_samples_go() {
        let monitor = LatencyMonitor::default();
        (0..1000).for_each(|second| monitor.record("command", second, 1));
        let (_, history) = monitor.history(b"command").expect("it was recorded");
        assert_eq!(history.samples.len(), HISTORY);
        assert_eq!(history.samples.back().map(|sample| sample.unix_seconds), Some(999));
    }
}
