//! The table of keys: the store's own shards against DashMap, with the same entries.
//!
//! `cargo bench --bench maps` keeps the result in docs/benchmarks/one-node.md; `-- --quick` only
//! shows that it works.

mod protocol;
#[path = "../support/mod.rs"]
mod support;
mod tables;

use headcount::metrics::memory::{Counting, used_bytes};
use mimalloc::MiMalloc;
use protocol::Protocol;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::error::Error;
use std::fmt::Write;
use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;
use support::process::thread_cpu_ns;
use support::{document, machine, median, short, table};
use tables::{Boxed, Inline, InlineFewShards, PIPELINE, SHARDS, Sharded, Table};

type Name = [u8; 16];

#[global_allocator]
static ALLOCATOR: Counting<MiMalloc> = Counting(MiMalloc);

/// How far a run goes.
#[derive(Clone, Copy)]
struct Extent {
    rounds: usize,
    keys: usize,
    /// Of each thread.
    adds: usize,
    keeps_results: bool,
}

const FULL: Extent = Extent { rounds: 7, keys: 1_000_000, adds: 2_000_000, keeps_results: true };
const QUICK: Extent = Extent { rounds: 2, keys: 10_000, adds: 20_000, keeps_results: false };

/// A table, and what it was measured at in each round.
struct Candidate {
    name: &'static str,
    measure: fn(&mut Candidate, &[Name], Extent, u64),
    rounds: Vec<Round>,
    /// The least time that each insertion took in any round, nanoseconds: what is left is what the
    /// table does, growing included, without what else the machine did meanwhile.
    insertions_ns: Vec<u64>,
}

/// One table made, filled, counted in and dropped. Times are of the processor, nanoseconds per
/// addition and thread.
struct Round {
    bytes_per_key: f64,
    /// Names at random, each thread by itself.
    uniform_ns: [f64; 2],
    /// The same, a pipeline at a time.
    pipelined_ns: [f64; 2],
    one_key_ns: [f64; 2],
}

fn main() -> Result<(), Box<dyn Error>> {
    let extent = if std::env::args().any(|word| word == "--quick") { QUICK } else { FULL };
    let mut candidates = [
        Candidate::new::<Sharded>("the store's: boxed entries"),
        Candidate::new::<Boxed>("DashMap of boxed entries"),
        Candidate::new::<Inline>("DashMap of entries"),
        Candidate::new::<InlineFewShards>("DashMap of entries, its own shards"),
    ];
    let names = names(extent.keys);
    for round in 0..extent.rounds {
        for candidate in &mut candidates {
            (candidate.measure)(candidate, &names, extent, round as u64);
        }
    }
    let text = report(&candidates, extent)?;
    println!("{text}");
    if extent.keeps_results {
        document::put_part(&document::ONE_NODE, "maps", &text)?;
    }
    Ok(())
}

fn names(count: usize) -> Vec<Name> {
    let name = |number: usize| {
        let mut name = *b"key:000000000000";
        name[4..].copy_from_slice(format!("{number:012}").as_bytes());
        name
    };
    (0..count).map(name).collect()
}

impl Candidate {
    fn new<T: Table>(name: &'static str) -> Candidate {
        let measure = Candidate::measure::<T>;
        Candidate { name, measure, rounds: Vec::new(), insertions_ns: Vec::new() }
    }

    fn measure<T: Table>(&mut self, names: &[Name], extent: Extent, seed: u64) {
        self.insertions_ns.resize(names.len(), u64::MAX);
        let before = used_bytes();
        let table = T::empty();
        self.fill(&table, names);
        let bytes = used_bytes() - before;
        let add = |names, threads, pipeline| {
            let cpu_ns = add(&table, names, (threads, extent.adds, pipeline), seed);
            cpu_ns as f64 / (threads * extent.adds) as f64
        };
        let one = &names[..1];
        self.rounds.push(Round {
            bytes_per_key: bytes as f64 / names.len() as f64,
            uniform_ns: [add(names, 1, 1), add(names, 2, 1)],
            pipelined_ns: [add(names, 1, PIPELINE), add(names, 2, PIPELINE)],
            one_key_ns: [add(one, 1, 1), add(one, 2, 1)],
        });
    }

    fn fill<T: Table>(&mut self, table: &T, names: &[Name]) {
        let mut last = Instant::now();
        for (name, least_ns) in names.iter().zip(&mut self.insertions_ns) {
            table.insert(name);
            let now = Instant::now();
            *least_ns = (*least_ns).min((now - last).as_nanos() as u64);
            last = now;
        }
    }

    fn row(&self) -> Vec<String> {
        let median = |of: fn(&Round) -> f64| {
            let numbers: Vec<f64> = self.rounds.iter().map(of).collect();
            median(&numbers)
        };
        let insertions = self.insertions_ns.len() as f64;
        let numbers = [
            median(|round| round.bytes_per_key),
            self.insertions_ns.iter().sum::<u64>() as f64 / insertions,
            self.insertions_ns.iter().copied().max().unwrap_or_default() as f64 / 1_000.0,
        ];
        let pairs = [
            [median(|round| round.uniform_ns[0]), median(|round| round.uniform_ns[1])],
            [median(|round| round.pipelined_ns[0]), median(|round| round.pipelined_ns[1])],
            [median(|round| round.one_key_ns[0]), median(|round| round.one_key_ns[1])],
        ];
        let numbers = numbers.iter().map(|number| format!("{number:.0}"));
        let pairs = pairs.iter().map(|[one, two]| format!("{one:.0} / {two:.0}"));
        std::iter::once(self.name.to_owned()).chain(numbers).chain(pairs).collect()
    }
}

/// Processor time that `threads` threads take for `adds` additions each, to names at random.
fn add<T: Table>(
    table: &T,
    names: &[Name],
    (threads, adds, pipeline): (usize, usize, usize),
    seed: u64,
) -> u64 {
    let ready = Barrier::new(threads);
    let run = |thread: usize| {
        let mut random = SmallRng::seed_from_u64(seed * 2 + thread as u64);
        // Chosen before: the choice is not what is measured.
        let chosen: Vec<Name> =
            (0..adds).map(|_| names[random.random_range(0..names.len())]).collect();
        let mut protocol = Protocol::new();
        ready.wait();
        let start_ns = thread_cpu_ns().expect("a system with /proc");
        let all_are_in = match pipeline {
            1 => chosen.iter().all(|name| table.add(black_box(name))),
            _ => chosen.chunks(pipeline).all(|names| serve(table, names, &mut protocol)),
        };
        assert!(all_are_in);
        thread_cpu_ns().expect("a system with /proc") - start_ns
    };
    let run = &run;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|thread| scope.spawn(move || run(thread))).collect();
        threads.into_iter().map(|thread| thread.join().expect("its time")).sum()
    })
}

/// What a server does for a pipeline: between two additions lies the work on two requests, so the
/// processor does not see far enough ahead to wait for several entries at once by itself.
fn serve<T: Table>(table: &T, names: &[Name], protocol: &mut Protocol) -> bool {
    table.prefetch(names);
    names.iter().all(|name| {
        protocol.parse();
        let is_in = table.add(black_box(name));
        protocol.reply();
        is_in
    })
}

fn report(candidates: &[Candidate], extent: Extent) -> Result<String, std::fmt::Error> {
    let head = [
        "table",
        "bytes a key",
        "insert, ns",
        "longest insert, µs",
        "add, ns",
        "add by pipelines, ns",
        "add to one key, ns",
    ];
    let rows: Vec<Vec<String>> = candidates.iter().map(Candidate::row).collect();
    let mut text = String::new();
    writeln!(text, "## The table of keys\n")?;
    writeln!(text, "`cargo bench --bench maps`.  \n{}.\n", machine::describe())?;
    writeln!(
        text,
        "{} keys of 16 bytes, entries of {} bytes, the same hasher, {SHARDS} shards (DashMap's own \
         number is four for each core). An addition is a look-up and an atomic addition, names at \
         random, by one thread / by each of two; by pipelines: {PIPELINE} at a time, \
         each request parsed and answered, which takes some 25 ns; the store looks for all {PIPELINE} \
         names at once before, which DashMap cannot. Bytes are those asked of the allocator, times \
         those of the processor: medians of {} rounds in turn, of insertions the least of all.\n",
        short(extent.keys),
        size_of::<tables::Entry>(),
        extent.rounds
    )?;
    write!(text, "{}", table(&head, &rows))?;
    Ok(text)
}
