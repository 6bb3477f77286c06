//! What the timers have to tell of: looking for what has expired, and memory above its limit.

use parking_lot::Mutex;
use std::time::{Duration, Instant};

/// Counts since the start, or since CONFIG RESETSTAT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackgroundFigures {
    /// How long the timers have looked for expired keys.
    pub expiring: Duration,
    /// How often they had to stop before all was gone.
    pub expiring_cut_short: u64,
    /// How long more memory was used than `maxmemory`.
    pub over_limit: Duration,
    /// How long that has lasted, if it still does.
    pub over_limit_now: Duration,
}

/// What the timers have noted.
#[derive(Default)]
pub struct Background {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    figures: BackgroundFigures,
    over_limit_since: Option<Instant>,
}

impl Background {
    /// One round of looking for expired keys has taken so long.
    pub fn looked_for_expired(&self, took: Duration, cut_short: bool) {
        let figures = &mut self.state.lock().figures;
        figures.expiring += took;
        figures.expiring_cut_short += u64::from(cut_short);
    }

    /// At `now` more memory is used than `maxmemory`, or not.
    pub fn memory_is_over_limit(&self, over: bool, now: Instant) {
        let mut state = self.state.lock();
        if over {
            state.over_limit_since.get_or_insert(now);
        } else if let Some(since) = state.over_limit_since.take() {
            state.figures.over_limit += now.saturating_duration_since(since);
        }
    }

    #[must_use]
    pub fn figures(&self, now: Instant) -> BackgroundFigures {
        let state = self.state.lock();
        let since = state.over_limit_since;
        let current = since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        BackgroundFigures {
            over_limit: state.figures.over_limit + current,
            over_limit_now: current,
            ..state.figures
        }
    }

    /// CONFIG RESETSTAT.
    pub fn reset(&self) {
        *self.state.lock() = State::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_over_the_limit_adds_up() {
        let background = Background::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let seconds = |now| {
            let figures = background.figures(at(now));
            (figures.over_limit.as_secs(), figures.over_limit_now.as_secs())
        };
        for (now, over) in [(0, false), (1, true), (2, true), (4, false), (5, false), (6, true)] {
            background.memory_is_over_limit(over, at(now));
        }
        assert_eq!(seconds(6), (3, 0));
        assert_eq!(seconds(8), (5, 2));
        background.memory_is_over_limit(false, at(9));
        assert_eq!(seconds(20), (6, 0));
        background.reset();
        assert_eq!(seconds(20), (0, 0));
    }
}
