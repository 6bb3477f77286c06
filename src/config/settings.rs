//! The configuration as the server reads it. The directives of the same names are described in
//! `table`.

use core::net::IpAddr;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::choice::{AppendFsync, LogLevel, MaxmemoryPolicy, Permission};
use super::cluster::Announce;
use super::encodings::Encodings;
use super::events::EventClasses;
use super::once::Once;
use super::users::Users;

const MB: u64 = 1 << 20;
const GB: u64 = 1 << 30;

/// Every setting. Plain data: what uses it decides when a change takes effect.
///
/// `Config::default()` is where the defaults stand; the example file and the docs show them from here.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub bind: Vec<BindAddress>,
    /// Where connections to peers come from; None: as the machine's routes say.
    pub bind_source_addr: Option<IpAddr>,
    /// 0: no TCP.
    pub port: u16,
    pub protected_mode: bool,
    pub tcp_backlog: u32,
    /// Seconds; 0: off.
    pub tcp_keepalive_s: u32,
    /// Seconds that a client may be idle; 0: for ever.
    pub timeout_s: u32,
    pub unixsocket: Option<PathBuf>,
    /// 0: what the umask leaves.
    pub unixsocketperm: u32,

    pub maxclients: u32,
    pub client_output_buffer_limit: BufferLimits,
    pub client_query_buffer_limit_bytes: u64,
    pub proto_max_bulk_len_bytes: u64,
    /// How many arguments one request may have.
    pub proto_max_multibulk_len: u32,

    pub requirepass: Option<Vec<u8>>,
    pub users: Users,
    pub enable_debug_command: Permission,
    pub enable_protected_configs: Permission,

    pub always_show_logo: bool,
    pub databases: u32,
    pub io_threads: u32,
    /// None: standard output.
    pub logfile: Option<PathBuf>,
    pub loglevel: LogLevel,
    pub pidfile: Option<PathBuf>,

    /// 0: no limit.
    pub maxmemory_bytes: u64,
    pub maxmemory_policy: MaxmemoryPolicy,
    pub maxmemory_samples: u32,
    pub once: Once,

    /// 1 to 10.
    pub active_expire_effort: u32,
    /// Background rounds per second, 1 to 500.
    pub hz: u32,
    pub lazyfree_lazy: LazyFree,

    /// 0: this node is alone, and all the following says nothing.
    pub cluster_port: u16,
    /// `host:port` of other nodes' cluster ports.
    pub cluster_peer: Vec<String>,
    pub cluster_announce: Announce,
    /// Not 0; None: made by the node.
    pub cluster_node_id: Option<u32>,
    /// May be empty. It must not appear in logs.
    pub cluster_secret: String,
    pub cluster_window_bytes: u64,
    pub cluster_sync_interval_s: u32,
    pub cluster_max_stamp_ahead_ms: u32,
    pub cluster_clock_warning_ms: u32,
    pub cluster_node_timeout_ms: u32,
    pub node_forget_after_s: u32,

    pub appendfsync: AppendFsync,
    pub appendonly: bool,
    pub dbfilename: PathBuf,
    pub dir: PathBuf,
    /// A snapshot is taken when one of them is reached.
    pub save: Vec<SavePoint>,
    pub stop_writes_on_bgsave_error: bool,

    /// Microseconds; -1: nothing is logged, 0: everything.
    pub slowlog_log_slower_than_us: i64,
    pub slowlog_max_len: u64,
    /// Milliseconds; 0: off.
    /// 0 or less: a script may take as long as it likes.
    pub busy_reply_threshold_ms: i64,
    pub latency_monitor_threshold_ms: u64,
    pub notify_keyspace_events: EventClasses,
    /// 0: no limit.
    pub tracking_table_max_keys: u64,

    pub encodings: Encodings,

    /// Directives of Redis without effect, as they were set.
    pub inert: BTreeMap<&'static str, Vec<u8>>,
}

/// What is freed by a thread that nobody waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LazyFree {
    pub eviction: bool,
    pub expire: bool,
    pub server_del: bool,
    pub user_del: bool,
    pub user_flush: bool,
}

/// So many changes, so many seconds after the last snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavePoint {
    pub seconds: u64,
    pub changes: u64,
}

/// An address to listen on, or a host name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindAddress {
    /// As written, without the leading `-`: `*` is every IPv4 address, `::*` every IPv6 address.
    pub address: String,
    /// The server starts without this address where the machine does not have it.
    pub may_fail: bool,
}

impl BindAddress {
    /// What to hand to the resolver: the wildcards in the socket interface's spelling.
    #[must_use]
    pub fn host(&self) -> &str {
        match self.address.as_str() {
            "*" => "0.0.0.0",
            "::*" => "::",
            host => host,
        }
    }
}

/// As redis.conf has it.
impl fmt::Display for BindAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", if self.may_fail { "-" } else { "" }, self.address)
    }
}

/// How much output may wait for a client before it is disconnected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferLimit {
    /// At once; 0: never.
    pub hard_bytes: u64,
    /// After `soft_s` seconds above it; 0: never.
    pub soft_bytes: u64,
    pub soft_s: u32,
}

/// The limit of each class of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferLimits {
    pub normal: BufferLimit,
    pub replica: BufferLimit,
    pub pubsub: BufferLimit,
}

impl Default for BufferLimits {
    /// Redis's, except that normal clients are bounded too: one client that does not read must not
    /// take the machine's memory.
    fn default() -> BufferLimits {
        BufferLimits {
            normal: BufferLimit { hard_bytes: GB, soft_bytes: 256 * MB, soft_s: 60 },
            replica: BufferLimit { hard_bytes: 256 * MB, soft_bytes: 64 * MB, soft_s: 60 },
            pubsub: BufferLimit { hard_bytes: 32 * MB, soft_bytes: 8 * MB, soft_s: 60 },
        }
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            bind: default_bind(),
            bind_source_addr: None,
            port: 6379,
            protected_mode: true,
            tcp_backlog: 511,
            tcp_keepalive_s: 300,
            timeout_s: 0,
            unixsocket: None,
            unixsocketperm: 0,
            maxclients: 10_000,
            client_output_buffer_limit: BufferLimits::default(),
            client_query_buffer_limit_bytes: GB,
            proto_max_bulk_len_bytes: 512 * MB,
            proto_max_multibulk_len: i32::MAX as u32,
            requirepass: None,
            users: Users::default(),
            enable_debug_command: Permission::No,
            enable_protected_configs: Permission::No,
            always_show_logo: false,
            databases: 16,
            io_threads: 0,
            logfile: None,
            loglevel: LogLevel::Notice,
            pidfile: None,
            maxmemory_bytes: 0,
            maxmemory_policy: MaxmemoryPolicy::NoEviction,
            maxmemory_samples: 5,
            once: Once::default(),
            active_expire_effort: 1,
            hz: 10,
            lazyfree_lazy: LazyFree::default(),
            cluster_port: 0,
            cluster_peer: Vec::new(),
            cluster_announce: Announce::default(),
            cluster_node_id: None,
            cluster_secret: String::new(),
            cluster_window_bytes: 64 * MB,
            cluster_sync_interval_s: 10,
            cluster_max_stamp_ahead_ms: 60_000,
            cluster_clock_warning_ms: 500,
            cluster_node_timeout_ms: 5000,
            node_forget_after_s: 7 * 24 * 3600,
            appendfsync: AppendFsync::EverySec,
            appendonly: true,
            dbfilename: PathBuf::from("dump.rdb"),
            dir: PathBuf::from("./data"),
            save: Vec::new(),
            stop_writes_on_bgsave_error: true,
            slowlog_log_slower_than_us: 10_000,
            slowlog_max_len: 128,
            busy_reply_threshold_ms: 5000,
            latency_monitor_threshold_ms: 0,
            notify_keyspace_events: EventClasses::NONE,
            tracking_table_max_keys: 1_000_000,
            encodings: Encodings::default(),
            inert: BTreeMap::new(),
        }
    }
}

/// Loopback only; IPv6 where the machine has it.
fn default_bind() -> Vec<BindAddress> {
    vec![
        BindAddress { address: "127.0.0.1".to_owned(), may_fail: false },
        BindAddress { address: "::1".to_owned(), may_fail: true },
    ]
}
