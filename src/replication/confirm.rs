//! What this node tells others that it has, what they tell it, and what follows: collecting, and
//! forgetting who is away for too long.

use super::collector::Members;
use super::inbound::Inbound;
use super::journal::Journal;
use super::message::{Ack, Holds};
use super::peers::Peer;
use super::vector::{Vector, beyond, covers};
use super::view::{Standing, View};
use super::{Engine, Health, Now};
use crate::store::Keyspace;
use std::collections::{BTreeMap, BTreeSet};

/// At the latest after so long a peer hears something.
const HEARTBEAT_MS: u64 = 200;

/// What the members have said.
pub(super) struct Words<'a> {
    me: u32,
    mine: &'a Vector,
    /// What would be sealed here after a crash, of a node that survives one.
    sealed: Option<(Vector, u64)>,
    view: &'a View,
    peers: &'a BTreeMap<u32, Peer>,
    /// The mark of this node's run.
    run: u64,
}

impl Words<'_> {
    /// The other members, each with its latest word.
    pub fn members(&self) -> impl Iterator<Item = (u64, Option<&Holds>)> {
        let others = self.view.members().filter(|entry| entry.node != self.me);
        others.map(|entry| {
            let word = self.peers.get(&entry.node).and_then(|peer| peer.word.as_ref());
            word.map_or((0, None), |(holds, at_ms)| (*at_ms, Some(holds)))
        })
    }

    /// Whether all have spoken under this node's view.
    pub fn agreed(&self) -> bool {
        let view = self.view.hash();
        self.members().all(|(_, word)| word.is_some_and(|word| word.view == view))
    }

    /// Whether all have agreed, and each has met the present run of every other one: so nothing is on its
    /// way any more that an earlier run had sent.
    pub fn settled(&self) -> bool {
        self.agreed() && self.others().all(|node| self.has_met(node, |other| self.run_of(other)))
    }

    /// The same of all but `node`, which is not among them, or only as a memory that is over: and nobody is
    /// connected with that any more.
    pub fn settled_without(&self, node: u32) -> bool {
        let view = self.view.hash();
        let run_of = |other| if other == node { None } else { self.run_of(other) };
        let is_over = self.peers.get(&node).is_none_or(|peer| peer.incoming.is_none());
        let mut others = self.others().filter(|other| *other != node);
        is_over
            && others.all(|other| {
                let is_agreed = self.word_of(other).is_some_and(|word| word.view == view);
                is_agreed && self.has_met(other, run_of)
            })
    }

    fn others(&self) -> impl Iterator<Item = u32> {
        self.view.members().map(|entry| entry.node).filter(|node| *node != self.me)
    }

    fn word_of(&self, node: u32) -> Option<&Holds> {
        let word = self.peers.get(&node).and_then(|peer| peer.word.as_ref());
        word.map(|(word, _)| word)
    }

    fn run_of(&self, node: u32) -> Option<u64> {
        match node == self.me {
            true => Some(self.run),
            false => self.peers.get(&node).map(|peer| peer.run.mark),
        }
    }

    /// Whether a member has connections of just these runs of the others.
    fn has_met(&self, of: u32, run_of: impl Fn(u32) -> Option<u64>) -> bool {
        let Some(word) = self.word_of(of) else { return false };
        let met = |node| word.met.iter().find(|met| met.0 == node).map(|met| met.1);
        let mut members = self.view.members().map(|entry| entry.node).filter(|node| *node != of);
        members.all(|node| met(node) == run_of(node))
    }

    /// Whether all, under this view, say so.
    fn all(&self, says: impl Fn(u64, &Holds) -> bool) -> bool {
        let view = self.view.hash();
        let said = |(at_ms, word): (u64, Option<&Holds>)| {
            word.is_some_and(|word| word.view == view && says(at_ms, word))
        };
        #[cfg(feature = "planted")]
        if crate::base::planted::is(crate::base::planted::Bug::MajorityCollects) {
            let (yes, no): (Vec<_>, Vec<_>) = self.members().partition(|word| said(*word));
            return yes.len() + 1 > no.len();
        }
        self.members().all(said)
    }
}

impl Members for Words<'_> {
    fn confirmed(&self, may: &Vector, since_ms: u64) -> bool {
        covers(self.mine, may)
            && self.all(|at_ms, word| at_ms >= since_ms && covers(&word.holds, may))
    }

    fn sealed(&self, may: &Vector, swept_ms: u64) -> bool {
        let is_kept =
            |(sealed, upto_ms): &(Vector, u64)| *upto_ms >= swept_ms && covers(sealed, may);
        self.sealed.as_ref().is_none_or(is_kept)
            && self.all(|_, word| word.swept_ms >= swept_ms && covers(&word.sealed, may))
    }
}

impl Engine {
    pub(super) fn words(&self) -> Words<'_> {
        Words {
            me: self.settings.node,
            mine: self.certain(),
            sealed: None,
            view: &self.view,
            peers: &self.peers,
            run: self.run.mark,
        }
    }

    pub(super) fn send_acks(&mut self, now: Now) {
        let is_due =
            |peer: &Peer| peer.out.as_ref().is_some_and(|out| out.is_ack_due(now, HEARTBEAT_MS));
        if !self.peers.values().any(is_due) {
            return;
        }
        let (sealed, swept_ms) = self.sealed();
        let holds = self.certain().clone();
        let may = beyond(&self.may, &holds);
        let (view, ends, sealed) = (self.view.hash(), self.ends.clone(), sealed.clone());
        let stands = |(_, peer): &(&u32, &Peer)| peer.incoming.is_some();
        let standing = self.peers.iter().filter(stands);
        let met = standing.map(|(node, peer)| (*node, peer.run.mark)).collect();
        let kept = self.journal.as_ref().map_or(0, Journal::kept_groups);
        let collected = self.collected.all();
        let word = Holds { view, holds, may, ends, sealed, swept_ms, collected, kept, met };
        let last_seq = self.stream.last();
        for peer in self.peers.values_mut() {
            let (Some(out), Some(replica)) = (&mut peer.out, peer.replica) else { continue };
            if !out.is_ack_due(now, HEARTBEAT_MS) {
                continue;
            }
            let (echo_wall_ms, echo_age_ms) = peer.clock.echo(now);
            let ack = Ack {
                epoch: replica.epoch,
                delivered: self.inbound.get(&replica).map_or(0, Inbound::delivered),
                held: self.holds.get(&replica).copied().unwrap_or(0),
                wall_ms: now.wall_ms,
                echo_wall_ms,
                echo_age_ms,
            };
            out.push_ack(ack, &word, last_seq, now);
        }
    }

    /// Drops what all have confirmed.
    pub(super) fn collect(&mut self, keyspace: &Keyspace, now: Now) {
        if self.collected.is_merging(now) {
            return;
        }
        let words = Words {
            me: self.settings.node,
            mine: if self.settings.survives { &self.durable } else { &self.holds },
            sealed: self.journal.as_ref().map(|journal| journal.sealed().clone()),
            view: &self.view,
            peers: &self.peers,
            run: self.run.mark,
        };
        let (journal, grace_ms) = (self.journal.as_mut(), self.settings.grace_ms);
        self.collector.advance(keyspace, &words, grace_ms, &self.collected, journal, now);
    }

    /// Whether this side of a cut may decide who is forgotten: that of the majority, or, of two halves,
    /// that of the lowest id, else both sides would forget each other. It has to be so among the members
    /// that had all agreed on one another, and also among those that have joined on this side since.
    fn decides(&mut self, is_here: impl Fn(&u32) -> bool) -> bool {
        let (agreed, members) = (self.words().agreed(), self.view.members());
        let members: Vec<u32> = members.map(|entry| entry.node).collect();
        if agreed && members.len() > 1 {
            self.quorum = members.clone();
        }
        let decides = |members: &[u32]| {
            let here = members.iter().filter(|node| is_here(node)).count();
            let has_lowest = members.first().is_some_and(&is_here);
            here * 2 > members.len() || here * 2 == members.len() && has_lowest
        };
        decides(&self.quorum) && decides(&members)
    }

    /// Forgets members that were away for too long.
    pub(super) fn forget_the_missing(&mut self, now: Now) {
        let me = self.settings.node;
        let up = self.peers.iter().filter(|(_, peer)| peer.is_up()).map(|(node, _)| *node);
        let here: BTreeSet<u32> = up.chain([me]).collect();
        if !self.decides(|node| here.contains(node)) {
            return;
        }
        let members: Vec<u32> = self.view.members().map(|entry| entry.node).collect();
        for node in members.into_iter().filter(|node| !here.contains(node)) {
            let Some(peer) = self.peers.get(&node) else { continue };
            let heard_ms = peer.heard_ms.unwrap_or(peer.known_ms);
            let away_ms = now.mono_ms.saturating_sub(heard_ms);
            let alive = self.membership.health(node) == Some(Health::Alive);
            if away_ms > self.settings.forget_after_ms && !alive {
                tracing::warn!("Node {node:08x} was away for {away_ms} ms and is forgotten");
                self.forget_member(node);
            }
        }
    }

    pub(super) fn forget_member(&mut self, node: u32) -> bool {
        let forgotten = self.view.set_standing(node, Standing::Forgotten);
        if forgotten {
            self.note_end(node);
            self.disconnect(node, "is forgotten");
            self.tell_view();
        }
        forgotten
    }

    /// Says once that a peer's clock is far off, and when it no longer is.
    pub(super) fn warn_of_clocks(&mut self) {
        let limit_ms = self.settings.clock_warning_ms;
        for (node, peer) in &mut self.peers {
            let Some(offset_ms) = peer.clock.offset_ms() else { continue };
            let far = peer.clock.surely_off_ms().is_some_and(|off_ms| off_ms > limit_ms);
            if far && !peer.clock_warned {
                tracing::warn!("The clock of node {node:08x} is {offset_ms} ms from this one's");
            } else if !far && peer.clock_warned {
                tracing::info!("The clock of node {node:08x} agrees with this one's again");
            }
            peer.clock_warned = far;
        }
    }
}
