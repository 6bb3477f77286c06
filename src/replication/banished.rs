//! Memories that do not count: how they are refused, and what they are told.
//!
//! A member that was away for too long is forgotten, and so is one that an operator has given up. What it
//! alone had contributed it writes again as another memory. So nobody may let in what would bring back
//! the contributions of its old memory: neither that memory, nor one that met it on the other side of
//! a cut and of which those who forgot it had never heard.

use super::view::{Entry, Standing};
use super::{Engine, Forgotten, Greeting, Now, Refusal, Told};
use crate::base::Replica;
use crate::store::Keyspace;

/// A refusal names all members, and so many others at the most: it has to fit in a handshake.
const BRIEF_MAX: usize = 1_000;

impl Engine {
    /// Whether a memory of which nothing is known may be let in: not, if it met one that was forgotten.
    pub(super) fn check_newcomer(&self, peer: &Greeting) -> Result<(), Refusal> {
        let is_forgotten = |(node, incarnation): &(u32, u64)| {
            self.view.get(*node).is_some_and(|entry| entry.forgotten >= *incarnation)
        };
        match peer.met.iter().any(is_forgotten) {
            true => Err(self.forgotten(peer)),
            false => Ok(()),
        }
    }

    /// What a memory that does not count is told.
    pub(super) fn forgotten(&self, peer: &Greeting) -> Refusal {
        let known = self.view.get(peer.node);
        let epochs = peer.epochs.iter().copied().chain([peer.epoch]);
        let streams: Vec<Replica> =
            epochs.map(|epoch| Replica { node: peer.node, epoch }).collect();
        let has_all = |stream: &Replica| {
            self.holds.get(stream).copied().unwrap_or(0) >= self.furthest(*stream)
        };
        let knows = |(node, incarnation): &(u32, u64)| {
            self.view.get(*node).is_some_and(|entry| entry.incarnation >= *incarnation)
        };
        let latest = known.map_or(0, |entry| entry.incarnation);
        // That it does not count has come to all, all that they have of it has come here, and there is
        // nobody who may have some of it and was not asked.
        let is_out = latest > peer.incarnation || known.is_some_and(|entry| !entry.is_member());
        let is_agreed = self.words().settled_without(peer.node);
        let settled =
            is_out && is_agreed && streams.iter().all(has_all) && peer.met.iter().all(knows);
        Refusal::Forgotten(Box::new(Forgotten {
            by: self.settings.node,
            incarnation: peer.incarnation,
            latest,
            settled,
            streams: streams.into_iter().map(|stream| self.told(stream)).collect(),
            members: self.view.brief(BRIEF_MAX),
        }))
    }

    fn told(&self, stream: Replica) -> Told {
        let upto = self.furthest(stream);
        let held = self.held_at_end(stream).map_or(upto, |held| held.min(upto));
        Told { epoch: stream.epoch, held, upto }
    }

    /// A memory was refused. If it was not known, all have to hear of it.
    pub(super) fn note_refused(&mut self, peer: &Greeting, refusal: &Refusal, now: Now) {
        if matches!(refusal, Refusal::Forgotten(_)) {
            let entry = Entry::member(peer.node, peer.incarnation, &peer.address);
            self.admit(&entry.forgotten(), now);
        }
    }

    /// A peer has met a later run of this memory: what is on this node's disk is what it once held. So it
    /// has not got what it had confirmed, and has all to forget what it was.
    pub(super) fn hear_outdated(&mut self, address: &str, now: Now) {
        if self.is_outdated || self.is_leaving {
            return;
        }
        tracing::error!(
            "{address} has met a later run of this node: what is in `dir` is older than what the node \
             had last, a copy perhaps. The node takes over the state of the others"
        );
        self.is_outdated = true;
        self.write_fresh();
        self.gate.let_go();
        self.gate.close(now);
        let nodes: Vec<u32> = self.peers.keys().copied().collect();
        nodes.into_iter().for_each(|node| self.hang_up(node, "this node's disk has gone back"));
    }

    /// A peer says that this memory does not count.
    pub(super) fn hear_forgotten(
        &mut self,
        keyspace: &Keyspace,
        address: &str,
        told: &Forgotten,
        now: Now,
    ) {
        // Another connection may have been refused before: then it has come back already.
        let is_about_me = told.incarnation == self.settings.incarnation;
        if !is_about_me || !told.settled || self.is_leaving {
            return;
        }
        let by = told.members.iter().find(|entry| entry.node == told.by);
        let is_mutual = by.is_some_and(|by| {
            let known = self.view.get(by.node);
            known.is_some_and(|known| {
                known.incarnation == by.incarnation && known.standing != Standing::Member
            })
        });
        if is_mutual {
            tracing::error!(
                "{address} has forgotten this node, and this node has forgotten it: \
                 CLUSTER RESET one of them"
            );
            return;
        }
        self.come_back(keyspace, told, now);
    }
}
