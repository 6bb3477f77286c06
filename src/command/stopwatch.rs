//! How long commands take, with few readings of the clock.

use super::Args;
use super::registry::Entry;
use super::table::Flags;
use crate::config::Config;
use crate::node::Recorder;
use std::time::{Duration, Instant};

/// A request with more arguments may take long even if its command is fast.
const SHORT_MAX_ARGUMENTS: usize = 8;
/// A threshold below this asks for every command to be measured by itself.
const PRECISE_THRESHOLD_US: i64 = 1000;

/// Measures the commands of one batch.
///
/// A reading costs about as much as a lookup, so there is at most one at each boundary between two
/// commands: the end of one is the start of the next. A run of short requests of one `FAST` command
/// is measured as a whole and each credited with the same part: none of them can be the one that the
/// slow log is for. Not so when slowlog-log-slower-than is below a millisecond, or the latency
/// monitor is on: then each is measured by itself.
pub struct Stopwatch {
    /// When the last command that is accounted for ended.
    boundary: Instant,
    run: Option<Run>,
}

/// Commands that ended after `boundary`, not yet accounted for.
#[derive(Clone, Copy)]
struct Run {
    index: usize,
    writes: bool,
    calls: u64,
    failed: u64,
}

impl Stopwatch {
    pub fn start() -> Stopwatch {
        Stopwatch { boundary: Instant::now(), run: None }
    }

    /// Before a command of another kind than the last, or one that is measured alone.
    pub fn before(&mut self, entry: &Entry, alone: bool, recorder: &Recorder) {
        if self.run.is_some_and(|run| alone || run.index != entry.index) {
            self.settle(recorder);
        }
    }

    /// After a command; answers its own duration if it was measured alone.
    pub fn after(
        &mut self,
        entry: &Entry,
        alone: bool,
        failed: bool,
        recorder: &Recorder,
    ) -> Option<Duration> {
        let writes = entry.command.flags.has(Flags::WRITE);
        let first = Run { index: entry.index, writes, calls: 0, failed: 0 };
        let run = self.run.get_or_insert(first);
        run.calls += 1;
        run.failed += u64::from(failed);
        alone.then(|| self.settle(recorder))
    }

    /// Accounts for what ran since the last reading, and tells how long that took.
    pub fn settle(&mut self, recorder: &Recorder) -> Duration {
        let Some(run) = self.run.take() else { return Duration::ZERO };
        let now = Instant::now();
        let elapsed = now.saturating_duration_since(self.boundary);
        self.boundary = now;
        let elapsed_ns = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        recorder.ran(run.index, run.calls, run.failed, elapsed_ns);
        if run.writes {
            recorder.changed(run.calls - run.failed);
        }
        elapsed
    }
}

/// Whether this request is measured by itself; see [`Stopwatch`].
pub fn alone(entry: &Entry, args: Args<'_>, config: &Config) -> bool {
    let short = entry.command.flags.has(Flags::FAST) && args.len() <= SHORT_MAX_ARGUMENTS;
    let precise = (0..PRECISE_THRESHOLD_US).contains(&config.slowlog_log_slower_than_us)
        || config.latency_monitor_threshold_ms != 0;
    !short || precise
}
