//! How far peers have what was written here: for WAIT.

use super::Node;
use std::future::pending;

impl Node {
    /// How many peers have confirmed all that was written before `drain` was taken as a ticket
    /// (`Progress::ticket`); a node alone has none.
    #[must_use]
    pub fn confirmed_by(&self, drain: u64) -> usize {
        self.cluster.as_ref().map_or(0, |cluster| cluster.progress.confirmed_by(drain))
    }

    /// Returns when so many have, which may be never.
    pub async fn confirmed(&self, peers: usize, drain: u64) {
        let Some(cluster) = &self.cluster else { return pending().await };
        loop {
            // Asked for before the look: what is confirmed in between is not missed.
            let confirmed = cluster.confirmed.notified();
            if cluster.progress.confirmed_by(drain) >= peers {
                return;
            }
            confirmed.await;
        }
    }
}
