//! How far others, and the disk, have what was written here: for WAIT and WAITAOF.

use super::Node;
use std::future::pending;
use tokio::sync::futures::Notified;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// So many peers have it, in memory at least.
    InMemory { peers: usize },
    /// So many peers would have it after a crash, and, if `here`, this node, too.
    OnDisk { here: bool, peers: usize },
}

impl Confirmation {
    /// Whether it has come for all that was written before `drain` was taken as a ticket
    /// (`Progress::ticket`).
    #[must_use]
    pub fn is_there(self, node: &Node, drain: u64) -> bool {
        match self {
            Confirmation::InMemory { peers } => node.confirmed_by(drain) >= peers,
            Confirmation::OnDisk { here, peers } => {
                (!here || node.is_kept(drain)) && node.kept_by(drain) >= peers
            }
        }
    }
}

impl Node {
    /// How many peers have all that was written before `drain` was taken as a ticket; a node alone has none.
    #[must_use]
    pub fn confirmed_by(&self, drain: u64) -> usize {
        self.cluster.as_ref().map_or(0, |cluster| cluster.progress.confirmed_by(drain))
    }

    /// How many peers would have it after a crash.
    #[must_use]
    pub fn kept_by(&self, drain: u64) -> usize {
        self.cluster.as_ref().map_or(0, |cluster| cluster.progress.kept_by(drain))
    }

    /// Whether this node would have it after a crash.
    #[must_use]
    pub fn is_kept(&self, drain: u64) -> bool {
        self.disk.as_ref().is_some_and(|disk| disk.cluster.progress.durable() >= drain)
    }

    /// Returns when what is waited for has come, which may be never.
    pub async fn confirmed(&self, what: Confirmation, drain: u64) {
        loop {
            // Asked for before the look: what is confirmed in between is not missed.
            let by_peers = self.cluster.as_ref().map(|cluster| cluster.confirmed.notified());
            let by_disk = self.disk.as_ref().map(|disk| disk.changed());
            if what.is_there(self, drain) {
                return;
            }
            tokio::select! {
                () = or_never(by_peers) => {}
                () = or_never(by_disk) => {}
            }
        }
    }
}

async fn or_never(word: Option<Notified<'_>>) {
    match word {
        Some(word) => word.await,
        None => pending().await,
    }
}
