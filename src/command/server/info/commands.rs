//! The sections of INFO that tell of commands and errors.

use super::report::Report;
use crate::command::registry;
use crate::node::Node;

pub fn commandstats(node: &Node, report: &mut Report) {
    let totals = node.stats.totals();
    for (entry, totals) in registry::all().iter().zip(&totals.commands) {
        if totals.calls + totals.rejected + totals.failed == 0 {
            continue;
        }
        let usec_per_call = totals.duration_ns as f64 / 1000.0 / totals.calls.max(1) as f64;
        report.field(
            &format!("cmdstat_{}", entry.full_name),
            format_args!(
                "calls={},usec={},usec_per_call={usec_per_call:.2},rejected_calls={},\
                 failed_calls={}",
                totals.calls,
                totals.duration_ns / 1000,
                totals.rejected,
                totals.failed
            ),
        );
    }
}

pub fn errorstats(node: &Node, report: &mut Report) {
    for (code, count) in node.stats.errors().1 {
        report.field(&format!("errorstat_{code}"), format_args!("count={count}"));
    }
}

pub fn latencystats(node: &Node, report: &mut Report) {
    let totals = node.stats.totals();
    for (entry, totals) in registry::all().iter().zip(&totals.commands) {
        if totals.calls == 0 {
            continue;
        }
        let at = |percent| totals.percentile_us(percent);
        report.field(
            &format!("latency_percentiles_usec_{}", entry.full_name),
            format_args!("p50={:.3},p99={:.3},p99.9={:.3}", at(50.0), at(99.0), at(99.9)),
        );
    }
}
