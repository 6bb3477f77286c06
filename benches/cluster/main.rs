//! Three nodes that all take writes: what they cost, how far they lag, how they heal.
//!
//! `cargo bench --bench cluster` takes some ten minutes and keeps the result in
//! docs/benchmarks/three-nodes.md; `-- cost` or another part's name measures only that part.
//! `cargo bench --bench cluster -- --quick`, or HEADCOUNT_BENCH_SHORT=1, only shows that it works.
//!
//! All nodes are processes of this machine, and so is the load, whose own cost is not counted.

mod cost;
mod group;
mod healing;
mod lag;
mod memory;
mod poll;
mod proxy;
#[path = "../support/mod.rs"]
mod tools;

use std::error::Error;
use std::fmt::Write;
use std::io;
use tools::server::Server;
use tools::{document, machine};

/// How far a run goes.
pub struct Extent {
    /// Turns that the sides of a comparison take.
    turns: usize,
    /// How long a side's turn lasts, about.
    turn_ms: usize,
    /// Writes of which the lag is measured.
    lags: usize,
    /// Keys of the nodes that heal, of which one in a hundred differs.
    keys: usize,
    heals: usize,
    /// How long a peer is dead.
    dead_s: u64,
}

const FULL: Extent =
    Extent { turns: 5, turn_ms: 1_500, lags: 400, keys: 1_000_000, heals: 3, dead_s: 90 };
const QUICK: Extent =
    Extent { turns: 2, turn_ms: 100, lags: 40, keys: 30_000, heals: 1, dead_s: 10 };

type Part = (&'static str, fn(&Extent) -> io::Result<String>);

const PARTS: [Part; 4] = [
    ("cost", cost::compare),
    ("lag", lag::compare),
    ("healing", healing::measure),
    ("memory", memory::measure),
];

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let is_quick = words.iter().any(|word| word == "--quick")
        || std::env::var_os("HEADCOUNT_BENCH_SHORT").is_some();
    let extent = if is_quick { QUICK } else { FULL };
    let wanted: Vec<_> = words.iter().filter(|word| !word.starts_with('-')).collect();
    if let Some(why) = why_not()? {
        println!("skipped: {why}");
        return Ok(());
    }
    for (name, measure) in PARTS {
        if !wanted.is_empty() && !wanted.iter().any(|word| *word == name) {
            continue;
        }
        let text = format!("{}\n{}", measure(&extent)?, under(name)?);
        println!("\n{text}");
        if !is_quick {
            document::put_part(&document::THREE_NODES, name, &text)?;
        }
    }
    Ok(())
}

/// Why nothing can be measured here.
fn why_not() -> io::Result<Option<String>> {
    match Server::redis() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok(Some("no redis-server in PATH to compare with".to_owned()))
        }
        Err(error) => Err(error),
        Ok(redis) => Ok(redis
            .cpu_ns()
            .err()
            .map(|error| format!("this system does not tell a process's time in /proc: {error}"))),
    }
}

/// The line below each part's tables: how, when and on what.
fn under(name: &str) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    write!(text, "`cargo bench --bench cluster -- {name}`, {}.", machine::today())?;
    write!(text, " {}.", machine::describe())?;
    Ok(text)
}
