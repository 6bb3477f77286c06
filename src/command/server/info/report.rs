//! The text that INFO answers, as it grows.

use std::fmt::{Display, Write};

/// Sections of `name:value` lines.
#[derive(Default)]
pub struct Report {
    text: String,
}

impl Report {
    /// Begins a section.
    pub fn begin(&mut self, title: &str) {
        if !self.text.is_empty() {
            self.text.push_str("\r\n");
        }
        // Writing to a string cannot fail.
        let _ = write!(self.text, "# {title}\r\n");
    }

    /// Adds a line.
    pub fn field(&mut self, name: &str, value: impl Display) {
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{name}:{value}\r\n");
    }

    /// Adds a line for each name, all with the same value: what there is not here, and never changes.
    pub fn constant(&mut self, value: impl Display, names: &[&str]) {
        names.iter().for_each(|name| self.field(name, &value));
    }

    /// Adds a number of bytes, and the same for people.
    pub fn bytes(&mut self, name: &str, bytes: u64) {
        self.field(name, bytes);
        self.field(&format!("{name}_human"), human(bytes));
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A size as Redis shortens it.
#[must_use]
pub fn human(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["B", "K", "M", "G", "T", "P"];
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let power = (bytes.ilog2() / 10).min(5);
    let value = bytes as f64 / 1024_f64.powi(power.cast_signed());
    format!("{value:.2}{}", UNITS.get(power as usize).unwrap_or(&""))
}

#[cfg(test)]
mod tests {
    use super::*;

    // As redis-server 7.0.15 shortens them.
    #[test]
    fn sizes_are_shortened() {
        assert_eq!(human(0), "0B");
        assert_eq!(human(200), "200B");
        assert_eq!(human(32_768), "32.00K");
        assert_eq!(human(1_833_792), "1.75M");
        assert_eq!(human(25_276_510_208), "23.54G");
        assert_eq!(human(1 << 60), "1024.00P");
    }

    #[test]
    fn sections_are_set_apart() {
        let mut report = Report::default();
        report.begin("Server");
        report.field("a", 1);
        report.begin("Cluster");
        report.constant(0, &["b", "c"]);
        assert_eq!(report.text(), "# Server\r\na:1\r\n\r\n# Cluster\r\nb:0\r\nc:0\r\n");
    }
}
