//! What peers send.

use super::answerer::Given;
use super::batch::{self, Of, Received};
use super::message::{Ask, KIND_BATCH, KIND_CONTROL, KIND_STATES, Message, Question};
use super::peers::Incoming;
use super::vector::{self, Vector};
use super::view::Standing;
use super::{Engine, Fault, LinkId, Now};
use crate::base::Stamp;
use crate::base::hash::hash_name;
#[cfg(feature = "planted")]
use crate::base::planted;
use crate::store::Keyspace;
use smallvec::SmallVec;

/// So many keys are looked for before the first of them is merged.
const FETCHED_AHEAD: usize = 16;

/// Room for so many states is kept for the next batch.
const SCRATCH_KEPT: usize = 16_384;

/// What merging states has shown.
#[derive(Default)]
struct Merged {
    /// Keys of which a part did not fit on what is known here.
    incomplete: Vec<(u16, Vec<u8>)>,
    keys: u64,
}

impl Engine {
    /// A frame has come on a connection that was accepted.
    ///
    /// # Errors
    /// Close the connection, and log why.
    pub fn receive(
        &mut self,
        keyspace: &Keyspace,
        link: LinkId,
        kind: u8,
        payload: &[u8],
        now: Now,
    ) -> Result<(), Fault> {
        let (node, incoming) = self.note_heard(link, now)?;
        match kind {
            KIND_BATCH => self.receive_batch(keyspace, node, incoming, payload, now)?,
            KIND_STATES => self.receive_states(keyspace, node, payload, now)?,
            KIND_CONTROL => {
                let message = Message::read(payload).ok_or(Fault::Malformed("a message"))?;
                self.receive_message(keyspace, node, message, now);
            }
            _ => return Err(Fault::Malformed("a frame of an unknown kind")),
        }
        self.ask_for_named(node);
        Ok(())
    }

    /// A frame has come that is not for the engine.
    ///
    /// # Errors
    /// Of a connection that does not count any more.
    pub fn heard(&mut self, link: LinkId, now: Now) -> Result<(), Fault> {
        self.note_heard(link, now).map(|_| ())
    }

    fn note_heard(&mut self, link: LinkId, now: Now) -> Result<(u32, Incoming), Fault> {
        let found = self.peers.iter_mut().find_map(|(node, peer)| {
            let incoming = peer.incoming.as_mut().filter(|known| known.link == link)?;
            (incoming.is_used, incoming.pieces) = (true, 0);
            peer.heard_ms = Some(now.mono_ms);
            Some((*node, *incoming))
        });
        found.ok_or(Fault::Superseded)
    }

    fn receive_batch(
        &mut self,
        keyspace: &Keyspace,
        node: u32,
        incoming: Incoming,
        payload: &[u8],
        now: Now,
    ) -> Result<(), Fault> {
        let mut deltas = self.take_scratch();
        let head = batch::read_batch(payload, &mut deltas)?;
        if head.epoch != incoming.replica.epoch {
            return Err(Fault::OutOfSequence);
        }
        let inbound = self.inbound.entry(incoming.replica).or_default();
        if !inbound.is_news(head.seq) {
            return Ok(());
        }
        self.check_states(keyspace, head.stamp, &deltas, now)?;
        #[cfg(feature = "planted")]
        let deltas = self.delay_if_planted(deltas);
        let merged = self.merge(keyspace, &deltas, now);
        self.put_scratch(deltas);
        if let Some(journal) = &mut self.journal {
            journal.batch(incoming.replica.node, 0, payload);
        }
        let inbound = self.inbound.entry(incoming.replica).or_default();
        let gap = inbound.merged(head.seq, !merged.incomplete.is_empty());
        let held = self.holds.entry(incoming.replica).or_default();
        *held = inbound.held(*held);
        vector::raise(&mut self.may, incoming.replica, head.seq);
        if let Some(peer) = self.peers.get_mut(&node) {
            peer.named.extend(merged.incomplete);
            peer.needs_round |= gap;
            peer.out.iter_mut().for_each(super::peers::Outgoing::ack_soon);
            // The answer that is waited for comes behind it.
            peer.asker.iter_mut().for_each(|asker| asker.wait_on(now.mono_ms));
        }
        Ok(())
    }

    fn receive_states(
        &mut self,
        keyspace: &Keyspace,
        node: u32,
        payload: &[u8],
        now: Now,
    ) -> Result<(), Fault> {
        let mut states = self.take_scratch();
        let head = batch::read_answer(payload, &mut states)?;
        self.check_states(keyspace, Stamp::NEVER, &states, now)?;
        // Before anything of it is in the store, what the store is contained in must say so.
        vector::join(&mut self.may, &head.may);
        let merged = self.merge(keyspace, &states, now);
        self.put_scratch(states);
        if let Some(journal) = &mut self.journal {
            journal.states(payload);
        }
        let Some(peer) = self.peers.get_mut(&node) else { return Ok(()) };
        if let Of::Named { answered } = head.of {
            peer.take_named(answered);
            return Ok(());
        }
        self.counts.keys_pulled += merged.keys;
        let Some(asker) = peer.asker.as_mut().filter(|asker| asker.round() == head.round) else {
            return Ok(());
        };
        let question = match head.of {
            Of::Page { answered } => asker.states_merged(answered, now.mono_ms),
            Of::Tombstones { next } => asker.tombstones_merged(next, now.mono_ms),
            Of::Named { .. } => None,
        };
        question.into_iter().for_each(|question| peer.send(question));
        self.finish_round(node, now);
        self.write_lost(keyspace, now);
        Ok(())
    }

    /// Where states are read to: many large batches a second would have the system hand out the same
    /// memory again and again.
    fn take_scratch(&mut self) -> Vec<Received> {
        std::mem::take(&mut self.received)
    }

    fn put_scratch(&mut self, mut states: Vec<Received>) {
        states.clear();
        states.shrink_to(SCRATCH_KEPT);
        self.received = states;
    }

    /// Refuses what cannot be merged, before anything is.
    fn check_states(
        &mut self,
        keyspace: &Keyspace,
        stamp: Stamp,
        states: &[Received],
        now: Now,
    ) -> Result<(), Fault> {
        let latest = states.iter().map(|received| received.state.max_stamp()).max();
        let latest_ms = latest.unwrap_or(stamp).max(stamp).ms();
        let limit_ms = now.wall_ms.saturating_add(self.settings.max_stamp_ahead_ms);
        if latest_ms > limit_ms {
            self.counts.refused_stamps += 1;
            return Err(Fault::StampAhead { ahead_ms: latest_ms - now.wall_ms });
        }
        match states.iter().all(|received| keyspace.has_database(received.db)) {
            true => Ok(()),
            false => Err(Fault::Malformed("a database that this node does not have")),
        }
    }

    fn merge(&mut self, keyspace: &Keyspace, states: &[Received], now: Now) -> Merged {
        let mut merged = Merged::default();
        let of_databases = states.chunk_by(|one, next| one.db == next.db);
        for states in of_databases.flat_map(|of_one| of_one.chunks(FETCHED_AHEAD)) {
            fetch(keyspace, states);
            for Received { db, name, state } in states {
                let outcome = keyspace.merge_part(*db, name, state, now.wall_ms);
                merged.keys += 1;
                self.counts.type_conflicts += u64::from(outcome.conflict);
                if !outcome.whole {
                    merged.incomplete.push((*db, name.to_vec()));
                }
            }
        }
        merged
    }

    /// Planted: what has come is acknowledged now, and merged at the next tick.
    #[cfg(feature = "planted")]
    fn delay_if_planted(&mut self, deltas: Vec<Received>) -> Vec<Received> {
        if !planted::is(planted::Bug::AckBeforeMerge) {
            return deltas;
        }
        self.delayed.extend(deltas);
        Vec::new()
    }

    #[cfg(feature = "planted")]
    pub(super) fn merge_delayed(&mut self, keyspace: &Keyspace, now: Now) {
        let delayed = std::mem::take(&mut self.delayed);
        self.merge(keyspace, &delayed, now);
    }

    fn receive_message(&mut self, keyspace: &Keyspace, node: u32, message: Message, now: Now) {
        match message {
            Message::Ack(ack) => {
                let my_epoch = self.settings.epoch;
                let Some(peer) = self.peers.get_mut(&node) else { return };
                peer.clock.note(&ack, now);
                if ack.epoch == my_epoch {
                    peer.delivered = peer.delivered.max(ack.delivered);
                    if ack.held > peer.has {
                        peer.has = ack.held;
                        self.report_progress();
                    }
                }
            }
            Message::Holds(word) => {
                self.learn_collected(node, word.view, &word.collected);
                if let Some(peer) = self.peers.get_mut(&node) {
                    peer.kept = peer.kept.max(word.kept);
                    peer.word = Some((word, now.mono_ms));
                }
                self.report_progress();
            }
            Message::View(entries) => entries.iter().for_each(|entry| self.admit(entry, now)),
            Message::Gossip(packet) => {
                self.membership.receive(&packet, now);
                self.follow_membership(now);
            }
            Message::Ask(ask) => self.answer(keyspace, node, &ask, now),
            Message::Answer(answer) => {
                let Some(peer) = self.peers.get_mut(&node) else { return };
                let asker = peer.asker.as_mut();
                if let Some(asker) = asker.filter(|asker| asker.round() == answer.round) {
                    let question = asker.answered(answer.what, keyspace, now.mono_ms);
                    question.into_iter().for_each(|question| peer.send(question));
                }
            }
            Message::Leaving => {
                if self.view.set_standing(node, Standing::Left) {
                    self.note_end(node);
                    tracing::info!("Node {node:08x} leaves the cluster");
                    self.disconnect(node, "has left");
                    self.tell_view();
                }
            }
        }
    }

    fn answer(&mut self, keyspace: &Keyspace, node: u32, ask: &Ask, now: Now) {
        let Some(peer) = self.peers.get_mut(&node) else { return };
        let mut answerer = std::mem::take(&mut peer.answerer);
        if answerer.wants_graves(ask) {
            // What died since the round began was perhaps not pulled while it lived: it counts, too.
            self.close_generation(keyspace, now);
            answerer.take_graves(&self.collector);
        }
        let answer = answerer.answer(ask, keyspace, &self.holds, now.wall_ms);
        let tells_states = matches!(answer, Some(Given::States { .. }));
        if tells_states {
            // States tell what was not drained when they were read: `may` is to say so.
            self.drain(keyspace, now);
        }
        let Some(peer) = self.peers.get_mut(&node) else { return };
        peer.answerer = answerer;
        let Some(frame) = answer.map(|answer| answer.seal(ask.round, &self.may)) else { return };
        // States go behind all that was drained: else they would tell of one key what a command did, and
        // should this node die then, nobody would ever tell of the others.
        let last = self.stream.last();
        let after = if tells_states { last } else { 0 };
        if tells_states {
            peer.sent = last;
        }
        if let Some(out) = &mut peer.out {
            out.push_after(after, frame);
        }
    }

    /// Pulls keys whole of which parts did not fit.
    fn ask_for_named(&mut self, node: u32) {
        let Some(peer) = self.peers.get_mut(&node) else { return };
        if let Some(keys) = peer.next_named() {
            peer.send(Message::Ask(Ask { round: 0, what: Question::Named { keys } }).seal());
        }
    }

    /// What this node holds and would still hold after a crash.
    pub(super) fn certain(&self) -> &Vector {
        if self.settings.survives { &self.durable } else { &self.holds }
    }
}

/// Has the processor load what keys of one database are merged into.
fn fetch(keyspace: &Keyspace, states: &[Received]) {
    if let [first, _, ..] = states {
        let hashes: SmallVec<[u64; FETCHED_AHEAD]> =
            states.iter().map(|received| hash_name(&received.name)).collect();
        keyspace.prefetch(first.db, &hashes);
    }
}
