//! The sections of INFO that are short.

use super::report::Report;
use crate::config::Config;
use crate::node::clients::flag;
use crate::node::{Node, REDIS_VERSION, clock, system};
use std::sync::atomic::Ordering::Relaxed;

const SECONDS_PER_DAY: u64 = 86_400;

pub fn server(node: &Node, report: &mut Report) {
    let config = node.config();
    let uptime_s = node.uptime_seconds();
    let now = clock::since_epoch();
    report.field("redis_version", REDIS_VERSION);
    report.field("headcount_version", env!("CARGO_PKG_VERSION"));
    report.field("redis_git_sha1", "00000000");
    report.field("redis_git_dirty", 0);
    report.field("redis_build_id", "0");
    report.field("redis_mode", "standalone");
    report.field("os", system::description());
    report.field("arch_bits", usize::BITS);
    report.field("monotonic_clock", "POSIX clock_gettime");
    report.field("multiplexing_api", "tokio");
    report.field("process_id", std::process::id());
    report.field("process_supervised", "no");
    report.field("run_id", &node.run_id);
    report.field("tcp_port", config.port);
    report.field("server_time_usec", now.as_micros());
    report.field("uptime_in_seconds", uptime_s);
    report.field("uptime_in_days", uptime_s / SECONDS_PER_DAY);
    report.field("hz", config.hz);
    report.field("configured_hz", config.hz);
    report.field("lru_clock", now.as_secs() & 0xff_ffff);
    report.field("executable", path_text(std::env::current_exe().ok()));
    report.field("config_file", path_text(node.config_file.clone()));
    report.field("io_threads_active", u8::from(config.io_threads != 1));
    for (number, listener) in listeners(&config).iter().enumerate() {
        report.field(&format!("listener{number}"), listener);
    }
}

/// Where the server listens, as Redis writes it.
fn listeners(config: &Config) -> Vec<String> {
    let mut listeners = Vec::new();
    if config.port != 0 {
        let binds: String = config.bind.iter().map(|bind| format!(",bind={bind}")).collect();
        listeners.push(format!("name=tcp{binds},port={}", config.port));
    }
    listeners
        .extend(config.unixsocket.iter().map(|path| format!("name=unix,bind={}", path.display())));
    listeners
}

fn path_text(path: Option<std::path::PathBuf>) -> String {
    path.map(|path| path.display().to_string()).unwrap_or_default()
}

pub fn clients(node: &Node, report: &mut Report) {
    let clients = node.clients.all();
    let most = |bytes: fn(&crate::node::ClientHandle) -> usize| {
        clients.iter().map(|client| bytes(client)).max().unwrap_or(0)
    };
    let blocked = clients.iter().filter(|client| client.has(flag::BLOCKED)).count();
    report.field("connected_clients", clients.len());
    report.field("cluster_connections", 0);
    report.field("maxclients", node.config().maxclients);
    report.field(
        "client_recent_max_input_buffer",
        most(|client| client.activity.query_bytes.load(Relaxed)),
    );
    report.field(
        "client_recent_max_output_buffer",
        most(|client| client.activity.output_bytes.load(Relaxed)),
    );
    report.field("blocked_clients", blocked);
    report.field("tracking_clients", node.tracking.clients());
    report.field("pubsub_clients", node.pubsub.clients());
    report.constant(
        0,
        &["clients_in_timeout_table", "total_blocking_keys", "total_blocking_keys_on_nokey"],
    );
}

pub fn cpu(_node: &Node, report: &mut Report) {
    let times = system::cpu_times();
    report.field("used_cpu_sys", format!("{:.6}", times.system_s));
    report.field("used_cpu_user", format!("{:.6}", times.user_s));
    report.constant("0.000000", &["used_cpu_sys_children", "used_cpu_user_children"]);
}

/// Redis Cluster's protocol is not spoken, with a cluster-port or without: every node has all keys.
pub fn cluster(_node: &Node, report: &mut Report) {
    report.field("cluster_enabled", 0);
}

pub fn keyspace(node: &Node, report: &mut Report) {
    for database in &node.keyspace.stats(clock::unix_ms()).databases {
        report.field(
            &format!("db{}", database.db),
            format_args!(
                "keys={},expires={},avg_ttl={}",
                database.keys, database.with_deadline, database.average_ttl_ms
            ),
        );
    }
}
