//! What it costs to keep counts on disk, and how fast they come back, against redis-server.
//!
//! `cargo bench --bench durability` takes some fifteen minutes and keeps the result in
//! docs/benchmarks/durability.md; `-- cost` or another part's name measures only that part.
//! `cargo bench --bench durability -- --quick`, or HEADCOUNT_BENCH_SHORT=1, only shows that it works.
//!
//! The servers' files are below the temporary directory (`TMPDIR`), so its disk is what is measured.

mod cost;
mod loading;
mod pause;
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
    /// Keys that are loaded.
    keys: usize,
    loads: usize,
    /// Keys that a snapshot is taken of.
    saved_keys: usize,
    saves: usize,
}

const FULL: Extent = Extent {
    turns: 7,
    turn_ms: 3_000,
    keys: 10_000_000,
    loads: 5,
    saved_keys: 2_000_000,
    saves: 5,
};
const QUICK: Extent =
    Extent { turns: 2, turn_ms: 50, keys: 50_000, loads: 2, saved_keys: 20_000, saves: 1 };

type Part = (&'static str, fn(&Extent) -> io::Result<String>);

const PARTS: [Part; 3] =
    [("cost", cost::compare), ("loading", loading::compare), ("pause", pause::compare)];

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
            document::put_part(&document::DURABILITY, name, &text)?;
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
    write!(text, "`cargo bench --bench durability -- {name}`, {}.", machine::today())?;
    write!(text, " {}.", machine::describe())?;
    Ok(text)
}

/// Of each pair the first by the second.
fn ratios(ours: &[f64], theirs: &[f64]) -> Vec<f64> {
    ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect()
}
