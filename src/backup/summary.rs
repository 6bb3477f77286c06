//! What was restored and what was not, and how that is told.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use crate::remote::{grouped, shown};

/// How many keys are told by name of each reason.
const NAMED: usize = 5;
/// How many reasons are told apart.
const REASONS: usize = 50;

/// What the server has confirmed, and what it has not.
#[derive(Debug, Default)]
pub struct Summary {
    pub restored: u64,
    /// Keys whose deadline was past.
    pub expired: u64,
    refused: BTreeMap<String, Refused>,
}

#[derive(Debug, Default)]
struct Refused {
    keys: u64,
    names: Vec<String>,
}

impl Summary {
    pub fn refuse(&mut self, name: &[u8], reason: &str) {
        let is_known = self.refused.contains_key(reason) || self.refused.len() < REASONS;
        let reason = if is_known { reason } else { "other reasons" };
        let refused = self.refused.entry(reason.to_owned()).or_default();
        refused.keys += 1;
        if refused.names.len() < NAMED {
            refused.names.push(shown(name));
        }
    }

    /// How many keys were refused.
    pub fn refusals(&self) -> u64 {
        self.refused.values().map(|refused| refused.keys).sum()
    }

    /// The lines that end a restore.
    pub fn report(&self, file_bytes: u64, took: Duration) -> String {
        let (megabytes, seconds) = (file_bytes as f64 / 1e6, took.as_secs_f64());
        let keys = grouped(self.restored);
        let mut text = format!("Restored {keys} keys from {megabytes:.1} MB in {seconds:.1} s\n");
        if self.expired > 0 {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "Expired since the backup: {} keys", grouped(self.expired));
        }
        for (reason, Refused { keys, names }) in &self.refused {
            let dots = if *keys > names.len() as u64 { ", …" } else { "" };
            let _ = writeln!(text, "Not restored: {} keys: {reason}", grouped(*keys));
            let _ = writeln!(text, "  {}{dots}", names.join(", "));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_has_all_that_happened() {
        let mut summary = Summary { restored: 1_234, expired: 2, ..Summary::default() };
        (0..=NAMED).for_each(|_| summary.refuse(b"a\n", "STALE it may"));
        summary.refuse(b"b", "ERR no");
        let report = summary.report(2_000_000, Duration::from_secs(4));
        let names = ["'a\\n'"; NAMED].join(", ");
        let expected = format!(
            "Restored 1,234 keys from 2.0 MB in 4.0 s\n\
             Expired since the backup: 2 keys\n\
             Not restored: 1 keys: ERR no\n  'b'\n\
             Not restored: 6 keys: STALE it may\n  {names}, …\n"
        );
        assert_eq!((report, summary.refusals()), (expected, 7));
    }
}
