//! What is shown of a request to others: the slow log, the latency monitor, MONITOR.

use super::*;
use crate::command::monitor_line;
use crate::command::redaction::shown;

impl Batch<'_, '_> {
    pub(super) fn note_if_slow(
        &mut self,
        entry: &Entry,
        session: &Session,
        args: Args<'_>,
        elapsed: Duration,
    ) {
        let config = self.config.get(&self.node.config);
        let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let slower = u64::try_from(config.slowlog_log_slower_than_us)
            .is_ok_and(|threshold_us| elapsed_us >= threshold_us);
        let unix_seconds = self.now_ms / 1000;
        if slower && !entry.command.flags.has(Flags::SKIP_SLOWLOG) {
            let max_len = usize::try_from(config.slowlog_max_len).unwrap_or(usize::MAX);
            let shown = shown(entry, args);
            let words = shown.into_iter();
            self.node.slowlog.record(max_len, unix_seconds, elapsed_us, words, &session.client);
        }
        let (elapsed_ms, threshold_ms) = (elapsed_us / 1000, config.latency_monitor_threshold_ms);
        if threshold_ms != 0 && elapsed_ms >= threshold_ms {
            let fast = entry.command.flags.has(Flags::FAST);
            let event = if fast { "fast-command" } else { "command" };
            let latency_ms = u32::try_from(elapsed_ms).unwrap_or(u32::MAX);
            self.node.latency.record(event, unix_seconds, latency_ms);
        }
    }

    pub(super) fn feed_monitors(&self, entry: &Entry, session: &Session, args: Args<'_>) {
        let words = shown(entry, args);
        let client = (!session.in_script).then_some(&*session.client);
        let line = monitor_line::line(clock::since_epoch(), session.db, client, &words);
        self.node.monitors.feed(&line);
    }
}

/// Redis considers administrative commands too dangerous to be shown.
pub(super) fn hidden_from_monitors(entry: &Entry) -> bool {
    let flags = entry.command.flags;
    flags.has(Flags::SKIP_MONITOR) || flags.has(Flags::ADMIN)
}
