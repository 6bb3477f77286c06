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
use tools::parts::Part;

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

const PARTS: [Part<Extent>; 4] = [
    ("cost", cost::compare),
    ("lag", lag::compare),
    ("healing", healing::measure),
    ("memory", memory::measure),
];

fn main() -> Result<(), Box<dyn Error>> {
    tools::parts::run("cluster", &tools::document::THREE_NODES, (FULL, QUICK), &PARTS)
}
