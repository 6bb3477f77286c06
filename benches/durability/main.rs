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
use tools::parts::Part;

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

const PARTS: [Part<Extent>; 3] =
    [("cost", cost::compare), ("loading", loading::compare), ("pause", pause::compare)];

fn main() -> Result<(), Box<dyn Error>> {
    tools::parts::run("durability", &tools::document::DURABILITY, (FULL, QUICK), &PARTS)
}

/// Of each pair the first by the second.
fn ratios(ours: &[f64], theirs: &[f64]) -> Vec<f64> {
    ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect()
}
