//! The node: owns the parts that every connection shares.

mod access;
mod activity;
mod background;
pub mod clients;
pub mod clock;
pub mod cluster;
mod config_cell;
mod confirmed;
mod disk;
mod inbox;
pub mod latency;
mod memory;
pub mod monitors;
mod notify;
pub mod pause;
mod posts;
pub mod pubsub;
mod rates;
mod reconfigure;
pub mod scripts;
mod shutdown;
pub mod slowlog;
mod snapshots;
pub mod stats;
pub mod system;
pub mod tcp;
mod tokens;
pub mod tracking;

pub use access::{Access, Account};
pub use background::{Background, BackgroundFigures};
pub use clients::{ClientHandle, Clients, NewClient, Unblock};
pub use cluster::Cluster;
pub use config_cell::{CachedConfig, ConfigCell};
pub use confirmed::Confirmation;
pub use disk::{Disk, DiskFigures};
pub use latency::LatencyMonitor;
pub use memory::MemoryFigures;
pub use monitors::Monitors;
pub use pause::{Pause, PauseMode};
pub use pubsub::{PubSub, Space};
pub use rates::Rates;
pub use reconfigure::{CannotListen, Reconfigure};
pub use scripts::{NotKilled, Scripts};
pub use shutdown::{Shutdown, ShutdownRequest};
pub use slowlog::SlowLog;
pub use snapshots::{Snapshot, Snapshots};
pub use stats::{Recorder, Stats};
pub use tokens::Tokens;
pub use tracking::{Remember, Tracking, TrackingOptions};

use crate::config::Config;
use crate::replication::Progress;
use crate::store::{Keyspace, Room};
use notify::Notifier;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// The version of Redis whose behaviour this is: clients ask for it.
pub const REDIS_VERSION: &str = "7.2.4";

/// Everything that the connections of one server share.
pub struct Node {
    pub config: Arc<ConfigCell>,
    /// The configuration file that the server was started with; CONFIG REWRITE writes there.
    pub config_file: Option<PathBuf>,
    pub keyspace: Keyspace,
    /// Peers; `None`: this node is alone.
    pub cluster: Option<Arc<Cluster>>,
    /// Where what is written is kept; `None`: in memory only.
    pub disk: Option<Arc<Disk>>,
    /// The users.
    pub access: Access,
    pub clients: Arc<Clients>,
    pub stats: Stats,
    pub background: Background,
    pub slowlog: SlowLog,
    pub latency: LatencyMonitor,
    pub monitors: Monitors,
    pub pubsub: Arc<PubSub>,
    pub tracking: Arc<Tracking>,
    pub pause: Pause,
    pub scripts: Scripts,
    pub shutdown: Shutdown,
    /// Of ONCE.
    pub tokens: Tokens,
    /// Follows changes of the configuration.
    server: OnceLock<Box<dyn Reconfigure>>,
    /// Whether the timers remove what has expired (DEBUG SET-ACTIVE-EXPIRE); reads hide it anyway.
    pub active_expiry: AtomicBool,
    /// When the server started: for durations, and in Unix milliseconds.
    pub started: Instant,
    pub started_ms: u64,
    /// The memory in use before the first client came.
    startup_bytes: u64,
    /// 40 random hexadecimal digits, new at every start.
    pub run_id: String,
}

impl Node {
    /// A node without connections. `commands` is the length of the command registry: so many
    /// commands have statistics.
    #[must_use]
    pub fn new(config: Config, keyspace: Keyspace, commands: usize) -> Node {
        let scripts = Scripts::new(keyspace.held_up());
        let access = Access::new(config.requirepass.as_deref());
        keyspace.tell_events(config.notify_keyspace_events);
        let (config, pubsub) = (Arc::new(ConfigCell::new(config)), Arc::new(PubSub::default()));
        let clients = Arc::new(Clients::default());
        let tracking = Arc::new(Tracking::new(config.clone(), clients.clone()));
        keyspace.set_observer(Notifier {
            config: config.clone(),
            pubsub: pubsub.clone(),
            tracking: tracking.clone(),
        });
        Node {
            access,
            config,
            config_file: None,
            keyspace,
            cluster: None,
            disk: None,
            clients,
            stats: Stats::new(commands),
            background: Background::default(),
            slowlog: SlowLog::default(),
            latency: LatencyMonitor::default(),
            monitors: Monitors::default(),
            pubsub,
            tracking,
            pause: Pause::default(),
            scripts,
            shutdown: Shutdown::default(),
            tokens: Tokens::default(),
            server: OnceLock::new(),
            active_expiry: AtomicBool::new(true),
            started: Instant::now(),
            started_ms: clock::unix_ms(),
            startup_bytes: crate::metrics::memory::used_bytes(),
            run_id: random_hex_40(),
        }
    }

    /// A client is told of nothing any more that others change.
    pub fn stop_tracking(&self, client: &ClientHandle) {
        self.tracking.end(client, |on| self.keyspace.tell_changes(on));
    }

    /// The configuration as it is now. Serving threads keep a [`CachedConfig`] instead.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        self.config.get()
    }

    /// Whether the state is still to be fetched, from the disk or from peers, and clients are refused
    /// until then.
    #[must_use]
    pub fn is_loading(&self) -> bool {
        self.is_reading()
            || self.cluster.as_ref().is_some_and(|cluster| !cluster.readiness.is_ready())
    }

    /// Whether the state is still being read from the disk.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        self.disk.as_ref().is_some_and(|disk| disk.is_loading())
    }

    /// As [`Keyspace::make_room`], which does not count what waits to be written to disk.
    pub fn make_room(&self, config: &Config, now_ms: u64, is_needed: bool) -> Room {
        self.keyspace.make_room(config, self.log_buffer_bytes(), now_ms, is_needed)
    }

    /// Bytes of memory for what waits to be written to disk.
    #[must_use]
    pub fn log_buffer_bytes(&self) -> u64 {
        self.disk.as_ref().map_or(0, |disk| {
            disk.figures.buffer_bytes.load(Relaxed)
                + disk.cluster.progress.journal_bytes()
                + self.keyspace.evicted_bytes()
        })
    }

    /// How far what is written here is drained, and kept; `None`: nobody wants to know.
    #[must_use]
    pub fn progress(&self) -> Option<&Progress> {
        Some(&self.engine()?.progress)
    }

    /// The engine, of a node with peers or a disk.
    #[must_use]
    pub fn engine(&self) -> Option<&Cluster> {
        let of_disk = self.disk.as_ref().map(|disk| &disk.cluster);
        of_disk.or(self.cluster.as_ref()).map(Arc::as_ref)
    }

    /// How long the server has been up.
    #[must_use]
    pub fn uptime_seconds(&self) -> u64 {
        self.started.elapsed().as_secs()
    }
}

/// An identity in Redis's form: 40 hexadecimal digits.
fn random_hex_40() -> String {
    let bytes: [u8; 20] = rand::random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
