//! Rounds of comparing: when they begin, and what follows from one that ends.

use super::asker::Asker;
use super::peers::Peer;
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
        let is_due = |peer: &Peer| peer.needs_round || peer.next_round_ms <= now.mono_ms;
        let due = self.peers.values_mut().filter(|peer| peer.is_up() && is_due(peer));
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
        self.gate.open("the state is that of another node");
        peer.next_round_ms = now.mono_ms + self.settings.sync_interval_ms;
        vector::join(&mut self.holds, &held);
        for (stream, inbound) in &self.inbound {
            let held = self.holds.entry(*stream).or_default();
            *held = inbound.held(*held);
        }
        let outs = self.peers.values_mut().filter_map(|peer| peer.out.as_mut());
        outs.for_each(super::peers::Outgoing::ack_soon);
    }

    pub(super) fn give_up_stalled_rounds(&mut self, now: Now) {
        let mut any = false;
        for peer in self.peers.values_mut() {
            let Some(asker) = &peer.asker else { continue };
            let waits_since_ms = asker.stepped_ms().max(self.woke_ms);
            if peer.heard_ms.is_some_and(|heard_ms| heard_ms >= waits_since_ms + STALLED_MS) {
                peer.asker = None;
                peer.needs_round = true;
                any = true;
            }
        }
        if any {
            self.open_if_overdue("another node was asked in vain", now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Replica;
    use crate::crdt::Tombstones;
    use crate::replication::message::{KIND_CONTROL, Message, Question};
    use crate::replication::{Greeting, Resume, Run, Settings};

    const OUT: u64 = 1;
    const INCOMING: u64 = 2;

    fn settings() -> Settings {
        Settings {
            node: 1,
            epoch: 1,
            incarnation: 1,
            address: "a:1".to_owned(),
            seeds: Vec::new(),
            tick_ms: 5,
            window_bytes: 1 << 20,
            notes_max: 1 << 20,
            sync_interval_ms: 10_000,
            forget_after_ms: 60_000,
            max_stamp_ahead_ms: 60_000,
            grace_ms: 60_000,
            clock_warning_ms: 500,
            node_timeout_ms: 5_000,
            survives: false,
            databases: 1,
        }
    }

    fn asks(engine: &mut Engine) -> bool {
        let frames = std::iter::from_fn(|| engine.next_frame(OUT));
        let messages = frames.filter_map(|frame| Message::read(frame.payload()));
        let is_ask = |message| matches!(message, Message::Ask(ask) if matches!(ask.what, Question::Roots { .. }));
        messages.map(is_ask).fold(false, |any, is_ask| any | is_ask)
    }

    /// It has accepted this node's connection, and its own is accepted: but it may not know that yet.
    #[test]
    fn a_peer_is_asked_once_it_has_spoken() -> Result<(), Box<dyn std::error::Error>> {
        let now = Now { wall_ms: 1_700_000_000_000, mono_ms: 1_000 };
        let mut engine = Engine::new(settings(), 1, now);
        let me = Replica { node: 1, epoch: 1 };
        let keyspace = Keyspace::new(1, me, Tombstones::KEEP, now.wall_ms);
        let peer = Greeting {
            met: Vec::new(),
            run: Run::default(),
            kept: 0,
            epochs: Vec::new(),
            is_outdated: false,
            node: 2,
            epoch: 2,
            incarnation: 2,
            address: "b:1".to_owned(),
            clients: crate::replication::ClientAddress::default(),
            connection: 1,
            databases: 1,
        };
        engine.opened(OUT, "b:1", peer.clone(), Resume { delivered: 0 }, now)?;
        engine.accept(INCOMING, peer, now)?;
        engine.tick(&keyspace, now);
        assert!(!asks(&mut engine));
        let view = Message::View(engine.view.entries()).seal();
        engine.receive(&keyspace, INCOMING, KIND_CONTROL, view.payload(), now)?;
        engine.tick(&keyspace, now);
        assert!(asks(&mut engine));
        Ok(())
    }
}
