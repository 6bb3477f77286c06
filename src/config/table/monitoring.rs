//! What the server notes down about slowness.

use super::Change::AtRunTime;
use super::{Directive, Kind, LONG_MAX, Section, number};
use crate::config::number::Unit;
use crate::config::{Config, EventClasses};

pub const MONITORING: Section = Section {
    title: "Monitoring",
    directives: &[
        Directive::new(
            "busy-reply-threshold",
            AtRunTime,
            number!(busy_reply_threshold_ms, Plain, 0..=LONG_MAX),
            "Milliseconds after which clients are told that a script runs (BUSY) instead of waiting; 0 for never.",
        ),
        Directive::new(
            "latency-monitor-threshold",
            AtRunTime,
            number!(latency_monitor_threshold_ms, Plain, 0..=LONG_MAX),
            "Milliseconds from which an event is kept for LATENCY; 0 for none.",
        ),
        Directive::new(
            "lua-time-limit",
            AtRunTime,
            number!(busy_reply_threshold_ms, Plain, 0..=LONG_MAX),
            "Another name of busy-reply-threshold.",
        ),
        Directive::new(
            "notify-keyspace-events",
            AtRunTime,
            Kind::Text { get: show_events, set: set_events },
            "Which events of keys are published on this node's channels: letters, none by default.
K by `__keyspace@<db>__:<key>` and E by `__keyevent@<db>__:<event>`, one of them at least;
g generic, $ strings, s sets, h hashes, z sorted sets, x expired, e evicted, n new keys,
m misses; A all but n and m. l, t and d are taken too.",
        ),
        Directive::new(
            "slowlog-log-slower-than",
            AtRunTime,
            number!(slowlog_log_slower_than_us, Plain, -1..=LONG_MAX),
            "Microseconds above which a command is kept for SLOWLOG; 0 for every one, -1 for none.",
        ),
        Directive::new(
            "slowlog-max-len",
            AtRunTime,
            number!(slowlog_max_len, Plain, 0..=LONG_MAX),
            "How many commands SLOWLOG keeps.",
        ),
    ],
};

fn show_events(config: &Config) -> Vec<u8> {
    config.notify_keyspace_events.letters().into()
}

fn set_events(config: &mut Config, letters: &[u8]) -> Result<(), &'static str> {
    let unknown = "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
    config.notify_keyspace_events = EventClasses::parse(letters).ok_or(unknown)?;
    Ok(())
}
