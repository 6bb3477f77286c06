//! What the server counts about itself.
//!
//! Every serving thread counts in a block of its own: a plain load and store, for it is the only
//! writer. Readers sum the blocks. CONFIG RESETSTAT does not touch them either (a writer could
//! overwrite the reset); it remembers what they were, and readers subtract that.

use super::rates::{Rates, Sample, Sampler};
use crossbeam::utils::CachePadded;
use parking_lot::Mutex;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// The buckets of a command's latency histogram: bucket `i` holds what took less than 2^i
/// nanoseconds and not less than half of that; the last one everything longer.
pub const LATENCY_BUCKETS: usize = 32;
/// How many codes of errors are told apart: beyond that they are only counted.
const MAX_ERROR_CODES: usize = 128;

/// A counter with one writer.
#[derive(Default)]
struct Counter(AtomicU64);

impl Counter {
    fn add(&self, by: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(by), Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

#[derive(Default)]
struct CommandBlock {
    calls: Counter,
    duration_ns: Counter,
    rejected: Counter,
    failed: Counter,
    latencies: [Counter; LATENCY_BUCKETS],
}

#[derive(Default)]
struct Block {
    connections: Counter,
    refused_connections: Counter,
    reads: Counter,
    read_bytes: Counter,
    writes: Counter,
    written_bytes: Counter,
    hits: Counter,
    misses: Counter,
    changes: Counter,
    commands: Box<[CommandBlock]>,
}

/// One thread's counters; only that thread counts with it.
pub struct Recorder {
    block: Arc<CachePadded<Block>>,
    /// Not `Sync`: a second writer would lose counts.
    single_writer: PhantomData<Cell<()>>,
}

impl Recorder {
    pub fn accepted_connection(&self) {
        self.block.connections.add(1);
    }

    /// A connection was refused because of maxclients.
    pub fn refused_connection(&self) {
        self.block.refused_connections.add(1);
    }

    /// A read from a client's socket.
    pub fn read(&self, bytes: usize) {
        self.block.reads.add(1);
        self.block.read_bytes.add(bytes as u64);
    }

    /// Replies handed to a client's socket.
    pub fn wrote(&self, bytes: usize) {
        self.block.writes.add(1);
        self.block.written_bytes.add(bytes as u64);
    }

    /// `calls` runs of one command (by its index in the registry), `failed` of them with an error,
    /// took `duration_ns` together.
    pub fn ran(&self, command: usize, calls: u64, failed: u64, duration_ns: u64) {
        let Some(block) = self.block.commands.get(command) else { return };
        block.calls.add(calls);
        block.failed.add(failed);
        block.duration_ns.add(duration_ns);
        if let Some(bucket) = block.latencies.get(bucket_of(duration_ns / calls.max(1))) {
            bucket.add(calls);
        }
    }

    /// So many commands have written.
    pub fn changed(&self, commands: u64) {
        self.block.changes.add(commands);
    }

    /// So many keys that a command looked for were there, and so many were not.
    pub fn looked_up(&self, hits: u32, misses: u32) {
        self.block.hits.add(hits.into());
        self.block.misses.add(misses.into());
    }

    /// A command was refused before it ran (arity, no authentication, out of memory).
    pub fn rejected(&self, command: usize) {
        if let Some(block) = self.block.commands.get(command) {
            block.rejected.add(1);
        }
    }
}

fn bucket_of(duration_ns: u64) -> usize {
    ((u64::BITS - duration_ns.leading_zeros()) as usize).min(LATENCY_BUCKETS - 1)
}

/// The sums over all threads since the start or the last reset.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    pub connections: u64,
    pub refused_connections: u64,
    /// Reads from clients' sockets, and writes to them.
    pub reads: u64,
    pub read_bytes: u64,
    pub writes: u64,
    pub written_bytes: u64,
    /// Keys that were looked for and found, or not.
    pub hits: u64,
    pub misses: u64,
    /// By the command's index in the registry.
    pub commands: Vec<CommandTotals>,
}

/// The sums of one command.
#[derive(Clone, Debug, Default)]
pub struct CommandTotals {
    pub calls: u64,
    pub duration_ns: u64,
    pub rejected: u64,
    pub failed: u64,
    /// How many calls fell into each bucket; see [`LATENCY_BUCKETS`].
    pub latencies: [u64; LATENCY_BUCKETS],
}

impl Totals {
    /// The commands that ran.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.commands.iter().map(|command| command.calls).sum()
    }

    fn add(&mut self, block: &Block) {
        self.connections += block.connections.get();
        self.refused_connections += block.refused_connections.get();
        self.reads += block.reads.get();
        self.read_bytes += block.read_bytes.get();
        self.writes += block.writes.get();
        self.written_bytes += block.written_bytes.get();
        self.hits += block.hits.get();
        self.misses += block.misses.get();
        for (total, command) in self.commands.iter_mut().zip(&block.commands) {
            total.add(command);
        }
    }

    fn subtract(&mut self, base: &Totals) {
        self.connections -= base.connections;
        self.refused_connections -= base.refused_connections;
        self.reads -= base.reads;
        self.read_bytes -= base.read_bytes;
        self.writes -= base.writes;
        self.written_bytes -= base.written_bytes;
        self.hits -= base.hits;
        self.misses -= base.misses;
        for (total, base) in self.commands.iter_mut().zip(&base.commands) {
            total.subtract(base);
        }
    }
}

impl CommandTotals {
    /// An upper bound of what `percent` of the calls took at most, in microseconds.
    #[must_use]
    pub fn percentile_us(&self, percent: f64) -> f64 {
        let total: u64 = self.latencies.iter().sum();
        let rank = ((total as f64 * percent / 100.0).ceil() as u64).max(1);
        let mut sum = 0;
        let reaches_rank = |count: &u64| {
            sum += count;
            sum >= rank
        };
        match self.latencies.iter().position(reaches_rank) {
            Some(bucket) => (1_u64 << bucket) as f64 / 1000.0,
            None => 0.0,
        }
    }

    fn add(&mut self, block: &CommandBlock) {
        self.calls += block.calls.get();
        self.duration_ns += block.duration_ns.get();
        self.rejected += block.rejected.get();
        self.failed += block.failed.get();
        for (total, bucket) in self.latencies.iter_mut().zip(&block.latencies) {
            *total += bucket.get();
        }
    }

    fn subtract(&mut self, base: &CommandTotals) {
        self.calls -= base.calls;
        self.duration_ns -= base.duration_ns;
        self.rejected -= base.rejected;
        self.failed -= base.failed;
        for (total, base) in self.latencies.iter_mut().zip(&base.latencies) {
            *total -= base;
        }
    }
}

/// The statistics of the node.
pub struct Stats {
    command_count: usize,
    blocks: Mutex<Vec<Arc<CachePadded<Block>>>>,
    baseline: Mutex<Totals>,
    errors: Mutex<Errors>,
    sampler: Mutex<Sampler>,
}

#[derive(Default)]
struct Errors {
    total: u64,
    by_code: BTreeMap<String, u64>,
}

impl Stats {
    /// `commands`: the length of the command registry.
    #[must_use]
    pub fn new(commands: usize) -> Stats {
        Stats {
            command_count: commands,
            blocks: Mutex::default(),
            baseline: Mutex::new(Totals::default()),
            errors: Mutex::default(),
            sampler: Mutex::default(),
        }
    }

    /// A block of counters for one more thread, for as long as the node lives.
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        let commands = (0..self.command_count).map(|_| CommandBlock::default()).collect();
        let block = Arc::new(CachePadded::new(Block { commands, ..Block::default() }));
        self.blocks.lock().push(block.clone());
        Recorder { block, single_writer: PhantomData }
    }

    /// Counts an error reply, whose text begins with its code.
    pub fn error(&self, text: &str) {
        let code = text.split(' ').next().unwrap_or(text);
        let mut errors = self.errors.lock();
        errors.total += 1;
        if let Some(count) = errors.by_code.get_mut(code) {
            *count += 1;
        } else if errors.by_code.len() < MAX_ERROR_CODES {
            errors.by_code.insert(code.to_owned(), 1);
        }
    }

    /// How many errors were answered, and how many with each code.
    #[must_use]
    pub fn errors(&self) -> (u64, BTreeMap<String, u64>) {
        let errors = self.errors.lock();
        (errors.total, errors.by_code.clone())
    }

    /// The counts since the last reset.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = self.sums();
        totals.subtract(&self.baseline.lock());
        totals
    }

    /// Commands that have written, since the start; a reset does not touch them.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.blocks.lock().iter().map(|block| block.changes.get()).sum()
    }

    /// Notes what has been counted until `unix_ms`; a timer does this a few times a second.
    pub fn sample(&self, unix_ms: u64) {
        let sums = self.sums();
        self.sampler.lock().add(Sample {
            unix_ms,
            commands: sums.calls(),
            read_bytes: sums.read_bytes,
            written_bytes: sums.written_bytes,
        });
    }

    /// How much happens per second, by the last samples.
    #[must_use]
    pub fn rates(&self) -> Rates {
        self.sampler.lock().rates()
    }

    /// CONFIG RESETSTAT: counts begin again at 0.
    pub fn reset(&self) {
        *self.baseline.lock() = self.sums();
        *self.errors.lock() = Errors::default();
    }

    /// The counts since the start.
    fn sums(&self) -> Totals {
        let commands = vec![CommandTotals::default(); self.command_count];
        let mut totals = Totals { commands, ..Totals::default() };
        for block in self.blocks.lock().iter() {
            totals.add(block);
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_threads_and_forgets_at_reset() {
        let stats = Stats::new(3);
        let recorders = [stats.recorder(), stats.recorder()];
        for recorder in &recorders {
            recorder.ran(1, 1, 0, 1_500);
            recorder.ran(1, 1, 1, 500);
            recorder.rejected(2);
            recorder.read(10);
        }
        let totals = stats.totals();
        assert_eq!((totals.calls(), totals.reads, totals.read_bytes), (4, 2, 20));
        assert_eq!((totals.commands[1].failed, totals.commands[1].duration_ns), (2, 4_000));
        assert_eq!(totals.commands[2].rejected, 2);
        stats.reset();
        recorders[0].ran(1, 1, 0, 7);
        let totals = stats.totals();
        assert_eq!((totals.calls(), totals.commands[1].duration_ns), (1, 7));
        assert_eq!((totals.commands[1].failed, totals.read_bytes), (0, 0));
    }

    #[test]
    fn percentiles_are_bounds() {
        let stats = Stats::new(1);
        let recorder = stats.recorder();
        for duration_ns in [7, 7, 7, 16_000] {
            recorder.ran(0, 1, 0, duration_ns);
        }
        let totals = stats.totals();
        assert_eq!(totals.commands[0].percentile_us(50.0), 0.008);
        assert_eq!(totals.commands[0].percentile_us(100.0), 16.384);
        assert_eq!(CommandTotals::default().percentile_us(99.0), 0.0);
    }

    #[test]
    fn errors_are_told_apart_up_to_a_bound() {
        let stats = Stats::new(0);
        stats.error("ERR syntax error");
        stats.error("ERR no such key");
        stats.error("NOAUTH");
        let (total, by_code) = stats.errors();
        assert_eq!((total, by_code["ERR"], by_code["NOAUTH"]), (3, 2, 1));
        (0..1000).for_each(|code| stats.error(&format!("CODE{code} text")));
        let (total, by_code) = stats.errors();
        assert_eq!((total, by_code.len()), (1003, MAX_ERROR_CODES));
    }
}
