//! What an operator can order: CLUSTER MEET, FORGET, RESET, and going for good.

use super::lost::Kept;
use super::message::Message;
use super::{Engine, Now, Settings, Told};
use crate::store::Keyspace;
use rand::RngExt;

/// Between RESET and what it does: time to tell the others.
const FAREWELL_MS: u64 = 300;

/// A RESET that was ordered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reset {
    due_ms: u64,
    hard: bool,
    /// The last batch before the order.
    pub since: u64,
}

impl Engine {
    /// CLUSTER MEET.
    pub fn meet(&mut self, address: String) {
        self.dialer.add_seed(&address);
    }

    /// CLUSTER FORGET: false when there is no such member. What waits for its confirmation waits no
    /// more; it comes back only as a new memory.
    pub fn forget(&mut self, node: u32) -> bool {
        node != self.settings.node && self.forget_member(node)
    }

    /// CLUSTER RESET of a node without keys: says good-bye to all peers and, a moment later, forgets
    /// them; `hard`: and takes a new node id.
    pub fn reset(&mut self, keyspace: &Keyspace, hard: bool, now: Now) {
        // What is not drained yet was perhaps written after the keys were found to be gone.
        let (due_ms, since) = (now.mono_ms + FAREWELL_MS, self.stream.last());
        self.reset_due = Some(Reset { due_ms, hard, since });
        self.leave(keyspace, now);
    }

    /// Does what RESET has ordered.
    pub(super) fn reset_if_due(&mut self, keyspace: &Keyspace, now: Now) {
        let Some(reset) = self.reset_due.take_if(|reset| reset.due_ms <= now.mono_ms) else {
            return;
        };
        let node = match reset.hard {
            true => self.rng.random_range(1..=u32::MAX),
            false => self.settings.node,
        };
        // What clients have written since the order was answered stays.
        let Reset { since, .. } = reset;
        let told = [Told { epoch: self.settings.epoch, held: since, upto: since }];
        let again = self.become_another(keyspace, node, &told, Kept::Living, now);
        self.start_anew(now);
        self.note_anew(again);
        self.is_leaving = false;
        self.dialer.clear();
    }

    /// The configuration has changed. Who the node is stays as it is.
    pub fn configure(&mut self, settings: Settings) {
        for seed in &settings.seeds {
            self.dialer.add_seed(seed);
        }
        let Settings { node, epoch, incarnation, .. } = self.settings;
        self.settings = Settings { node, epoch, incarnation, ..settings };
    }

    /// Says good-bye, after all that was written here. Flush the links before closing them.
    pub fn leave(&mut self, keyspace: &Keyspace, now: Now) {
        self.is_leaving = true;
        self.drain(keyspace, now);
        self.membership.leave(now);
        self.follow_membership(now);
        let last = self.stream.last();
        for out in self.peers.values_mut().filter_map(|peer| peer.out.as_mut()) {
            out.push_after(last, Message::Leaving.seal());
        }
    }
}
