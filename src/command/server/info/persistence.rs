//! INFO persistence, with Redis's fields where they mean the same. What Redis calls the append-only file
//! is the log here.

use super::report::Report;
use crate::config::AppendFsync;
use crate::node::{Disk, Node};
use std::sync::atomic::Ordering::Relaxed;

pub fn persistence(node: &Node, report: &mut Report) {
    let disk = node.disk.as_deref();
    report.field("headcount_durability", durability(node));
    report.field("loading", u8::from(node.is_loading()));
    report.constant(
        0,
        &[
            "async_loading",
            "current_cow_peak",
            "current_cow_size",
            "current_cow_size_age",
            "current_fork_perc",
            "current_save_keys_processed",
            "current_save_keys_total",
        ],
    );
    snapshots(node, report);
    report.constant(
        0,
        &["rdb_last_cow_size", "rdb_last_load_keys_expired", "rdb_last_load_keys_loaded"],
    );
    report.field("aof_enabled", u8::from(disk.is_some()));
    report.constant(0, &["aof_rewrite_in_progress", "aof_rewrite_scheduled"]);
    report.constant(-1, &["aof_last_rewrite_time_sec", "aof_current_rewrite_time_sec"]);
    report.field("aof_last_bgrewrite_status", "ok");
    report.constant(0, &["aof_rewrites", "aof_rewrites_consecutive_failures"]);
    let is_failing = disk.is_some_and(|disk| disk.failure().is_some());
    report.field("aof_last_write_status", if is_failing { "err" } else { "ok" });
    report.constant(
        0,
        &["aof_last_cow_size", "module_fork_in_progress", "module_fork_last_cow_size"],
    );
    if let Some(disk) = disk {
        log(disk, report);
    }
    if node.is_reading()
        && let Some(disk) = disk
    {
        loading(node, disk, report);
    }
}

fn snapshots(node: &Node, report: &mut Report) {
    let last = node.disk.as_ref().map(|disk| disk.snapshots.get());
    let seconds = |seconds: Option<u64>| seconds.map_or("-1".to_owned(), |s| s.to_string());
    let begun = last.and_then(|last| last.begun);
    let changes = node.stats.changes().saturating_sub(last.map_or(0, |last| last.changes));
    report.field("rdb_changes_since_last_save", changes);
    report.field("rdb_bgsave_in_progress", u8::from(begun.is_some()));
    report.field("rdb_last_save_time", last.map_or(node.started_ms / 1000, |last| last.saved_s));
    let has_failed = last.is_some_and(|last| last.last_failed);
    report.field("rdb_last_bgsave_status", if has_failed { "err" } else { "ok" });
    report.field("rdb_last_bgsave_time_sec", seconds(last.and_then(|last| last.took_s)));
    let current_s = begun.map(|begun| begun.elapsed().as_secs());
    report.field("rdb_current_bgsave_time_sec", seconds(current_s));
    report.field("rdb_saves", last.map_or(0, |last| last.saved));
}

fn durability(node: &Node) -> &'static str {
    match (&node.disk, node.config().appendfsync) {
        (None, _) => "memory-only",
        (Some(_), AppendFsync::Always) => "always",
        (Some(_), AppendFsync::EverySec) => "everysec",
        (Some(_), AppendFsync::No) => "no",
    }
}

fn log(disk: &Disk, report: &mut Report) {
    let pending_bytes = disk.figures.pending_bytes.load(Relaxed);
    report.field("aof_current_size", disk.figures.log_bytes.load(Relaxed));
    report.field("aof_buffer_length", pending_bytes);
    report.field("aof_pending_bio_fsync", u8::from(pending_bytes > 0));
    report.field("aof_delayed_fsync", disk.figures.delayed.load(Relaxed));
    report.field("headcount_fsyncs", disk.figures.fsyncs.load(Relaxed));
}

fn loading(node: &Node, disk: &Disk, report: &mut Report) {
    let total = disk.figures.loading_bytes.load(Relaxed);
    let loaded = disk.figures.loaded_bytes.load(Relaxed);
    let percent = 100.0 * loaded as f64 / total.max(1) as f64;
    report.field("loading_start_time", node.started_ms / 1000);
    report.field("loading_total_bytes", total);
    report.field("loading_loaded_bytes", loaded);
    report.field("loading_loaded_perc", format!("{percent:.2}"));
}
