//! The listeners of `cluster-port`.

use super::shared::Shared;
use crate::config::Config;
use crate::node::tcp::{self, BindError};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

/// Connections that may be in their handshake at a time; beyond that others wait to be accepted.
const STRANGERS: usize = 64;
/// How long to wait when the process has no file descriptor left.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(200);

/// A connection of somebody who has not said who it is.
pub struct Stranger {
    pub stream: TcpStream,
    pub from: SocketAddr,
    /// Its place among the strangers.
    pub place: OwnedSemaphorePermit,
}

pub struct Door {
    listeners: Vec<TcpListener>,
    strangers: Arc<Semaphore>,
    paused_until: Instant,
}

impl Door {
    /// Listens, in the current runtime, on the `cluster-port` of all addresses of `bind`.
    ///
    /// # Errors
    /// An address cannot be had.
    pub fn open(config: &Config) -> Result<Door, BindError> {
        let addresses = tcp::resolve(&config.bind, config.cluster_port)?;
        let listeners = tcp::listen_on_all(&addresses, config.tcp_backlog)?;
        let shown = listeners.iter().filter_map(|listener| listener.local_addr().ok());
        let shown: Vec<_> = shown.map(|address| address.to_string()).collect();
        tracing::info!("Listening for peers on {}", shown.join(", "));
        if config.cluster_secret.is_empty() {
            tracing::warn!("No cluster-secret: whoever can connect to the cluster-port can join");
        }
        let strangers = Arc::new(Semaphore::new(STRANGERS));
        Ok(Door { listeners, strangers, paused_until: Instant::now() })
    }

    /// The next stranger, once there is a place.
    pub async fn accept(&self) -> io::Result<Stranger> {
        sleep_until(self.paused_until).await;
        let place = self.strangers.clone().acquire_owned().await.map_err(io::Error::other)?;
        let (stream, from) = poll_fn(|context| self.poll_accept(context)).await?;
        Ok(Stranger { stream, from, place })
    }

    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        let mut polls = self.listeners.iter().map(|listener| listener.poll_accept(context));
        polls.find(Poll::is_ready).unwrap_or(Poll::Pending)
    }

    /// It cannot accept for now.
    pub fn trouble(&mut self, error: &io::Error, shared: &Shared) {
        if shared.troubles.borrow_mut().is_news("the listener", &error.to_string()) {
            tracing::warn!("Error accepting a peer's connection: {error}");
        }
        if tcp::is_exhausted(error) {
            self.paused_until = Instant::now() + EXHAUSTED_PAUSE;
        }
    }

    pub fn close(&mut self) {
        self.listeners.clear();
    }
}

/// Whether protected mode keeps this machine out, and says so.
pub fn is_denied(from: SocketAddr, config: &Config, shared: &Shared) -> bool {
    let is_open = !config.protected_mode || !config.cluster_secret.is_empty();
    if is_open || from.ip().to_canonical().is_loopback() {
        return false;
    }
    let who = format!("from {}", from.ip());
    if shared.troubles.borrow_mut().is_news(&who, "protected mode") {
        tracing::warn!(
            "Refused a peer at {from}: in protected mode other machines need a cluster-secret"
        );
    }
    true
}
