//! A node that was forgotten comes back (trap 5): as a new memory, with what it alone contributed.

use super::collector::Collector;
use super::engine::id;
use super::membership::Membership;
use super::stream::{Before, DbKey, Stream};
use super::{Engine, Now, Vector};
use crate::base::{Name, Replica};
use crate::crdt::Key;
use crate::store::{KeyRef, Keys, Keyspace, Undrained};
use rand::RngExt;
use std::collections::BTreeMap;

impl Engine {
    /// Starts anew, as the members have merged this node's stream up to batch `upto` at the most:
    /// what came after is written again under a new epoch, and all else is pulled from them.
    pub(super) fn come_back(&mut self, keyspace: &Keyspace, upto: u64, now: Now) {
        tracing::warn!(
            "The cluster has forgotten this node: it takes over the whole state, and writes again \
             what it had written since batch {upto}"
        );
        self.gate.close(now);
        let node = self.settings.node;
        self.become_another(keyspace, node, upto, now);
        self.start_anew(now);
    }

    /// Goes on as a new memory, under a new epoch as `node`, with what this node alone contributed
    /// after batch `upto` of its stream.
    pub(super) fn become_another(&mut self, keyspace: &Keyspace, node: u32, upto: u64, now: Now) {
        let (old, new) = (self.me(), Replica { node, epoch: self.new_epoch() });
        let befores = self.stream.befores_after(upto);
        keyspace.reincarnate(new, now.wall_ms, |held| reissue(held, befores, old, new));
        (self.settings.node, self.settings.epoch) = (new.node, new.epoch);
        self.settings.incarnation = (self.settings.incarnation + 1).max(now.wall_ms);
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

/// What `old` contributed to keys since `befores`, and what was not drained yet, as the words of `new`.
fn reissue(
    held: &mut Keys<'_>,
    mut befores: BTreeMap<DbKey, Before>,
    old: Replica,
    new: Replica,
) -> Vec<(u16, Name, Key)> {
    for Undrained { db, name, own_before, since } in held.take_undrained() {
        befores.entry((db, name)).or_insert(Before { own: own_before, since });
    }
    let again = |((db, name), before): (DbKey, Before)| {
        let state = held.told(KeyRef::new(db, &name))?;
        let key = state.reissue(old, Some(&before.own), before.since, new);
        (key != Key::default()).then_some((db, name, key))
    };
    befores.into_iter().filter_map(again).collect()
}
