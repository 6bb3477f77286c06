//! The section of INFO that counts what has happened.

use super::report::Report;
use crate::acl::Reason;
use crate::node::{Node, Space, clock};
use std::time::Instant;

pub fn stats(node: &Node, report: &mut Report) {
    traffic(node, report);
    keys(node, report);
    report.field("pubsub_channels", node.pubsub.count(Space::Channels));
    report.field("pubsub_patterns", node.pubsub.count(Space::Patterns));
    report.field("pubsubshard_channels", node.pubsub.count(Space::ShardChannels));
    report.constant(
        0,
        &[
            "latest_fork_usec",
            "total_forks",
            "migrate_cached_sockets",
            "slave_expires_tracked_keys",
            "active_defrag_hits",
            "active_defrag_misses",
            "active_defrag_key_hits",
            "active_defrag_key_misses",
            "total_active_defrag_time",
            "current_active_defrag_time",
        ],
    );
    let [keys, items, prefixes] = node.tracking.totals();
    report.field("tracking_total_keys", keys);
    report.field("tracking_total_items", items);
    report.field("tracking_total_prefixes", prefixes);
    report.constant(0, &["unexpected_error_replies"]);
    errors_and_sockets(node, report);
}

fn traffic(node: &Node, report: &mut Report) {
    let totals = node.stats.totals();
    let rates = node.stats.rates();
    let kilobytes = |bytes: u64| format!("{:.2}", bytes as f64 / 1024.0);
    report.field("total_connections_received", totals.connections);
    report.field("total_commands_processed", totals.calls());
    report.field("instantaneous_ops_per_sec", rates.commands_per_second);
    report.field("total_net_input_bytes", totals.read_bytes);
    report.field("total_net_output_bytes", totals.written_bytes);
    report.constant(0, &["total_net_repl_input_bytes", "total_net_repl_output_bytes"]);
    report.field("instantaneous_input_kbps", kilobytes(rates.read_bytes_per_second));
    report.field("instantaneous_output_kbps", kilobytes(rates.written_bytes_per_second));
    report.constant("0.00", &["instantaneous_input_repl_kbps", "instantaneous_output_repl_kbps"]);
    report.field("rejected_connections", totals.refused_connections);
    report.constant(0, &["sync_full", "sync_partial_ok", "sync_partial_err"]);
}

fn keys(node: &Node, report: &mut Report) {
    let totals = node.stats.totals();
    let keyspace = node.keyspace.stats(clock::unix_ms());
    let background = node.background.figures(Instant::now());
    report.field("expired_keys", keyspace.expired_keys);
    report.field("expired_subkeys", keyspace.expired_members);
    // Deadlines are kept in their order, so nothing that is due has to be guessed at.
    report.field("expired_stale_perc", "0.00");
    report.field("expired_time_cap_reached_count", background.expiring_cut_short);
    report.field("expire_cycle_cpu_milliseconds", background.expiring.as_millis());
    report.field("evicted_keys", keyspace.evicted_keys);
    report.field("evicted_clients", 0);
    report.field("total_eviction_exceeded_time", background.over_limit.as_millis());
    report.field("current_eviction_exceeded_time", background.over_limit_now.as_millis());
    report.field("keyspace_hits", totals.hits);
    report.field("keyspace_misses", totals.misses);
}

fn errors_and_sockets(node: &Node, report: &mut Report) {
    let totals = node.stats.totals();
    let (errors, _) = node.stats.errors();
    report.field("total_error_replies", errors);
    report.field("dump_payload_sanitizations", 0);
    report.field("total_reads_processed", totals.reads);
    report.field("total_writes_processed", totals.writes);
    // Every thread that serves clients reads and writes itself.
    report.field("io_threaded_reads_processed", totals.reads);
    report.field("io_threaded_writes_processed", totals.writes);
    report.constant(0, &["reply_buffer_shrinks", "reply_buffer_expands"]);
    for (reason, count) in node.access.refusals() {
        let name = match reason {
            Reason::Auth => "acl_access_denied_auth",
            Reason::Command => "acl_access_denied_cmd",
            Reason::Key => "acl_access_denied_key",
            Reason::Channel => "acl_access_denied_channel",
        };
        report.field(name, count);
    }
}
