//! The listeners, which the acceptor waits at and CONFIG SET replaces, from whichever thread.

use super::listeners::{Arrival, ListenError, Listeners};
use crate::config::Config;
use parking_lot::Mutex;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Listeners that can be replaced while somebody waits at them.
pub struct Listening {
    listeners: Mutex<Listeners>,
    /// Calls the acceptor away from sockets that are no more.
    replaced: Notify,
    /// The runtime that the sockets belong to: the acceptor's.
    runtime: Handle,
}

impl Listening {
    /// Call it in the acceptor's runtime.
    pub fn new(listeners: Listeners) -> Listening {
        let (listeners, replaced) = (Mutex::new(listeners), Notify::new());
        Listening { listeners, replaced, runtime: Handle::current() }
    }

    /// The next client.
    pub async fn accept(&self) -> io::Result<Arrival> {
        loop {
            let mut replaced = pin!(self.replaced.notified());
            let arrival = poll_fn(|context| self.poll_accept(context, replaced.as_mut())).await;
            if let Some(arrival) = arrival {
                return arrival;
            }
        }
    }

    /// None: there are other listeners now.
    fn poll_accept(
        &self,
        context: &mut Context<'_>,
        replaced: Pin<&mut Notified<'_>>,
    ) -> Poll<Option<io::Result<Arrival>>> {
        match replaced.poll(context) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => self.listeners.lock().poll_accept(context).map(Some),
        }
    }

    /// Listens on the TCP addresses of `config` instead of those of before, which are kept when
    /// that fails.
    pub fn rebind_tcp(&self, config: &Config) -> Result<(), ListenError> {
        let addresses = Listeners::resolve(config)?;
        let _inside = self.runtime.enter();
        let mut listeners = self.listeners.lock();
        let rebound = listeners.rebind_tcp(&addresses, config);
        self.replaced.notify_one();
        rebound
    }

    /// Where the server listens, for the log.
    pub fn addresses(&self) -> Vec<String> {
        self.listeners.lock().addresses()
    }

    /// Stops listening.
    pub fn close(&self) {
        self.listeners.lock().close();
    }
}
