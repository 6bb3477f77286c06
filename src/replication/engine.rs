//! The state machine: what it knows, and the clock that drives it.

use super::batch::{BatchHead, Deltas, Received};
use super::collected::Collected;
use super::collector::Collector;
use super::dead_streams::Gaps;
use super::dialer::Dialer;
use super::epochs::{Epochs, Proposal, Run};
use super::inbound::Inbound;
use super::journal::Journal;
use super::lost::Lost;
use super::membership::{Id, Membership};
use super::message::{KIND_BATCH, Message};
use super::operator::Reset;
use super::peers::Peer;
use super::progress::Confirmed;
use super::readiness::Gate;
use super::stream::{Before, Befores, Stream};
use super::vector::{self, Vector};
use super::view::{Entry, Standing, View};
use super::{ClientAddress, Dial, LinkId, Now, Progress, SealedFrame, Settings};
use crate::base::{Replica, Stamp};
use crate::store::Keyspace;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How often what was deleted is looked at, rounds are begun, members are missed.
const HOUSEKEEPING_MS: u64 = 1_000;
/// A batch is cut when it has so many bytes, even between keys that were written together.
const BATCH_BYTES_MAX: usize = 64 << 20;

/// One node's side of replication.
pub struct Engine {
    pub(super) settings: Settings,
    pub(super) rng: SmallRng,
    pub(super) progress: Arc<Progress>,
    pub(super) gate: Gate,
    /// This run of the program, and the epochs of this node's memory.
    pub(super) run: Run,
    pub(super) epochs: Epochs,
    pub(super) proposal: Option<Proposal>,
    /// How many groups of records there were at the start.
    pub(super) began_with: u64,
    /// Somebody has met a later run of this memory.
    pub(super) is_outdated: bool,
    /// Where clients reach this node.
    pub(super) clients: ClientAddress,
    pub(super) stream: Stream,
    /// All of these streams are held here up to these batches; in memory, and for certain.
    pub(super) holds: Vector,
    pub(super) durable: Vector,
    /// What is held here is contained in these streams up to these batches.
    pub(super) may: Vector,
    pub(super) inbound: BTreeMap<Replica, Inbound>,
    /// Empty, with room for a batch's states.
    pub(super) received: Vec<Received>,
    pub(super) view: View,
    pub(super) membership: Membership,
    pub(super) peers: BTreeMap<u32, Peer>,
    pub(super) dialer: Dialer,
    pub(super) collector: Collector,
    pub(super) collected: Arc<Collected>,
    /// What is to be written down; `None`: nothing ever is.
    pub(super) journal: Option<Journal>,
    pub(super) dead_gaps: Gaps,
    /// What was held here of the streams of nodes that do not count, when that was heard.
    pub(super) ends: Vector,
    /// The members that had last agreed on one another, by their ids; none: this node was not among any.
    pub(super) quorum: Vec<u32>,
    /// What this node perhaps has to write again after it was forgotten.
    pub(super) lost: Vec<Lost>,
    pub(super) closings: Vec<(LinkId, String)>,
    pub(super) connections: u64,
    pub(super) rounds: u64,
    pub(super) counts: Counts,
    pub(super) ticked_ms: u64,
    /// The last tick that came late.
    pub(super) woke_ms: u64,
    pub(super) housekept_ms: u64,
    pub(super) reset_due: Option<Reset>,
    /// It goes for good: nobody is dialled, and it does not come back.
    pub(super) is_leaving: bool,
    #[cfg(feature = "planted")]
    pub(super) delayed: Vec<super::batch::Received>,
}

/// What INFO shows and nothing depends on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub full_resyncs: u64,
    pub sync_rounds: u64,
    pub keys_pulled: u64,
    pub refused_stamps: u64,
    pub type_conflicts: u64,
}

impl Engine {
    /// `seed`: of all randomness in it.
    #[must_use]
    pub fn new(settings: Settings, seed: u64, now: Now) -> Engine {
        let mut rng = SmallRng::seed_from_u64(seed);
        let membership = Membership::new(id(&settings), settings.node_timeout_ms, rng.random());
        let run = Run { start: 1, mark: rng.random() };
        let is_open = !settings.is_alone() && !settings.seeds.is_empty();
        let mut engine = Engine {
            rng,
            progress: Arc::default(),
            gate: Gate::closed(now),
            run,
            epochs: Epochs::begin(settings.epoch, is_open, run.start),
            proposal: None,
            began_with: 0,
            is_outdated: false,
            clients: ClientAddress::default(),
            stream: Stream::default(),
            holds: Vector::new(),
            durable: Vector::new(),
            may: Vector::new(),
            inbound: BTreeMap::new(),
            received: Vec::new(),
            view: View::default(),
            membership,
            peers: BTreeMap::new(),
            dialer: Dialer::default(),
            collector: Collector::default(),
            collected: Arc::default(),
            journal: None,
            dead_gaps: Gaps::new(),
            ends: Vector::new(),
            quorum: Vec::new(),
            lost: Vec::new(),
            closings: Vec::new(),
            connections: 0,
            rounds: 0,
            counts: Counts::default(),
            ticked_ms: now.mono_ms,
            woke_ms: now.mono_ms,
            housekept_ms: now.mono_ms,
            reset_due: None,
            is_leaving: false,
            #[cfg(feature = "planted")]
            delayed: Vec::new(),
            settings,
        };
        engine.view.merge(&engine.my_entry());
        for seed in engine.settings.seeds.clone() {
            engine.dialer.add_seed(&seed);
        }
        engine.open_if_alone(now);
        engine
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// For WAIT.
    #[must_use]
    pub fn progress(&self) -> Arc<Progress> {
        self.progress.clone()
    }

    /// What is due: drains the store, compares with peers, collects, probes.
    pub fn tick(&mut self, keyspace: &Keyspace, now: Now) {
        self.note_late_tick(now);
        self.ticked_ms = now.mono_ms;
        self.reset_if_due(keyspace, now);
        self.settle_proposal(keyspace, now);
        #[cfg(feature = "planted")]
        self.merge_delayed(keyspace, now);
        self.membership.tick(now);
        self.follow_membership(now);
        self.close_silent_links(now);
        self.flush(keyspace, now);
        self.walk_rounds(keyspace, now);
        if now.mono_ms >= self.housekept_ms + HOUSEKEEPING_MS {
            self.housekept_ms = now.mono_ms;
            self.keep_house(keyspace, now);
        }
        self.begin_round(now);
        self.open_if_alone(now);
        self.send_acks(now);
        self.report_progress();
        self.report_collected();
    }

    /// When to call [`Engine::tick`] next, by the monotonic clock.
    #[must_use]
    pub fn next_wake_ms(&self) -> u64 {
        self.ticked_ms + self.settings.tick_ms
    }

    /// What to dial now. Each address is named again, with backoff, until it is opened.
    pub fn dials(&mut self, now: Now) -> Vec<Dial> {
        if self.is_leaving || (!self.dialer.is_empty() && !self.may_be_told()) {
            return Vec::new();
        }
        let peers = &self.peers;
        let connected = |node: u32| peers.get(&node).is_some_and(|peer| peer.out.is_some());
        let due = self.dialer.due(now.mono_ms, connected);
        due.into_iter().map(|address| Dial { address }).collect()
    }

    /// The other members.
    pub(super) fn others(&self) -> impl Iterator<Item = &Entry> {
        self.view.members().filter(|entry| entry.node != self.settings.node)
    }

    /// The next frame to write to a connection that this node dialled.
    pub fn next_frame(&mut self, link: LinkId) -> Option<SealedFrame> {
        let of_link = |peer: &Peer| peer.out.as_ref().is_some_and(|out| out.link == link);
        let (node, _) = self.peers.iter().find(|(_, peer)| of_link(peer))?;
        let node = *node;
        if !self.may_tell(node) {
            return None;
        }
        let peer = self.peers.get_mut(&node)?;
        let out = peer.out.as_mut()?;
        let frame = out.next_frame(&self.stream);
        peer.sent = peer.sent.max(out.sent);
        frame
    }

    /// Connections that are to be closed, each with the reason for the log.
    pub fn take_closings(&mut self) -> Vec<(LinkId, String)> {
        std::mem::take(&mut self.closings)
    }

    /// Who this node writes as.
    #[must_use]
    pub fn me(&self) -> Replica {
        Replica { node: self.settings.node, epoch: self.settings.epoch }
    }

    pub(super) fn my_entry(&self) -> Entry {
        let Settings { node, incarnation, address, .. } = &self.settings;
        Entry { run: self.run, ..Entry::member(*node, *incarnation, address) }
    }

    /// Drains what was written here into batches of the stream.
    pub(super) fn drain(&mut self, keyspace: &Keyspace, now: Now) {
        let drain = self.progress.begin();
        if keyspace.has_dirty() {
            let stamp = keyspace.stamp(now.wall_ms);
            match keyspace.tells_peers() {
                true => self.drain_for_peers(keyspace, stamp, now),
                false => self.drain_alone(keyspace, stamp, now),
            }
            self.note_evicted(keyspace);
        }
        self.note_merged();
        self.stream.finish_drain(drain);
        self.progress.set_journal_bytes(self.journal_bytes() as u64);
        // A node that is alone keeps batches for nobody.
        if !keyspace.tells_peers() || self.stream.bytes() > self.settings.window_bytes {
            self.trim_stream();
        }
    }

    fn drain_for_peers(&mut self, keyspace: &Keyspace, stamp: Stamp, now: Now) {
        let (mut deltas, mut befores) = (Deltas::new(stamp), Befores::default());
        keyspace.drain(now.wall_ms, &mut |drained| {
            deltas.push(drained.db, drained.name, drained.state);
            self.progress.set_journal_bytes((self.journal_bytes() + deltas.bytes()) as u64);
            let before = Before { own: drained.own_before, since: drained.since };
            befores.note(drained.db, drained.name, before);
            if deltas.bytes() >= BATCH_BYTES_MAX {
                let deltas = std::mem::replace(&mut deltas, Deltas::new(stamp));
                let befores = std::mem::take(&mut befores);
                self.push_batch(keyspace, deltas, befores, Stamp::NEVER, now);
            }
        });
        if deltas.count() > 0 {
            self.push_batch(keyspace, deltas, befores, stamp, now);
        }
    }

    /// Nobody will ask what was before.
    fn drain_alone(&mut self, keyspace: &Keyspace, stamp: Stamp, now: Now) {
        let mut deltas = Deltas::new(stamp);
        keyspace.drain_alone(&mut |db, name, state| {
            deltas.push_told(db, name, state);
            self.progress.set_journal_bytes((self.journal_bytes() + deltas.bytes()) as u64);
            if deltas.bytes() >= BATCH_BYTES_MAX {
                let deltas = std::mem::replace(&mut deltas, Deltas::new(stamp));
                self.push_batch(keyspace, deltas, Befores::default(), Stamp::NEVER, now);
            }
        });
        if deltas.count() > 0 {
            self.push_batch(keyspace, deltas, Befores::default(), stamp, now);
        }
    }

    /// `upto`: all that was written by then has been told with it.
    pub(super) fn push_batch(
        &mut self,
        keyspace: &Keyspace,
        deltas: Deltas,
        befores: Befores,
        upto: Stamp,
        now: Now,
    ) {
        // Taken after the states were read, so not before any stamp in them.
        let stamp = keyspace.stamp(now.wall_ms);
        let head = BatchHead {
            epoch: self.settings.epoch,
            seq: self.stream.last() + 1,
            stamp,
            deltas: deltas.count(),
        };
        let frame = SealedFrame::new(KIND_BATCH, deltas.finish(&head));
        self.note_evicted(keyspace);
        if let Some(journal) = &mut self.journal {
            journal.own(self.settings.node, &frame);
        }
        self.stream.push(now.mono_ms, upto, frame, befores);
        let me = self.me();
        vector::raise(&mut self.holds, me, head.seq);
        vector::raise(&mut self.may, me, head.seq);
    }

    fn note_evicted(&mut self, keyspace: &Keyspace) {
        if let Some(journal) = &mut self.journal {
            journal.evicted(&keyspace.take_evicted());
        }
    }

    fn keep_house(&mut self, keyspace: &Keyspace, now: Now) {
        if !self.is_clogged() {
            self.close_generation(keyspace, now);
        }
        self.close_dead_gaps(now);
        self.close_epochs();
        self.collect(keyspace, now);
        self.trim_stream();
        self.drop_written();
        self.forget_the_missing(now);
        self.give_up_stalled_rounds(now);
        self.warn_of_clocks();
    }

    /// Closes a generation of tombstones. What was noted before is in the stream after the next drain.
    pub(super) fn close_generation(&mut self, keyspace: &Keyspace, now: Now) {
        // All that is past is noted, so that nobody waits for it to be.
        keyspace.expire(now.wall_ms, usize::MAX);
        let (generation, keys) = keyspace.close_generation(now.wall_ms);
        self.drain(keyspace, now);
        self.collector.close(generation, keys, &self.may, now);
    }

    fn trim_stream(&mut self) {
        let mut doubts = Vec::new();
        for entry in self.others() {
            let Some(peer) = self.peers.get(&entry.node) else {
                doubts.push(0..=0);
                continue;
            };
            // It says that it holds a batch later than that it was delivered, more so after a gap.
            let held = self.held_by(peer);
            doubts.extend([held..=held, peer.delivered..=peer.sent.max(peer.delivered)]);
        }
        if doubts.is_empty() && self.connections > 0 {
            // Somebody may have let this node in who could not say so, and forget it again.
            doubts.push(0..=0);
        }
        // What comes after the order to RESET is written again.
        doubts.extend(self.reset_due.map(|reset| reset.since..=reset.since));
        let Settings { window_bytes, notes_max, .. } = self.settings;
        self.stream.trim(&doubts, window_bytes, notes_max);
    }

    /// Sends what the failure detector wants to send, and dials whom it has discovered.
    pub(super) fn follow_membership(&mut self, now: Now) {
        let (packets, came) = self.membership.take();
        for (node, packet) in packets {
            if let Some(out) = self.peers.get_mut(&node).and_then(|peer| peer.out.as_mut()) {
                out.push_if_room(Message::Gossip(packet).seal());
            }
        }
        for id in came {
            self.admit(&Entry::member(id.node, id.incarnation, &id.address), now);
        }
    }

    /// Takes note of who is a member; tells everybody what is news.
    pub(super) fn admit(&mut self, entry: &Entry, now: Now) {
        if entry.node == self.settings.node {
            if self.view.raise_forgotten(entry.node, entry.forgotten) {
                self.tell_view();
            }
            return;
        }
        let before = self.view.get(entry.node).cloned();
        if !self.view.merge(entry) {
            return;
        }
        let Some(after) = self.view.get(entry.node).cloned() else { return };
        let is_other = before.as_ref().is_some_and(|b| b.incarnation < after.incarnation);
        let is_over =
            |peer: &Peer| peer.replica.is_some() && super::links::is_outdated(peer.run, after.run);
        // What another memory said that it holds, or says yet, does not count; nor does what a run said
        // that began with less.
        if is_other {
            self.hang_up(entry.node, "the peer has become another memory");
            self.peers.entry(entry.node).and_modify(|peer| peer.kept = 0);
        } else if self.peers.get(&entry.node).is_some_and(is_over) {
            self.hang_up(entry.node, "a later run of the peer was met");
        }
        if after.forgotten > before.as_ref().map_or(0, |before| before.forgotten) {
            self.epochs.spend_open();
        }
        if after.standing == Standing::Member {
            self.forget_ends(entry.node);
            let peer = self.peers.entry(entry.node);
            peer.or_insert_with(|| Peer::new(&after.address, now)).address = after.address.clone();
            self.dialer.add_member(&after.address, entry.node);
        } else {
            self.note_end(entry.node);
            if before.is_some_and(|before| before.standing == Standing::Member) {
                self.disconnect(entry.node, "is not a member any more");
            }
        }
        self.tell_view();
    }

    /// Closes the connections with a node; what it has said is void.
    pub(super) fn hang_up(&mut self, node: u32, why: &str) {
        let Some(peer) = self.peers.get_mut(&node) else { return };
        (peer.word, peer.told_collected) = (None, false);
        let links = peer.out.take().map(|out| out.link).into_iter();
        for link in links.chain(peer.incoming.take().map(|incoming| incoming.link)) {
            self.closings.push((link, why.to_owned()));
        }
        peer.give_up_round();
    }

    /// Closes the connections with a node that does not count any more.
    pub(super) fn disconnect(&mut self, node: u32, why: &str) {
        let Some(mut peer) = self.peers.remove(&node) else { return };
        let links = peer.out.take().map(|out| out.link).into_iter();
        for link in links.chain(peer.incoming.take().map(|incoming| incoming.link)) {
            self.closings.push((link, format!("node {node:08x} {why}")));
        }
        self.dialer.remove_node(node);
        // Its last batches may have come to some only.
        self.peers.values_mut().for_each(|peer| peer.needs_round = true);
    }

    pub(super) fn tell_view(&mut self) {
        let frame = Message::View(self.view.entries()).seal();
        for peer in self.peers.values_mut() {
            peer.send(frame.clone());
        }
    }

    pub(super) fn report_progress(&mut self) {
        // Who has said nothing yet has confirmed nothing.
        let confirmed = |peer: &Peer| match peer.word {
            Some(_) => Confirmed {
                has: self.stream.drain_of(self.had_by(peer)),
                keeps: self.stream.drain_of(self.held_by(peer)),
            },
            None => Confirmed { has: 0, keeps: 0 },
        };
        let members = self.peers.iter().filter(|(node, _)| self.view.is_member(**node));
        self.progress.set_confirmed(members.map(|(_, peer)| confirmed(peer)).collect());
    }
}

/// Who this node is to the failure detector.
pub(super) fn id(settings: &Settings) -> Id {
    Id {
        node: settings.node,
        incarnation: settings.incarnation,
        comeback: 0,
        address: settings.address.clone(),
    }
}
