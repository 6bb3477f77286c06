//! What was imported and what was not, and how that is told.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use crate::rdb::Kind;
use crate::remote::{grouped, shown};

/// How many keys that were refused are told by name.
const NAMED: usize = 20;

/// What has been confirmed by the server, and what was passed over.
#[derive(Debug, Default)]
pub struct Summary {
    imported: BTreeMap<Kind, Imported>,
    skipped: BTreeMap<String, u64>,
    /// Keys whose deadline was past.
    pub expired: u64,
    /// Keys that the server had.
    pub kept: u64,
    refused: u64,
    refusals: Vec<String>,
}

#[derive(Debug, Default)]
struct Imported {
    keys: u64,
    members: u64,
}

impl Summary {
    pub fn import(&mut self, kind: Kind, members: u64) {
        let imported = self.imported.entry(kind).or_default();
        imported.keys += 1;
        imported.members += members;
    }

    pub fn skip(&mut self, what: String) {
        *self.skipped.entry(what).or_default() += 1;
    }

    pub fn refuse(&mut self, key: &[u8], reason: &str) {
        self.refused += 1;
        if self.refusals.len() < NAMED {
            self.refusals.push(format!("{}: {reason}", shown(key)));
        }
    }

    /// How many keys have been imported.
    pub fn keys(&self) -> u64 {
        self.imported.values().map(|imported| imported.keys).sum()
    }

    /// How many keys were refused.
    pub fn errors(&self) -> u64 {
        self.refused
    }

    /// The lines that end an import.
    pub fn report(&self, file_bytes: u64, took: Duration) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        self.write(&mut text, file_bytes, took).ok();
        text
    }

    fn write(&self, out: &mut String, file_bytes: u64, took: Duration) -> std::fmt::Result {
        let megabytes = file_bytes as f64 / 1e6;
        let seconds = took.as_secs_f64().max(1e-3);
        let rate = megabytes / seconds;
        writeln!(
            out,
            "Imported {} keys from {megabytes:.1} MB in {seconds:.1} s ({rate:.1} MB/s)",
            grouped(self.keys())
        )?;
        for (kind, imported) in &self.imported {
            write!(out, "{}", Row(&kind.to_string(), imported.keys))?;
            match kind {
                Kind::String => writeln!(out)?,
                _ => writeln!(out, "  {} members", grouped(imported.members))?,
            }
        }
        self.write_rest(out)
    }

    fn write_rest(&self, out: &mut String) -> std::fmt::Result {
        if self.kept > 0 {
            writeln!(
                out,
                "Kept as they were, for the server has them\n{}",
                Row("keys", self.kept)
            )?;
        }
        if self.expired > 0 {
            writeln!(out, "Expired before the import\n{}", Row("keys", self.expired))?;
        }
        if !self.skipped.is_empty() {
            writeln!(out, "Skipped, for the server has no commands for them")?;
        }
        for (what, count) in &self.skipped {
            writeln!(out, "{}", Row(what, *count))?;
        }
        if self.refused > 0 {
            writeln!(out, "Not imported\n{}", Row("keys", self.refused))?;
        }
        for refusal in &self.refusals {
            writeln!(out, "  {refusal}")?;
        }
        if self.refused > self.refusals.len() as u64 {
            writeln!(out, "  …")?;
        }
        Ok(())
    }
}

/// A name and a count, in columns.
struct Row<'a>(&'a str, u64);

impl std::fmt::Display for Row<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "  {:<30} {:>14}", self.0, grouped(self.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_has_all_that_happened() {
        let mut summary = Summary { expired: 2, kept: 3, ..Summary::default() };
        summary.import(Kind::String, 0);
        summary.import(Kind::Set, 1_234_567);
        summary.skip("list".to_owned());
        for _ in 0..=NAMED {
            summary.refuse(&[b'\n'; 200], "ERR no");
        }
        let report = summary.report(2_000_000, Duration::from_secs(4));
        let name = format!("  '{}…': ERR no\n", "\\n".repeat(128));
        let expected = format!(
            "Imported 2 keys from 2.0 MB in 4.0 s (0.5 MB/s)\n\
             \u{20} string                                      1\n\
             \u{20} set                                         1  1,234,567 members\n\
             Kept as they were, for the server has them\n\
             \u{20} keys                                        3\n\
             Expired before the import\n\
             \u{20} keys                                        2\n\
             Skipped, for the server has no commands for them\n\
             \u{20} list                                        1\n\
             Not imported\n\
             \u{20} keys                                       21\n{}  …\n",
            name.repeat(NAMED)
        );
        assert_eq!(report, expected);
    }
}
