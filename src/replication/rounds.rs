//! Rounds of comparing: when they begin, and what follows from one that ends.

use super::asker::Asker;
use super::vector;
use super::{Engine, Now};
use crate::store::Keyspace;

/// A round is given up when the peer says other things so long after it was asked: the answer would
/// have come before. (One that says nothing has not come to it yet, or its connection is closed.)
const STALLED_MS: u64 = 2_000;

impl Engine {
    /// Begins a round with the peer whose turn it is, if none is under way: two at once would pull
    /// the same twice.
    pub(super) fn begin_round(&mut self, now: Now) {
        if self.peers.values().any(|peer| peer.asker.is_some()) {
            return;
        }
        let due = self
            .peers
            .values_mut()
            .filter(|peer| peer.is_up() && (peer.needs_round || peer.next_round_ms <= now.mono_ms));
        let Some(peer) = due.min_by_key(|peer| (!peer.needs_round, peer.next_round_ms)) else {
            return;
        };
        self.rounds += 1;
        self.counts.sync_rounds += 1;
        let (asker, frame) = Asker::begin(self.rounds, self.holds.clone(), now.mono_ms);
        peer.asker = Some(asker);
        peer.needs_round = false;
        peer.next_round_ms = now.mono_ms + self.settings.sync_interval_ms;
        peer.send(frame);
    }

    /// Steps of rounds that need no answer.
    pub(super) fn walk_rounds(&mut self, keyspace: &Keyspace, now: Now) {
        for peer in self.peers.values_mut() {
            let Some(asker) = &mut peer.asker else { continue };
            let question = asker.walk(keyspace, now.wall_ms, now.mono_ms);
            question.into_iter().for_each(|question| peer.send(question));
        }
    }

    /// If a round is over: what the peer held at its beginning is held here.
    pub(super) fn finish_round(&mut self, node: u32, now: Now) {
        let Some(peer) = self.peers.get_mut(&node) else { return };
        let Some(held) = peer.asker.as_ref().and_then(|asker| asker.finished().cloned()) else {
            return;
        };
        peer.compared_ms = peer.asker.as_ref().map(Asker::began_ms);
        let pulls_all = peer.asker.take().is_some_and(|asker| asker.pulls_all());
        self.counts.full_resyncs += u64::from(pulls_all);
        peer.next_round_ms = now.mono_ms + self.settings.sync_interval_ms;
        vector::join(&mut self.holds, &held);
        for (stream, inbound) in &self.inbound {
            let held = self.holds.entry(*stream).or_default();
            *held = inbound.held(*held);
        }
        let outs = self.peers.values_mut().filter_map(|peer| peer.out.as_mut());
        outs.for_each(super::peers::Outgoing::ack_soon);
    }

    pub(super) fn give_up_stalled_rounds(&mut self) {
        for peer in self.peers.values_mut() {
            let Some(asker) = &peer.asker else { continue };
            let waits_since_ms = asker.stepped_ms().max(self.woke_ms);
            if peer.heard_ms.is_some_and(|heard_ms| heard_ms >= waits_since_ms + STALLED_MS) {
                peer.give_up_round();
                peer.needs_round = true;
            }
        }
    }
}
