//! What a key's state alone says for COUNTER.INFO.

use super::CounterReport;
use crate::base::decimal::Decimal;
use crate::crdt::{Counter, Key, Reading, Visible};
use std::collections::BTreeMap;

impl CounterReport {
    /// Value, base and contributions; nothing of peers. `None`: what is visible at `now_ms` (Unix
    /// milliseconds) is no string, or there is nothing.
    #[must_use]
    pub fn of(key: &Key, now_ms: u64) -> Option<CounterReport> {
        let value = match key.text(now_ms)? {
            Visible::Integer(value) => value.to_string().into_bytes(),
            Visible::Text(text) => text.to_vec(),
            Visible::Number(text) => text.into_bytes(),
            Visible::Made(text) => text,
        };
        let counters = || {
            let present = key.lives().iter().filter(|life| !life.is_past(now_ms));
            present.map(|life| life.counter())
        };
        let latest = counters().filter_map(|counter| counter.base().get()).max();
        let base = latest.map(|(_, text)| text.to_vec());
        // A base that is not a number hides what was counted.
        let counts = base.as_ref().is_none_or(|text| Reading::number_of(text).is_some());
        let contributions =
            if counts { contributions(counters()) } else { BTreeMap::new() }.into_iter().collect();
        Some(CounterReport { value, base, contributions, ..CounterReport::default() })
    }
}

/// Per node what its replicas have counted that is not forgotten.
fn contributions<'k>(counters: impl Iterator<Item = &'k Counter>) -> BTreeMap<u32, Decimal> {
    let mut by_node: BTreeMap<u32, Decimal> = BTreeMap::new();
    for counter in counters {
        for (replica, slot) in counter.slots().filter(|(_, slot)| !slot.is_forgotten()) {
            *by_node.entry(replica.node).or_default() += &Decimal::from(slot.value());
        }
        for (replica, slot) in counter.floats().filter(|(_, slot)| !slot.is_forgotten()) {
            *by_node.entry(replica.node).or_default() += &slot.value();
        }
    }
    by_node
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Replica, Stamp, Tag};
    use crate::crdt::{Deadline, Tombstones, Write};

    /// A write of that node, the `stamp`th of all.
    fn write(node: u32, epoch: u32, stamp: u64) -> Write {
        let tag = Tag { stamp: Stamp(stamp), replica: Replica { node, epoch } };
        Write { tag, now_ms: 5, tombstones: Tombstones::Drop }
    }

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// `node:sum …`
    fn contributions_of(report: &CounterReport) -> String {
        let shown = report.contributions.iter().map(|(node, sum)| format!("{node}:{sum}"));
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_base_and_all_contributions_make_the_value() {
        let mut key = Key::default();
        key.set_text(&write(1, 1, 1), b"100", Deadline::Clear);
        key.add(&write(1, 1, 2), 5);
        key.add(&write(1, 9, 3), 2);
        key.add(&write(2, 1, 4), -3);
        let quarter = Decimal::parse(b"104.25").expect("a number");
        assert!(key.move_number_to(&write(3, 1, 5), &quarter, b"104.25"));
        let report = CounterReport::of(&key, 5).expect("a counter");
        assert_eq!(text(&report.value), "104.25");
        assert_eq!(report.base.as_deref().map(text).as_deref(), Some("100"));
        assert_eq!(contributions_of(&report), "1:7 2:-3 3:0.25");
    }

    #[test]
    fn what_is_hidden_or_gone_counts_nothing() {
        let mut key = Key::default();
        key.add(&write(1, 1, 1), 5);
        key.set_text(&write(2, 1, 2), b"text", Deadline::Clear);
        let mut elsewhere = Key::default();
        elsewhere.add(&write(3, 1, 1), 7);
        key.merge(&elsewhere, Tombstones::KEEP);
        let report = CounterReport::of(&key, 5).expect("a string");
        assert_eq!(
            (text(&report.value).as_str(), contributions_of(&report).as_str()),
            ("text", "")
        );
        key.delete(&write(1, 1, 3));
        assert_eq!(CounterReport::of(&key, 5), None);
    }
}
