//! The memory section of INFO.

use super::report::{Report, human};
use crate::node::{Node, system};
use std::sync::atomic::Ordering::Relaxed;

pub fn memory(node: &Node, report: &mut Report) {
    let config = node.config();
    let figures = node.memory();
    let dataset = figures.used_bytes.saturating_sub(figures.startup_bytes + figures.clients_bytes);
    let overhead = figures.used_bytes - dataset;
    report.bytes("used_memory", figures.used_bytes);
    report.bytes("used_memory_rss", figures.resident_bytes);
    report.bytes("used_memory_peak", figures.peak_bytes);
    report.field("used_memory_peak_perc", percent(figures.used_bytes, figures.peak_bytes));
    report.field("used_memory_overhead", overhead);
    report.field("used_memory_startup", figures.startup_bytes);
    report.field("used_memory_dataset", dataset);
    let since_startup = figures.used_bytes.saturating_sub(figures.startup_bytes);
    report.field("used_memory_dataset_perc", percent(dataset, since_startup));
    report.field("allocator_allocated", figures.used_bytes);
    // What the allocator holds without using it is not told apart from what the process holds.
    report.field("allocator_active", figures.resident_bytes);
    report.field("allocator_resident", figures.resident_bytes);
    report.bytes("total_system_memory", system::total_memory_bytes());
    scripts(node, report);
    report.bytes("maxmemory", config.maxmemory_bytes);
    report.field("maxmemory_policy", config.maxmemory_policy.name());
    let ratio = figures.resident_bytes as f64 / figures.used_bytes.max(1) as f64;
    let unused = i128::from(figures.resident_bytes) - i128::from(figures.used_bytes);
    report.field("allocator_frag_ratio", format!("{ratio:.2}"));
    report.field("allocator_frag_bytes", unused);
    report.field("allocator_rss_ratio", "1.00");
    report.field("allocator_rss_bytes", 0);
    report.field("rss_overhead_ratio", "1.00");
    report.field("rss_overhead_bytes", 0);
    report.field("mem_fragmentation_ratio", format!("{ratio:.2}"));
    report.field("mem_fragmentation_bytes", unused);
    report.field("mem_not_counted_for_evict", node.log_buffer_bytes());
    report.constant(
        0,
        &["mem_replication_backlog", "mem_total_replication_buffers", "mem_clients_slaves"],
    );
    report.field("mem_clients_normal", figures.clients_bytes);
    report.constant(0, &["mem_cluster_links"]);
    report.field("mem_aof_buffer", node.log_buffer_bytes());
    report.field("mem_allocator", "mimalloc");
    report.constant(0, &["active_defrag_running"]);
    report.field("lazyfree_pending_objects", node.keyspace.garbage_waiting());
    report.field("lazyfreed_objects", node.keyspace.garbage_freed());
}

/// There are no functions.
fn scripts(node: &Node, report: &mut Report) {
    let lua_bytes = node.scripts.lua_bytes.load(Relaxed) as u64;
    let scripts_bytes = node.scripts.known_bytes() as u64;
    report.field("used_memory_lua", lua_bytes);
    report.field("used_memory_vm_eval", lua_bytes);
    report.field("used_memory_lua_human", human(lua_bytes));
    report.field("used_memory_scripts_eval", scripts_bytes);
    report.field("number_of_cached_scripts", node.scripts.len());
    report.constant(0, &["number_of_functions", "number_of_libraries", "used_memory_vm_functions"]);
    report.bytes("used_memory_vm_total", lua_bytes);
    report.field("used_memory_functions", 0);
    report.bytes("used_memory_scripts", scripts_bytes);
}

fn percent(part: u64, whole: u64) -> String {
    format!("{:.2}%", part as f64 * 100.0 / whole.max(1) as f64)
}
