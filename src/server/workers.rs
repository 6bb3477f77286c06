//! The serving threads. Each runs a single-threaded runtime and owns its connections from the moment
//! they are handed to it.

use super::connection;
use super::scratch::Scratch;
use super::scripts::Scripts;
use super::stream::{Socket, Stream};
use crate::config::Config;
use crate::metrics::memory;
use crate::node::{CachedConfig, ClientHandle, Node, Recorder};
use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime;
use tokio::sync::mpsc;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{MissedTickBehavior, interval};

/// Sockets that may wait for a thread; beyond that the acceptor waits.
const HANDOVER: usize = 256;
/// Scripts run on these threads too, and Lua's libraries recurse.
const STACK_BYTES: usize = 16 << 20;
/// How long connections may take to finish what they are doing when the server stops.
const GRACE: Duration = Duration::from_secs(2);

/// How often a thread looks whether it holds memory that nobody uses.
const SURPLUS_CHECK: Duration = Duration::from_secs(1);
/// It looks for it again when there is so much more.
const SURPLUS_STEP_BYTES: u64 = 16 << 20;

/// A client on its way to the thread that will serve it.
pub struct Accepted {
    pub socket: Socket,
    pub entry: Registered,
}

/// A client's place in the node's lists, which it loses however its connection ends.
pub struct Registered {
    pub node: Arc<Node>,
    pub client: Arc<ClientHandle>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.node.monitors.remove(self.client.id);
        self.node.pubsub.leave(&self.client);
        self.node.stop_tracking(&self.client);
        self.node.clients.remove(self.client.id);
    }
}

/// One connection more on a thread, for as long as it lives.
struct Load(Arc<AtomicUsize>);

impl Load {
    fn on(count: &Arc<AtomicUsize>) -> Load {
        count.fetch_add(1, Ordering::Relaxed);
        Load(count.clone())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All serving threads.
pub struct Workers {
    workers: Vec<Worker>,
}

struct Worker {
    inbox: mpsc::Sender<(Accepted, Load)>,
    /// How many connections it has.
    load: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

/// What the connections of one thread share. They run one at a time, and none holds a borrow across
/// an await.
pub struct Shared {
    pub node: Arc<Node>,
    pub recorder: Recorder,
    pub config: RefCell<CachedConfig>,
    pub scratch: RefCell<Scratch>,
    pub scripts: Scripts,
}

impl Shared {
    fn new(node: Arc<Node>, scripts: Scripts) -> Shared {
        let recorder = node.stats.recorder();
        let (config, scratch) = (RefCell::default(), RefCell::default());
        Shared { node, recorder, config, scratch, scripts }
    }

    pub fn config(&self) -> Arc<Config> {
        self.config.borrow_mut().get(&self.node.config).clone()
    }
}

impl Workers {
    /// Starts as many threads as `io-threads` says.
    ///
    /// # Errors
    /// A thread or its runtime cannot be made.
    pub fn start(node: &Arc<Node>, scripts: &Scripts) -> io::Result<Workers> {
        let count = thread_count(&node.config());
        let start = |number| Worker::start(number, node.clone(), scripts.clone());
        let workers = (0..count).map(start);
        Ok(Workers { workers: workers.collect::<io::Result<_>>()? })
    }

    pub fn len(&self) -> usize {
        self.workers.len()
    }

    /// Gives a client to the thread with the fewest.
    pub async fn hand_over(&self, accepted: Accepted) {
        let load = |worker: &&Worker| worker.load.load(Ordering::Relaxed);
        if let Some(worker) = self.workers.iter().min_by_key(load) {
            let load = Load::on(&worker.load);
            // A thread that is gone has said so in the log; the connection is closed.
            let _ = worker.inbox.send((accepted, load)).await;
        }
    }

    /// Returns when every connection has ended. The node's shutdown has been requested before.
    pub fn join(self) {
        let threads: Vec<_> = self.workers.into_iter().map(|worker| worker.thread).collect();
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("A serving thread panicked");
            }
        }
    }
}

/// By itself one less than there are cores: the kernel's network work, the timers and, on one
/// machine, the clients need one too. (On two cores a second thread cost 13 % more CPU for a request
/// without a pipeline: twice the sleeps and wakes.)
fn thread_count(config: &Config) -> usize {
    match config.io_threads {
        0 => std::thread::available_parallelism().map_or(1, |cores| (cores.get() - 1).max(1)),
        count => count as usize,
    }
}

impl Worker {
    fn start(number: usize, node: Arc<Node>, scripts: Scripts) -> io::Result<Worker> {
        let (sender, receiver) = mpsc::channel(HANDOVER);
        let load = Arc::new(AtomicUsize::new(0));
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let work = move || LocalSet::new().block_on(&runtime, serve(node, scripts, receiver));
        let builder = std::thread::Builder::new().name(format!("serve-{number}"));
        let thread = builder.stack_size(STACK_BYTES).spawn(work)?;
        Ok(Worker { inbox: sender, load, thread })
    }
}

/// Serves what is handed over until the acceptor is gone, then lets the connections finish.
async fn serve(node: Arc<Node>, scripts: Scripts, mut inbox: mpsc::Receiver<(Accepted, Load)>) {
    let shared = Rc::new(Shared::new(node, scripts));
    let mut connections = JoinSet::new();
    let mut surplus = Surplus::default();
    let mut ticks = interval(SURPLUS_CHECK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => surplus.give_back(),
            next = inbox.recv() => match next {
                Some((accepted, load)) => {
                    connections.spawn_local(serve_client(shared.clone(), accepted, load));
                }
                None => break,
            },
            Some(ended) = connections.join_next() => report(ended),
        }
    }
    let drained = tokio::time::timeout(GRACE, async {
        while let Some(ended) = connections.join_next().await {
            report(ended);
        }
    });
    if drained.await.is_err() {
        tracing::warn!("{} clients did not finish in time", connections.len());
        connections.shutdown().await;
    }
}

/// Memory of the system that holds nothing: freed, but kept by the allocator.
#[derive(Default)]
struct Surplus {
    /// So much the last attempt could not give back.
    left_bytes: u64,
    /// Whether to try again soon: others may have been freeing while this thread gave back.
    again: bool,
}

impl Surplus {
    /// Gives memory back to the system when there is more than there was: a thread that allocates
    /// nothing more would keep it for ever. Every thread has to do so for what it allocated itself.
    fn give_back(&mut self) {
        let surplus_bytes = Surplus::bytes();
        let is_much = surplus_bytes > memory::used_bytes() / 8;
        let step_bytes = SURPLUS_STEP_BYTES.max(self.left_bytes / 8);
        let is_news = surplus_bytes > self.left_bytes + step_bytes;
        if is_much && (is_news || self.again) {
            memory::purge();
            self.left_bytes = Surplus::bytes();
            self.again = is_news;
        } else {
            // What could not be given back then may be by and by.
            self.left_bytes -= self.left_bytes / 64;
            self.left_bytes = self.left_bytes.min(surplus_bytes);
        }
    }

    fn bytes() -> u64 {
        memory::resident_bytes().saturating_sub(memory::used_bytes())
    }
}

/// One client's whole life on this thread.
async fn serve_client(shared: Rc<Shared>, accepted: Accepted, _load: Load) {
    let Accepted { socket, entry } = accepted;
    let client = entry.client.clone();
    match Stream::adopt(socket) {
        Ok(stream) => connection::serve(shared, stream, client).await,
        Err(error) => tracing::warn!("Cannot serve {}: {error}", client.addr),
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!("A connection ended by a panic: {error}");
    }
}
