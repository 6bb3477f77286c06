//! The peers' thread, from its first connection to its last.

use super::door::{Door, Stranger, is_denied};
use super::shared::Shared;
use super::ticker::Ticker;
use super::{dial, incoming, posts};
use crate::config::Config;
use crate::node::Node;
use crate::node::tcp::BindError;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::{self, Runtime};
use tokio::sync::Notify;
use tokio::task::{JoinError, JoinSet, LocalSet};
use tokio::time::{Instant, timeout_at};

/// How long peers have to confirm what they were sent when the node leaves.
const LEAVE: Duration = Duration::from_millis(500);

/// Why there are no connections to peers.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error("Cannot start the peers' thread: {0}")]
    Io(#[from] io::Error),
}

/// The thread that has the connections to peers.
pub struct Peers {
    stop: Arc<Notify>,
    thread: JoinHandle<()>,
}

impl Peers {
    /// Listens for peers, and dials them; `None` for a node that is alone.
    ///
    /// # Errors
    /// An address cannot be listened on, or the system refuses a thread.
    pub fn start(node: &Arc<Node>) -> Result<Option<Peers>, PeerError> {
        let Some(cluster) = node.cluster.clone() else { return Ok(None) };
        let (node, stop) = (node.clone(), Arc::new(Notify::new()));
        let stopped = stop.clone();
        let (started, start) = mpsc::sync_channel(1);
        let work = move || match open(&node.config()) {
            Ok((runtime, door)) => {
                // Whoever has started this thread waits for it.
                let _ = started.send(Ok(()));
                // Nobody is told anything before the node has read who it was.
                if let Some(disk) = &node.disk
                    && !runtime.block_on(disk.loaded())
                {
                    return;
                }
                let shared = Shared::new(node, cluster);
                LocalSet::new().block_on(&runtime, Connections::new(shared, door).run(&stopped));
            }
            Err(error) => {
                let _ = started.send(Err(error));
            }
        };
        let thread = std::thread::Builder::new().name("peers".to_owned()).spawn(work)?;
        start.recv().map_err(io::Error::other)??;
        Ok(Some(Peers { stop, thread }))
    }

    /// Tells the peers good-bye, and returns when all connections are closed.
    pub fn stop(self) {
        self.stop.notify_one();
        if self.thread.join().is_err() {
            tracing::error!("The peers' thread panicked");
        }
    }
}

/// The thread's runtime, and in it the listeners.
fn open(config: &Config) -> Result<(Runtime, Door), PeerError> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let door = {
        let _inside = runtime.enter();
        Door::open(config)?
    };
    Ok((runtime, door))
}

/// What the thread owns.
struct Connections {
    shared: Rc<Shared>,
    door: Door,
    ticker: Ticker,
    tasks: JoinSet<()>,
}

impl Connections {
    fn new(shared: Rc<Shared>, door: Door) -> Connections {
        let ticker = Ticker::new(shared.clone());
        Connections { shared, door, ticker, tasks: JoinSet::new() }
    }

    async fn run(mut self, stop: &Notify) {
        loop {
            tokio::select! {
                () = stop.notified() => break,
                () = self.ticker.due() => self.tick(),
                () = self.shared.cluster.posts.news.notified() => posts::send(&self.shared),
                accepted = self.door.accept() => self.welcome(accepted),
                Some(ended) = self.tasks.join_next() => report(ended),
            }
        }
        self.leave().await;
    }

    fn tick(&mut self) {
        for dial in self.ticker.tick() {
            self.tasks.spawn_local(dial::dial(self.shared.clone(), dial.address));
        }
    }

    fn welcome(&mut self, accepted: io::Result<Stranger>) {
        match accepted {
            Ok(stranger) if is_denied(stranger.from, &self.ticker.applied, &self.shared) => {}
            Ok(stranger) => {
                self.tasks.spawn_local(incoming::serve(self.shared.clone(), stranger));
            }
            Err(error) => self.door.trouble(&error, &self.shared),
        }
    }

    /// Says good-bye, and gives the peers a moment to confirm what they were sent.
    async fn leave(mut self) {
        self.door.close();
        let shared = self.shared.clone();
        let is_hurried = shared.node.shutdown.requested().is_some_and(|request| request.now);
        let end = Instant::now() + if is_hurried { Duration::ZERO } else { LEAVE };
        shared.engine(|engine, keyspace, now| match engine.settings().survives {
            // It comes back as who it was: it is away, and has not left.
            true => engine.flush(keyspace, now),
            false => engine.leave(keyspace, now),
        });
        shared.wake_all();
        while Instant::now() < end && !self.is_confirmed() {
            self.ticker.due().await;
            // Nobody is dialled any more.
            self.ticker.tick();
        }
        shared.leaving.set(true);
        shared.wake_all();
        let sent = timeout_at(end, async {
            while shared.sends() && self.tasks.join_next().await.is_some() {}
        });
        if sent.await.is_err() && !is_hurried {
            tracing::warn!("Not all peers have taken in time what this node has for them");
        }
        self.tasks.shutdown().await;
    }

    /// Whether the peers that can be reached have confirmed all writes.
    fn is_confirmed(&self) -> bool {
        let status = self.shared.engine(|engine, keyspace, now| engine.status(keyspace, now));
        status.peers.iter().all(|peer| !peer.out_up() || peer.unconfirmed_batches == 0)
    }
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!("A connection to a peer ended by a panic: {error}");
    }
}
