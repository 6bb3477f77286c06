//! The connections that watch every command (MONITOR).

use super::ClientHandle;
use bytes::Bytes;
use parking_lot::RwLock;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// All monitoring connections.
#[derive(Default)]
pub struct Monitors {
    count: AtomicUsize,
    clients: RwLock<Vec<Arc<ClientHandle>>>,
}

impl Monitors {
    /// Whether anybody watches: one relaxed load, for the hot path.
    #[must_use]
    pub fn any(&self) -> bool {
        self.count.load(Ordering::Relaxed) != 0
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.any()
    }

    /// From now on `client` is sent every command.
    pub fn add(&self, client: Arc<ClientHandle>) {
        client.open_inbox();
        let mut clients = self.clients.write();
        if clients.iter().all(|other| other.id != client.id) {
            clients.push(client);
        }
        self.count.store(clients.len(), Ordering::Relaxed);
    }

    /// `client` is sent nothing more (RESET, or the connection is gone).
    pub fn remove(&self, id: u64) {
        let mut clients = self.clients.write();
        clients.retain(|client| client.id != id);
        self.count.store(clients.len(), Ordering::Relaxed);
    }

    /// Sends one encoded line to all of them.
    pub fn feed(&self, line: &Bytes) {
        for client in self.clients.read().iter() {
            client.push(line.clone());
        }
    }
}
