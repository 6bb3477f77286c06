//! What a peer that is dead costs the living in memory.

use super::Extent;
use super::group::Group;
use super::tools::pace::Pace;
use super::tools::{short, table};
use std::io;
use std::thread::sleep;
use std::time::{Duration, Instant};

const KEYS: usize = 100_000;
const PER_S: usize = 40_000;
const WINDOW: &str = "16mb";
/// Rows of the table.
const STEPS: u32 = 9;

/// Answers the table.
///
/// # Errors
/// A server ended or answered an error.
pub fn measure(extent: &Extent) -> io::Result<String> {
    let mut group = Group::nodes(3, &["--cluster-window", WINDOW])?;
    // Killed, as the value ends: it has said no good-bye, and is waited for.
    drop(group.servers.pop());
    let start = Instant::now();
    let pace = Pace::start(&group.writers(), KEYS, PER_S);
    let mut rows = Vec::new();
    for step in 1..=STEPS {
        let due = Duration::from_secs(extent.dead_s) * step / STEPS;
        sleep(due.saturating_sub(start.elapsed()));
        let row = row(&group, start.elapsed(), pace.answered())?;
        println!("{}", row.join("  "));
        rows.push(row);
    }
    pace.stop()?;
    Ok(format!(
        "## Memory while a peer is dead\n\nOne of three nodes is killed before the first write; the two \
         others take up to {} INCR/s on {} keys. `cluster-window` is {WINDOW}; resident memory (RSS) \
         and `window_bytes` in MiB.\n\n{}",
        short(PER_S),
        short(KEYS),
        table(
            &["s", "INCRs", "RSS of one", "of the other", "window of one", "of the other"],
            &rows
        )
    ))
}

fn row(group: &Group, elapsed: Duration, answered: u64) -> io::Result<Vec<String>> {
    let mut row = vec![elapsed.as_secs().to_string(), format!("{:.1}M", answered as f64 / 1e6)];
    let mebibytes = |bytes: u64| format!("{:.1}", bytes as f64 / f64::from(1 << 20));
    for server in &group.servers {
        row.push(mebibytes(server.resident_bytes()?));
    }
    for server in &group.servers {
        row.push(mebibytes(server.info("window_bytes")?.parse().map_err(io::Error::other)?));
    }
    Ok(row)
}
