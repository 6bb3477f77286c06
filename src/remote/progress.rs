//! How far a subcommand is: a bar on a terminal, a line now and then elsewhere. On standard error.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use super::grouped;

const BAR_CELLS: usize = 30;
const REDRAWN_EVERY: Duration = Duration::from_millis(200);
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// The clock is looked at no sooner than after so much of the file.
const STEP_BYTES: u64 = 64 * 1024;

pub struct Progress {
    file_bytes: u64,
    is_terminal: bool,
    begun: Instant,
    shown: Option<Instant>,
    next_offset: u64,
}

impl Progress {
    /// Of a file of so many bytes; 0 if nobody knows.
    pub fn begin(file_bytes: u64) -> Progress {
        let is_terminal = io::stderr().is_terminal();
        Progress { file_bytes, is_terminal, begun: Instant::now(), shown: None, next_offset: 0 }
    }

    /// Shows it, unless that was only just done.
    pub fn show(&mut self, offset: u64, keys: u64) {
        if offset < self.next_offset {
            return;
        }
        self.next_offset = offset.saturating_add(STEP_BYTES);
        let every = if self.is_terminal { REDRAWN_EVERY } else { TOLD_EVERY };
        if self.shown.unwrap_or(self.begun).elapsed() < every {
            return;
        }
        self.shown = Some(Instant::now());
        let line = line(offset, self.file_bytes, keys, self.begun.elapsed());
        // Who does not see it misses nothing that the summary has not.
        if self.is_terminal {
            write!(io::stderr(), "\r{} {line}\x1b[K", bar(offset, self.file_bytes)).ok();
        } else {
            writeln!(io::stderr(), "{line}").ok();
        }
    }

    /// Makes room for what is printed next.
    pub fn end(&mut self) {
        if self.is_terminal && self.shown.is_some() {
            write!(io::stderr(), "\r\x1b[K").ok();
        }
    }
}

fn bar(offset: u64, file_bytes: u64) -> String {
    let cells = (share(offset, file_bytes) * BAR_CELLS as f64) as usize;
    format!("[{}{}]", "=".repeat(cells), " ".repeat(BAR_CELLS.saturating_sub(cells)))
}

fn line(offset: u64, file_bytes: u64, keys: u64, took: Duration) -> String {
    let share = share(offset, file_bytes);
    let (megabytes, seconds) = (offset as f64 / 1e6, took.as_secs_f64().max(1e-3));
    let done =
        format!("{megabytes:.0} MB, {} keys, {:.1} MB/s", grouped(keys), megabytes / seconds);
    if share == 0.0 {
        return done;
    }
    let left = (seconds / share - seconds) as u64;
    format!("{:.0} %: {done}, {}:{:02} left", share * 100.0, left / 60, left % 60)
}

/// 0 to 1.
fn share(offset: u64, file_bytes: u64) -> f64 {
    if file_bytes == 0 { 0.0 } else { (offset as f64 / file_bytes as f64).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_way() {
        let took = Duration::from_secs(90);
        let half = line(500_000_000, 1_000_000_000, 1_500_000, took);
        assert_eq!(half, "50 %: 500 MB, 1,500,000 keys, 5.6 MB/s, 1:30 left");
        assert_eq!(bar(500, 1_000), format!("[{}{}]", "=".repeat(15), " ".repeat(15)));
    }

    #[test]
    fn of_a_file_of_unknown_length() {
        let line = line(2_000_000, 0, 7, Duration::from_secs(1));
        assert_eq!(line, "2 MB, 7 keys, 2.0 MB/s");
        assert_eq!(bar(2_000_000, 0), format!("[{}]", " ".repeat(30)));
        assert_eq!(bar(9, 3), format!("[{}]", "=".repeat(30)));
    }
}
