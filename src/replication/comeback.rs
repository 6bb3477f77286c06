//! A node that was forgotten comes back (trap 5): as a new memory, with what it alone contributed.

use super::collector::Collector;
use super::engine::id;
use super::membership::Membership;
use super::stream::{AsOf, Stream};
use super::{Engine, Now, Vector};
use crate::base::{Name, Replica};
use crate::crdt::Key;
use crate::store::Keyspace;
use rand::RngExt;

impl Engine {
    /// Starts anew, as the members have merged this node's stream up to batch `upto` at the most:
    /// what came after is written again under a new epoch, and all else is pulled from them.
    pub(super) fn come_back(&mut self, keyspace: &Keyspace, upto: u64, now: Now) {
        tracing::warn!(
            "The cluster has forgotten this node: it takes over the whole state, and writes again \
             what it had written since batch {upto}"
        );
        self.drain(keyspace, now);
        let old = self.me();
        self.settings.epoch = self.new_epoch();
        self.settings.incarnation = (self.settings.incarnation + 1).max(now.wall_ms);
        let keep = self.own_since(keyspace, old, upto);
        keyspace.reincarnate(self.me(), now.wall_ms, &keep);
        self.start_anew(now);
    }

    /// What this node alone contributed after batch `upto` of its stream, under its new epoch.
    pub(super) fn own_since(
        &self,
        keyspace: &Keyspace,
        old: Replica,
        upto: u64,
    ) -> Vec<(u16, Name, Key)> {
        let since = self.stream.stamp_of(upto);
        let mut keep = Vec::new();
        for (db, name) in self.stream.keys_after(upto) {
            let Some(state) = keyspace.state(db, &name) else { continue };
            let before = match self.stream.as_of(db, &name, upto) {
                AsOf::Was(own) => Some(own),
                AsOf::Unchanged | AsOf::Unknown => None,
            };
            let key = state.reissue(old, before.as_ref(), since, self.me());
            keep.push((db, name, key));
        }
        keep
    }

    /// Forgets all that was known of others' streams, and who had this one.
    pub(super) fn start_anew(&mut self, now: Now) {
        self.stream = Stream::default();
        (self.holds, self.durable, self.may) = (Vector::new(), Vector::new(), Vector::new());
        self.inbound.clear();
        self.collector = Collector::default();
        let nodes: Vec<u32> = self.peers.keys().copied().collect();
        for node in nodes {
            let address = self.peers.get(&node).map(|peer| peer.address.clone());
            self.disconnect(node, "is met anew");
            address.iter().for_each(|address| self.dialer.add_member(address, node));
        }
        let entry = self.my_entry();
        self.view.merge(&entry);
        let seed = self.rng.random();
        self.membership = Membership::new(id(&self.settings), self.settings.node_timeout_ms, seed);
        self.housekept_ms = now.mono_ms;
    }

    pub(super) fn new_epoch(&mut self) -> u32 {
        loop {
            let epoch = self.rng.random();
            if epoch != self.settings.epoch {
                return epoch;
            }
        }
    }
}
