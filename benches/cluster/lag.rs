//! How long it takes until what one server has acknowledged is seen at all others.

use super::Extent;
use super::group::Group;
use super::poll::until;
use super::tools::pace::Pace;
use super::tools::{short, table};
use headcount::client::{Client, Reply};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::io;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Between two looks at a server that does not have it yet.
const LOOK: Duration = Duration::from_micros(100);
const PATIENCE: Duration = Duration::from_secs(10);
/// So much load, on so many keys.
const PER_S: usize = 60_000;
const KEYS: usize = 100_000;

/// Answers the table.
///
/// # Errors
/// A server ended or answered an error.
pub fn compare(extent: &Extent) -> io::Result<String> {
    let sides = [
        ("redis-server to two replicas", Group::redis(2)?),
        ("three nodes", Group::nodes(3, &[])?),
    ];
    let mut rows = Vec::new();
    for per_s in [0, PER_S] {
        for (name, group) in &sides {
            let pace = (per_s > 0).then(|| Pace::start(&group.writers(), KEYS, per_s));
            let (first, all) = measure(group, extent.lags)?;
            pace.map_or(Ok(()), Pace::stop)?;
            let load = if per_s == 0 { "none".to_owned() } else { format!("{}/s", short(per_s)) };
            let mut row = vec![(*name).to_owned(), load];
            row.extend([&first, &all].into_iter().flat_map(|lags_ms| percentiles(lags_ms)));
            println!("{}", row.join("  "));
            rows.push(row);
        }
    }
    Ok(format!(
        "## Lag\n\nMilliseconds from the acknowledgement of an INCR at one server until another one, \
         and until both others answer a GET with it; {} of them at random times, on nodes at rest and \
         under INCRs of {} keys at even intervals, on all that take writes.\n\n{}",
        extent.lags,
        short(KEYS),
        table(&["from", "load", "to one p50", "p99", "most", "to all p50", "p99", "most"], &rows)
    ))
}

/// The lags to the first of the others, and to the last of them, ms.
fn measure(group: &Group, count: usize) -> io::Result<(Vec<f64>, Vec<f64>)> {
    let mut random = SmallRng::seed_from_u64(1);
    let mut clients = group.clients()?;
    let (mut one, mut all) = (Vec::new(), Vec::new());
    for _ in 0..count {
        sleep(Duration::from_micros(random.random_range(0..15_000)));
        let Some((writer, readers)) = clients.split_first_mut() else { break };
        let Reply::Integer(value) = writer.call(&["INCR", "stamp"])? else {
            return Err(io::Error::other("INCR without a number"));
        };
        let start = Instant::now();
        for (nth, reader) in readers.iter_mut().enumerate() {
            until(PATIENCE, LOOK, || has(reader, value))?;
            let lag_ms = start.elapsed().as_secs_f64() * 1_000.0;
            // The second is asked when the first has it, which says nothing of it alone.
            if nth == 0 {
                one.push(lag_ms);
            }
            if nth == 1 {
                all.push(lag_ms);
            }
        }
    }
    Ok((one, all))
}

fn has(reader: &mut Client, value: i64) -> io::Result<bool> {
    match reader.call(&["GET", "stamp"])? {
        Reply::Bulk(text) => Ok(text == value.to_string().as_bytes()),
        _ => Ok(false),
    }
}

/// The median, the 99th percentile and the most.
fn percentiles(lags_ms: &[f64]) -> [String; 3] {
    let mut sorted = lags_ms.to_owned();
    sorted.sort_by(f64::total_cmp);
    let at = |part: f64| sorted[((sorted.len() - 1) as f64 * part) as usize];
    [0.5, 0.99, 1.0].map(|part| format!("{:.1}", at(part)))
}
