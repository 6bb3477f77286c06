//! What INFO, CLUSTER NODES and COUNTER.INFO are told.

use super::peers::Peer;
use super::stream::AsOf;
use super::{CounterReport, Engine, Health, Now, PeerStatus, Status};
use crate::base::decimal::Decimal;
use crate::store::Keyspace;

impl Engine {
    #[must_use]
    pub fn status(&self, keyspace: &Keyspace, now: Now) -> Status {
        Status {
            node: self.settings.node,
            epoch: self.settings.epoch,
            incarnation: self.settings.incarnation,
            address: self.settings.address.clone(),
            clients: self.clients.clone(),
            peers: self
                .peers
                .iter()
                .map(|(node, peer)| self.peer_status(*node, peer, now))
                .collect(),
            view_agreed: self.words().agreed(),
            stream_batches: self.stream.last(),
            window_bytes: self.stream.bytes() as u64,
            keys_in_doubt: self.lost.iter().filter(|lost| lost.told_in.is_none()).count() as u64,
            keys_waiting: keyspace.keys_dirty(),
            tombstones_waiting: keyspace.tombstones_waiting() as u64,
            full_resyncs: self.counts.full_resyncs,
            sync_rounds: self.counts.sync_rounds,
            keys_pulled: self.counts.keys_pulled,
            refused_stamps: self.counts.refused_stamps,
            type_conflicts: self.counts.type_conflicts,
        }
    }

    /// COUNTER.INFO; `None`: no such key, or not a counter.
    #[must_use]
    pub fn counter_report(
        &self,
        keyspace: &Keyspace,
        db: u16,
        name: &[u8],
        now: Now,
    ) -> Option<CounterReport> {
        let state = keyspace.state(db, name)?;
        let mut report = CounterReport::of(&state, now.wall_ms)?;
        let own = state.own(self.me());
        let unconfirmed = |peer: &Peer| match self.stream.as_of(db, name, self.had_by(peer)) {
            AsOf::Unchanged => Some(Decimal::default()),
            AsOf::Was(before) => Some(own.since(&before)),
            AsOf::Unknown => None,
        };
        let members = || self.peers.iter().filter(|(node, _)| self.view.is_member(**node));
        report.unconfirmed = members().map(|(node, peer)| (*node, unconfirmed(peer))).collect();
        report.heard_ms =
            members().map(|(node, peer)| (*node, age_ms(peer.heard_ms, now))).collect();
        Some(report)
    }

    /// The last batch of this node's stream that a peer is known to hold for certain.
    pub(super) fn held_by(&self, peer: &Peer) -> u64 {
        let word = peer.word.as_ref();
        word.and_then(|(word, _)| word.holds.get(&self.me())).copied().unwrap_or(0)
    }

    /// The last batch of this node's stream up to which a peer has all, in its memory at least.
    pub(super) fn had_by(&self, peer: &Peer) -> u64 {
        peer.has.max(self.held_by(peer))
    }

    fn peer_status(&self, node: u32, peer: &Peer, now: Now) -> PeerStatus {
        let (batches, deltas, oldest_ms) = self.stream.after(self.had_by(peer));
        let health = match self.hears(peer, now) {
            true => Health::Alive,
            false => self.membership.health(node).unwrap_or(Health::Down),
        };
        PeerStatus {
            node,
            address: peer.address.clone(),
            health,
            clients: peer.clients.clone(),
            out_age_ms: age_ms(peer.out.as_ref().map(|out| out.since_ms), now),
            in_age_ms: age_ms(peer.incoming.map(|incoming| incoming.since_ms), now),
            last_contact_ms: age_ms(peer.heard_ms, now),
            unconfirmed_batches: batches,
            unconfirmed_deltas: deltas,
            lag_ms: age_ms(oldest_ms, now).unwrap_or(0),
            clock_offset_ms: peer.clock.offset_ms(),
            bytes_in: peer.bytes_in,
            bytes_out: peer.bytes_out,
            syncing: peer.asker.is_some(),
        }
    }

    /// Who is heard is alive, whatever is said: after a cut the failure detector may keep a suspicion
    /// that nobody spreads any more, and that so nobody refutes.
    fn hears(&self, peer: &Peer, now: Now) -> bool {
        let silence_ms = age_ms(peer.heard_ms, now);
        peer.is_up() && silence_ms.is_some_and(|ms| ms < self.settings.node_timeout_ms)
    }
}

fn age_ms(at_ms: Option<u64>, now: Now) -> Option<u64> {
    at_ms.map(|at_ms| now.mono_ms.saturating_sub(at_ms))
}
