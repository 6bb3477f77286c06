//! The figures of MEMORY STATS.

use crate::node::MemoryFigures;

/// A figure, by how it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    Count(u64),
    Difference(i64),
    Ratio(f64),
}

/// Everything that MEMORY STATS tells, in Redis's order; `keys` is how many there are in all
/// databases.
///
/// What this server does not have (a replication backlog, scripts, …) is 0. The allocator is not
/// asked: as Redis does without jemalloc, all of the process's memory passes for the allocator's.
#[must_use]
pub fn report(memory: &MemoryFigures, keys: u64) -> Vec<(&'static str, Value)> {
    use Value::{Count, Difference, Ratio};
    let overhead_bytes = memory.startup_bytes.saturating_add(memory.clients_bytes);
    let dataset_bytes = memory.used_bytes.saturating_sub(overhead_bytes);
    let net_bytes = match memory.used_bytes.saturating_sub(memory.startup_bytes) {
        0 => 1,
        net_bytes => net_bytes,
    };
    let fragmentation = ratio(memory.resident_bytes, memory.used_bytes);
    let fragmentation_bytes = difference(memory.resident_bytes, memory.used_bytes);
    vec![
        ("peak.allocated", Count(memory.peak_bytes)),
        ("total.allocated", Count(memory.used_bytes)),
        ("startup.allocated", Count(memory.startup_bytes)),
        ("replication.backlog", Count(0)),
        ("clients.slaves", Count(0)),
        ("clients.normal", Count(memory.clients_bytes)),
        ("cluster.links", Count(0)),
        ("aof.buffer", Count(0)),
        ("lua.caches", Count(0)),
        ("functions.caches", Count(0)),
        ("overhead.total", Count(overhead_bytes)),
        ("keys.count", Count(keys)),
        ("keys.bytes-per-key", Count(net_bytes.checked_div(keys).unwrap_or(0))),
        ("dataset.bytes", Count(dataset_bytes)),
        ("dataset.percentage", Ratio(100.0 * ratio(dataset_bytes, net_bytes))),
        ("peak.percentage", Ratio(100.0 * ratio(memory.used_bytes, memory.peak_bytes))),
        ("allocator.allocated", Count(memory.used_bytes)),
        ("allocator.active", Count(memory.resident_bytes)),
        ("allocator.resident", Count(memory.resident_bytes)),
        ("allocator-fragmentation.ratio", Ratio(fragmentation)),
        ("allocator-fragmentation.bytes", Difference(fragmentation_bytes)),
        ("allocator-rss.ratio", Ratio(1.0)),
        ("allocator-rss.bytes", Difference(0)),
        ("rss-overhead.ratio", Ratio(1.0)),
        ("rss-overhead.bytes", Difference(0)),
        ("fragmentation", Ratio(fragmentation)),
        ("fragmentation.bytes", Difference(fragmentation_bytes)),
    ]
}

/// `part / whole`, 0 of nothing.
#[must_use]
pub fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// `left - right`.
#[must_use]
pub fn difference(left: u64, right: u64) -> i64 {
    let difference = i128::from(left) - i128::from(right);
    difference.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(report: &[(&str, Value)], name: &str) -> Option<Value> {
        report.iter().find(|(entry, _)| *entry == name).map(|(_, value)| *value)
    }

    /// The formulas are Redis's: of `getMemoryOverheadData`.
    #[test]
    fn figures_follow_from_what_was_measured() {
        let memory = MemoryFigures {
            used_bytes: 3_000,
            peak_bytes: 6_000,
            startup_bytes: 1_000,
            resident_bytes: 4_500,
            clients_bytes: 500,
        };
        let report = report(&memory, 10);
        assert_eq!(report.len(), 27);
        assert_eq!(value(&report, "overhead.total"), Some(Value::Count(1_500)));
        assert_eq!(value(&report, "dataset.bytes"), Some(Value::Count(1_500)));
        assert_eq!(value(&report, "dataset.percentage"), Some(Value::Ratio(75.0)));
        assert_eq!(value(&report, "keys.bytes-per-key"), Some(Value::Count(200)));
        assert_eq!(value(&report, "peak.percentage"), Some(Value::Ratio(50.0)));
        assert_eq!(value(&report, "fragmentation"), Some(Value::Ratio(1.5)));
        assert_eq!(value(&report, "fragmentation.bytes"), Some(Value::Difference(1_500)));
    }

    #[test]
    fn nothing_measured_divides_nothing() {
        let report = report(&MemoryFigures::default(), 0);
        assert_eq!(value(&report, "keys.bytes-per-key"), Some(Value::Count(0)));
        assert_eq!(value(&report, "peak.percentage"), Some(Value::Ratio(0.0)));
        assert_eq!(value(&report, "fragmentation"), Some(Value::Ratio(0.0)));
        assert_eq!(difference(0, u64::MAX), i64::MIN);
    }
}
