//! What the tasks of the peers' thread share. They run one at a time, and none holds a borrow or a
//! lock across an await.

use super::repeats::Repeats;
use super::wire::LinkError;
use crate::config::Config;
use crate::node::{Cluster, Node};
use crate::replication::{Engine, LinkId, Now, SealedFrame};
use crate::store::Keyspace;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// As much of what is published may wait for one connection.
const POSTS_BYTES: usize = 16 << 20;
/// So much does not wait for the second to be over.
const JOURNAL_BYTES: usize = 8 << 20;

pub struct Shared {
    pub node: Arc<Node>,
    pub cluster: Arc<Cluster>,
    /// The connections that the engine knows.
    links: RefCell<BTreeMap<LinkId, Rc<Signals>>>,
    last_link: Cell<LinkId>,
    /// Addresses that are being dialled at this moment.
    pub dialling: RefCell<BTreeSet<String>>,
    /// Addresses of names that stand for several, each told to the engine once.
    pub met: RefCell<BTreeSet<(String, SocketAddr)>>,
    /// Set when the node goes: who has written all ends.
    pub leaving: Cell<bool>,
    pub troubles: RefCell<Repeats>,
}

/// What a connection's task listens to.
#[derive(Default)]
pub struct Signals {
    /// Whether this node has dialled, and so is the one that sends.
    sends: bool,
    /// The engine may have something to send.
    pub wake: Notify,
    close: Notify,
    /// Messages of channels that wait to be sent, and their bytes.
    posts: RefCell<VecDeque<SealedFrame>>,
    posts_bytes: Cell<usize>,
    reason: RefCell<Option<String>>,
}

impl Signals {
    /// The next messages of channels to send.
    pub fn next_post(&self) -> Option<SealedFrame> {
        let frame = self.posts.borrow_mut().pop_front()?;
        self.posts_bytes.set(self.posts_bytes.get().saturating_sub(frame.len()));
        Some(frame)
    }

    /// False: too many wait.
    fn post(&self, frame: &SealedFrame) -> bool {
        let bytes = self.posts_bytes.get() + frame.len();
        let fits = bytes <= POSTS_BYTES;
        if fits {
            self.posts.borrow_mut().push_back(frame.clone());
            self.posts_bytes.set(bytes);
            self.wake.notify_one();
        }
        fits
    }

    /// Returns when the engine wants the connection closed, with its reason.
    pub async fn closing(&self) -> String {
        self.close.notified().await;
        self.reason.borrow_mut().take().unwrap_or_default()
    }
}

impl Shared {
    pub fn new(node: Arc<Node>, cluster: Arc<Cluster>) -> Rc<Shared> {
        Rc::new(Shared {
            node,
            cluster,
            links: RefCell::default(),
            last_link: Cell::default(),
            dialling: RefCell::default(),
            met: RefCell::default(),
            leaving: Cell::default(),
            troubles: RefCell::default(),
        })
    }

    /// Asks the engine, or tells it. A script that runs comes to its end first.
    pub fn engine<R>(&self, ask: impl FnOnce(&mut Engine, &Keyspace, Now) -> R) -> R {
        let _beside_scripts = self.node.keyspace.keep_scripts_out();
        ask(&mut self.cluster.engine.lock(), &self.node.keyspace, self.cluster.now())
    }

    /// Has the disk's thread write before much waits for it.
    pub fn write_much(&self) {
        if let Some(disk) = &self.node.disk
            && self.cluster.engine.lock().journal_bytes() >= JOURNAL_BYTES
        {
            disk.want();
        }
    }

    /// Returns when more may be received: what was has to be written down first.
    pub async fn room(&self) {
        if let Some(disk) = &self.node.disk {
            disk.room().await;
        }
    }

    /// A number for a connection: a later one than those before.
    pub fn next_link(&self) -> LinkId {
        self.last_link.set(self.last_link.get() + 1);
        self.last_link.get()
    }

    pub fn has_links(&self) -> bool {
        !self.links.borrow().is_empty()
    }

    /// Whether this node still sends to anybody.
    pub fn sends(&self) -> bool {
        self.links.borrow().values().any(|signals| signals.sends)
    }

    /// Has every connection look whether there is something to send.
    pub fn wake_all(&self) {
        self.links.borrow().values().for_each(|signals| signals.wake.notify_one());
    }

    /// Has a connection send messages of channels; false: it has too many already, or is gone.
    pub fn post(&self, link: LinkId, frame: &SealedFrame) -> bool {
        self.links.borrow().get(&link).is_some_and(|signals| signals.post(frame))
    }

    /// Has the connection's task close it.
    pub fn close(&self, link: LinkId, reason: String) {
        if let Some(signals) = self.links.borrow().get(&link) {
            signals.reason.replace(Some(reason));
            signals.close.notify_one();
        }
    }

    /// Has every connection's task close it.
    pub fn close_all(&self, reason: &str) {
        let links: Vec<LinkId> = self.links.borrow().keys().copied().collect();
        links.into_iter().for_each(|link| self.close(link, reason.to_owned()));
    }
}

/// Why a connection is closed whose peer has proven a secret that does not count any more.
pub const SECRET_CHANGED: &str = "cluster-secret has changed";

/// A connection that stood for so long had no trouble, whatever ended it.
const STEADY: Duration = Duration::from_secs(10);
/// Connections that end for one reason are told of so often.
const REPEATS: u32 = 3;

/// A connection that the engine knows, for as long as this lives.
pub struct Link {
    /// What its lines in the log begin with.
    pub title: String,
    begun: Instant,
    pub shared: Rc<Shared>,
    pub id: LinkId,
    pub signals: Rc<Signals>,
}

impl Link {
    /// The engine has just said that it wants the connection. `sends`: this node has dialled.
    /// `config`: with which the peer was asked for its secret.
    pub fn new(
        shared: Rc<Shared>,
        id: LinkId,
        sends: bool,
        title: String,
        config: &Config,
    ) -> Link {
        let signals = Rc::new(Signals { sends, ..Signals::default() });
        shared.links.borrow_mut().insert(id, signals.clone());
        if shared.node.config().cluster_secret != config.cluster_secret {
            shared.close(id, SECRET_CHANGED.to_owned());
        }
        Link { title, begun: Instant::now(), shared, id, signals }
    }

    /// Says in the log that it stands.
    pub fn tell_begin(&self, more: &str) {
        if self.shared.troubles.borrow().times(&self.title) >= REPEATS {
            tracing::debug!("{}: connected again{more}", self.title);
        } else {
            tracing::info!("{}: connected{more}", self.title);
        }
    }

    /// Says in the log why it has ended; that it does so again and again, only a few times.
    pub fn tell_end(&self, reason: &LinkError) {
        let mut troubles = self.shared.troubles.borrow_mut();
        if self.begun.elapsed() >= STEADY {
            troubles.clear(&self.title);
        }
        if troubles.note(&self.title, &reason.to_string()) <= REPEATS {
            tracing::info!("{}: disconnected: {reason}", self.title);
        } else {
            tracing::debug!("{}: disconnected again: {reason}", self.title);
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.links.borrow_mut().remove(&self.id);
        self.shared.engine(|engine, _, now| engine.closed(self.id, now));
        // Something else may be due now: dialling, or closing the other direction.
        self.shared.cluster.wake.notify_one();
    }
}
