//! Directives of Redis that have no effect here: a redis.conf that is there already is taken as it is, and clients
//! that look at them are answered.

use super::Change::AtRunTime;
use super::{Directive, Kind, Section};

/// Any value is taken.
const fn inert(name: &'static str, default: &'static str) -> Directive {
    Directive::new(name, AtRunTime, Kind::Inert { default, is_fixed: false }, "")
}

/// Only Redis's default is taken: another value asks for something that is not done.
const fn fixed(name: &'static str, default: &'static str) -> Directive {
    Directive::new(name, AtRunTime, Kind::Inert { default, is_fixed: true }, "")
}

pub const WITHOUT_EFFECT: Section = Section {
    title: "Without effect",
    directives: &[
        inert("active-defrag-cycle-max", "25"),
        inert("active-defrag-cycle-min", "1"),
        inert("active-defrag-ignore-bytes", "104857600"),
        inert("active-defrag-max-scan-fields", "1000"),
        inert("active-defrag-threshold-lower", "10"),
        inert("active-defrag-threshold-upper", "100"),
        inert("activedefrag", "no"),
        inert("activerehashing", "yes"),
        inert("aof-load-truncated", "yes"),
        inert("aof-rewrite-incremental-fsync", "yes"),
        inert("aof-timestamp-enabled", "no"),
        inert("aof-use-rdb-preamble", "yes"),
        inert("appenddirname", "appendonlydir"),
        inert("appendfilename", "appendonly.aof"),
        inert("auto-aof-rewrite-min-size", "67108864"),
        inert("auto-aof-rewrite-percentage", "100"),
        inert("crash-log-enabled", "yes"),
        inert("crash-memcheck-enabled", "yes"),
        inert("disable-thp", "yes"),
        inert("dynamic-hz", "yes"),
        inert("hash-max-ziplist-entries", "512"),
        inert("hash-max-ziplist-value", "64"),
        inert("ignore-warnings", ""),
        inert("io-threads-do-reads", "no"),
        inert("jemalloc-bg-thread", "yes"),
        inert("latency-tracking", "yes"),
        inert("lfu-decay-time", "1"),
        inert("lfu-log-factor", "10"),
        inert("list-compress-depth", "0"),
        inert("maxmemory-eviction-tenacity", "10"),
        inert("min-replicas-max-lag", "10"),
        fixed("min-replicas-to-write", "0"),
        inert("no-appendfsync-on-rewrite", "no"),
        inert("oom-score-adj", "no"),
        inert("oom-score-adj-values", "0 200 800"),
        inert("proc-title-template", "{title} {listen-addr} {server-mode}"),
        inert("rdb-del-sync-files", "no"),
        inert("rdb-save-incremental-fsync", "yes"),
        inert("rdbchecksum", "yes"),
        inert("rdbcompression", "yes"),
        inert("repl-backlog-size", "1048576"),
        inert("repl-backlog-ttl", "3600"),
        inert("repl-disable-tcp-nodelay", "no"),
        inert("repl-diskless-load", "disabled"),
        inert("repl-diskless-sync", "yes"),
        inert("repl-diskless-sync-delay", "5"),
        inert("repl-diskless-sync-max-replicas", "0"),
        inert("repl-ping-replica-period", "10"),
        inert("repl-timeout", "60"),
        inert("replica-ignore-maxmemory", "yes"),
        inert("replica-lazy-flush", "no"),
        inert("replica-priority", "100"),
        inert("replica-read-only", "yes"),
        inert("replica-serve-stale-data", "yes"),
        inert("set-proc-title", "yes"),
        inert("shutdown-timeout", "10"),
        inert("slave-ignore-maxmemory", "yes"),
        inert("slave-lazy-flush", "no"),
        inert("slave-priority", "100"),
        inert("slave-read-only", "yes"),
        inert("slave-serve-stale-data", "yes"),
        inert("stream-node-max-bytes", "4096"),
        inert("stream-node-max-entries", "100"),
        fixed("syslog-enabled", "no"),
        inert("syslog-facility", "local0"),
        inert("syslog-ident", "redis"),
        fixed("tls-port", "0"),
    ],
};
