//! What an operator can order: CLUSTER MEET, FORGET, RESET, and going for good.

use super::message::Message;
use super::view::View;
use super::{Engine, Now};
use crate::base::Replica;
use crate::store::Keyspace;
use rand::RngExt;

impl Engine {
    /// CLUSTER MEET.
    pub fn meet(&mut self, address: &str) {
        self.dialer.add_seed(address);
    }

    /// CLUSTER FORGET: false when there is no such member. What waits for its confirmation waits no
    /// more; it comes back only as a new memory.
    pub fn forget(&mut self, node: u32) -> bool {
        node != self.settings.node && self.forget_member(node)
    }

    /// CLUSTER RESET: forgets all peers; `hard`: and takes a new node id. The data stays, as this
    /// node's own.
    pub fn reset(&mut self, keyspace: &Keyspace, hard: bool, now: Now) {
        self.drain(keyspace, now);
        if hard {
            self.settings.node = self.rng.random_range(1..=u32::MAX);
        }
        self.settings.epoch = self.new_epoch();
        self.settings.incarnation = (self.settings.incarnation + 1).max(now.wall_ms);
        keyspace.rename_replica(self.me());
        self.start_anew(now);
        self.dialer.clear();
        self.peers.clear();
        self.view = View::default();
        let entry = self.my_entry();
        self.view.merge(&entry);
    }

    /// Says good-bye, after all that was written here. Flush the links before closing them.
    pub fn leave(&mut self, keyspace: &Keyspace, now: Now) {
        self.drain(keyspace, now);
        self.membership.leave(now);
        self.follow_membership(now);
        let last = self.stream.last();
        for out in self.peers.values_mut().filter_map(|peer| peer.out.as_mut()) {
            out.push_after(last, Message::Leaving.seal());
        }
    }

    /// Who this node writes as.
    #[must_use]
    pub fn replica(&self) -> Replica {
        self.me()
    }
}
