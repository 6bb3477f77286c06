//! LATENCY HISTOGRAM: how long each command took, how often.

use super::super::{ADMINISTRATION, BASE};
use crate::command::registry::{self, Entry};
use crate::command::table::Command;
use crate::command::{Args, Call, CommandError};
use crate::node::stats::{CommandTotals, LATENCY_BUCKETS};

pub const HISTOGRAM: Command = Command {
    name: "histogram",
    flags: ADMINISTRATION,
    since: "7.0.0",
    summary: "Returns the cumulative distribution of latencies of a subset or all commands.",
    complexity: "O(N) where N is the number of commands with latency information being retrieved.",
    syntax: "[command [command ...]]",
    run: histogram,
    ..BASE
};

/// Redis's first bucket goes up to this power of two, in nanoseconds.
const FIRST_BUCKET: usize = 10;

fn histogram(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let totals = call.node.stats.totals();
    let measured: Vec<(&Entry, &CommandTotals)> = wanted(call.args.from(2))
        .into_iter()
        .filter_map(|entry| Some((entry, totals.commands.get(entry.index)?)))
        .filter(|(_, totals)| totals.calls > 0)
        .collect();
    call.reply.map(measured.len());
    for (entry, totals) in measured {
        let steps = cumulative(&totals.latencies);
        call.reply.bulk(entry.full_name.as_bytes());
        call.reply.map(2);
        call.reply.bulk(b"calls");
        call.reply.integer(totals.calls.cast_signed());
        call.reply.bulk(b"histogram_usec");
        call.reply.map(steps.len());
        for (bound_us, count) in steps {
            call.reply.integer(bound_us.cast_signed());
            call.reply.integer(count.cast_signed());
        }
    }
    Ok(())
}

/// The named commands, with their subcommands; all when none is named. Unknown ones are left out.
fn wanted(names: Args<'_>) -> Vec<&'static Entry> {
    if names.is_empty() {
        return registry::all().iter().collect();
    }
    let named = names.iter().filter_map(registry::find_full);
    named.flat_map(|entry| std::iter::once(entry).chain(entry.subcommands())).collect()
}

/// The upper bound (in microseconds) of each bucket that has calls, with the calls up to there.
fn cumulative(latencies: &[u64; LATENCY_BUCKETS]) -> Vec<(u64, u64)> {
    let mut steps: Vec<(u64, u64)> = Vec::new();
    let mut sum = 0;
    for (bucket, count) in latencies.iter().enumerate().filter(|(_, count)| **count > 0) {
        sum += count;
        let bound_us = bucket_us(bucket);
        match steps.last_mut() {
            Some(last) if last.0 == bound_us => last.1 = sum,
            _ => steps.push((bound_us, sum)),
        }
    }
    steps
}

/// The upper bound of a bucket in microseconds, as Redis tells it: its histograms have two
/// significant digits, so the bound is a 128th above the power of two.
fn bucket_us(bucket: usize) -> u64 {
    let bound_ns = 1_u64 << bucket.max(FIRST_BUCKET);
    (bound_ns + bound_ns / 128 - 1) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    // The bounds in the documentation of LATENCY HISTOGRAM.
    #[test]
    fn bounds_are_those_of_redis() {
        let bounds: Vec<u64> = (8..=20).map(bucket_us).collect();
        assert_eq!(bounds, [1, 1, 1, 2, 4, 8, 16, 33, 66, 132, 264, 528, 1056]);
    }

    #[test]
    fn counts_add_up() {
        let mut latencies = [0; LATENCY_BUCKETS];
        (latencies[3], latencies[9], latencies[12], latencies[14]) = (5, 1, 2, 1);
        assert_eq!(cumulative(&latencies), [(1, 6), (4, 8), (16, 9)]);
    }
}
