//! The server: sockets, threads, timers, and how they begin and end.
//!
//! The calling thread runs what is common to all (accepting, signals, timers); serving threads own
//! the connections. See `workers` and `connection`.

mod acceptor;
mod attention;
mod connection;
mod listeners;
mod listening;
pub mod logging;
mod reconfigure;
mod requests;
mod scratch;
mod scripts;
mod stream;
mod timers;
mod unsent;
mod workers;

pub use listeners::ListenError;

use crate::config::{AppendFsync, Config, LogLevel, MaxmemoryPolicy};
use crate::disk::{Files, Keeper};
use crate::node::{Node, ShutdownRequest};
use crate::peer::{PeerError, Peers};
use acceptor::Acceptor;
use listeners::Listeners;
use listening::Listening;
use reconfigure::Server;
use scripts::ScriptThread;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use workers::Workers;

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    Peers(#[from] PeerError),
    #[error("Cannot start with what is on disk: {0}")]
    Load(String),
    #[error("What was written last is not on disk; see the log")]
    NotWritten,
    #[error("Cannot start: {0}")]
    Io(#[from] io::Error),
}

/// Serves `node` until SIGTERM, SIGINT or SHUTDOWN. `set_log_level` is called when CONFIG SET has
/// changed the level.
///
/// # Errors
/// An address cannot be listened on, or the system refuses threads.
pub fn serve(
    node: &Arc<Node>,
    files: Option<Files>,
    set_log_level: impl Fn(LogLevel) + Send + Sync + 'static,
) -> Result<(), ServeError> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let tasks = tokio::task::LocalSet::new();
    let (workers, threads) = tasks.block_on(&runtime, control(node, files, set_log_level))?;
    workers.join();
    threads.script_thread.stop(node);
    // Last, so that they hear of all that clients were answered.
    if let Some(peers) = threads.peers {
        peers.stop();
    }
    let is_written = threads.keeper.is_none_or(Keeper::stop);
    match node.disk.as_ref().and_then(|disk| disk.loading_error()) {
        Some(why) => Err(ServeError::Load(why)),
        None if !is_written => Err(ServeError::NotWritten),
        None => Ok(()),
    }
}

/// The threads that clients do not see.
struct Threads {
    peers: Option<Peers>,
    keeper: Option<Keeper>,
    script_thread: ScriptThread,
}

/// Runs the common part, and returns the threads that are still at work when the server has to stop.
async fn control(
    node: &Arc<Node>,
    files: Option<Files>,
    set_log_level: impl Fn(LogLevel) + Send + Sync + 'static,
) -> Result<(Workers, Threads), ServeError> {
    let config = node.config();
    let listeners = Listeners::bind(&config)?;
    let _pidfile = config.pidfile.as_deref().map(PidFile::write);
    let mut signals = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let peers = Peers::start(node)?;
    let keeper = Keeper::start(node, files)?;
    let (script_thread, scripts) = ScriptThread::start(node)?;
    let workers = Workers::start(node, &scripts)?;
    drop(scripts);
    let listening = Arc::new(Listening::new(listeners));
    announce(&listening, &workers, node);
    node.set_server(Server::new(listening.clone(), set_log_level));
    let mut acceptor = Acceptor::new(node.clone(), listening.clone(), workers);
    let mut timers = JoinSet::new();
    timers.spawn_local(timers::expire(node.clone()));
    timers.spawn_local(timers::free_garbage(node.clone()));
    timers.spawn_local(timers::serve_waiting(node.clone()));
    timers.spawn_local(timers::sample(node.clone()));
    timers.spawn_local(timers::close_idle(node.clone()));
    loop {
        tokio::select! {
            () = acceptor.accept_next() => {}
            _ = signals.0.recv() => stop(node, "SIGTERM"),
            _ = signals.1.recv() => stop(node, "SIGINT"),
            _ = node.shutdown.wait() => break,
            Some(ended) = timers.join_next() => {
                tracing::error!("A timer has ended: {ended:?}");
            }
        }
    }
    tracing::info!("Shutting down");
    timers.shutdown().await;
    listening.close();
    // Those that wait for their client must hear of it.
    node.clients.all().iter().for_each(|client| client.wake.notify_one());
    Ok((acceptor.workers, Threads { peers, keeper, script_thread }))
}

fn stop(node: &Node, signal: &str) {
    tracing::info!("Received {signal}");
    node.shutdown.request(ShutdownRequest::default());
}

/// The first lines of the log.
fn announce(listening: &Listening, workers: &Workers, node: &Node) {
    let config = node.config();
    let (version, process) = (env!("CARGO_PKG_VERSION"), std::process::id());
    tracing::info!(
        "Headcount {version} serves counters, strings, keys and sets by the Redis protocol; pid \
         {process}"
    );
    tracing::info!("Durability: {}", durability(&config));
    if config.cluster_port != 0 && config.maxmemory_policy != MaxmemoryPolicy::NoEviction {
        let policy = config.maxmemory_policy.name();
        tracing::warn!("maxmemory-policy {policy}: with peers nothing is removed");
    }
    if !config.inert.is_empty() {
        let names: Vec<_> = config.inert.keys().copied().collect();
        tracing::info!("Without effect here: {}", names.join(", "));
    }
    let needs_no_password = node.access.default_account().user().needs_no_password();
    match (needs_no_password, config.protected_mode) {
        (false, _) => tracing::info!("Clients need a password"),
        (true, true) => {
            tracing::info!("Protected mode: only clients of this machine, for no password is set")
        }
        (true, false) => {
            tracing::warn!("No password and no protected mode: whoever can connect may do anything")
        }
    }
    tracing::info!(
        "Ready to accept connections on {}; {} serving threads",
        listening.addresses().join(", "),
        workers.len()
    );
}

fn durability(config: &Config) -> String {
    let dir = config.dir.display();
    if !config.appendonly && !config.save.is_empty() {
        return "memory only: counts are gone when it stops (save needs appendonly yes)".to_owned();
    }
    match (config.appendonly, config.appendfsync) {
        (false, _) => "memory only: counts are gone when it stops".to_owned(),
        (true, AppendFsync::Always) => format!("on disk in {dir} before it is acknowledged"),
        (true, AppendFsync::EverySec) => format!("on disk in {dir} every second"),
        (true, AppendFsync::No) => format!("on disk in {dir} by and by"),
    }
}

/// The file with the process id; it goes when the server stops.
struct PidFile<'p> {
    path: &'p Path,
}

impl PidFile<'_> {
    /// A server whose pid cannot be written serves all the same.
    fn write(path: &Path) -> PidFile<'_> {
        if let Err(error) = std::fs::write(path, format!("{}\n", std::process::id())) {
            tracing::warn!("Cannot write the pid file {}: {error}", path.display());
        }
        PidFile { path }
    }
}

impl Drop for PidFile<'_> {
    fn drop(&mut self) {
        // It may never have been written, and said so then.
        let _ = std::fs::remove_file(self.path);
    }
}
