//! A node that was forgotten comes back (trap 5): as a new memory, with what it alone contributed.
//!
//! What it told after the last batch that anybody has of its stream it writes again at once. If batches
//! are missing among those that somebody has, only the members' states tell which keys they have heard
//! of. So those are kept aside, and compared with the members' states once they have come.

use super::batch::Deltas;
use super::collector::Collector;
use super::engine::id;
use super::epochs::Epochs;
use super::lost::{Kept, Lost, Rest};
use super::membership::Membership;
use super::stream::{Befores, Stream};
use super::view::View;
use super::{Engine, Forgotten, Now, Told, Vector};
use crate::base::{Replica, Stamp};
use crate::crdt::Key;
use crate::store::Keyspace;
use rand::RngExt;

impl Engine {
    /// Starts anew, among the members that the node was told of.
    pub(super) fn come_back(&mut self, keyspace: &Keyspace, told: &Forgotten, now: Now) {
        let Told { held, upto, .. } = self.told_of(&told.streams, self.settings.epoch);
        tracing::warn!(
            "The cluster has forgotten this node: it takes over the whole state, and writes again \
             what it had written since batch {held} (others have heard of it up to batch {upto})"
        );
        self.gate.close(now);
        let node = self.settings.node;
        let again = self.become_another(keyspace, node, &told.streams, Kept::All, now);
        let latest = told.latest.saturating_add(1);
        self.settings.incarnation = self.settings.incarnation.max(latest);
        self.start_anew(now);
        self.note_anew(again);
        told.members.iter().for_each(|entry| self.admit(entry, now));
    }

    /// Goes on as a new memory, under a new epoch as `node`, with what this node alone contributed to its
    /// streams, of which others have what was `told`: to all of the present one that came after batch
    /// `upto`, and what is missing among the batches from `held` to there, and in earlier runs. Returns
    /// what it writes again at once.
    pub(super) fn become_another(
        &mut self,
        keyspace: &Keyspace,
        node: u32,
        told: &[Told],
        what: Kept,
        now: Now,
    ) -> Deltas {
        let (old, new) = (self.me(), Replica { node, epoch: self.new_epoch() });
        let mut rests = vec![self.rest_of_stream(self.told_of(told, old.epoch))];
        if what == Kept::All {
            rests.extend(self.rests_of_earlier_runs(told));
        }
        let mut first = Deltas::new(keyspace.stamp(now.wall_ms));
        let lost = &mut self.lost;
        lost.iter_mut().for_each(|lost| lost.told_in = None);
        keyspace.reincarnate(new, now.wall_ms, |held| {
            rests.iter_mut().for_each(|rest| rest.look(held));
            if let Some(rest) = rests.first_mut() {
                rest.add_undrained(held);
            }
            let mut again = Vec::new();
            for rest in rests {
                lost.extend(rest.doubtful(held));
                again.extend(rest.certain(held, new, what, now));
            }
            again.iter().for_each(|(db, name, key)| first.push(*db, name, key));
            again
        });
        (self.settings.node, self.settings.epoch) = (new.node, new.epoch);
        let is_open = !self.settings.is_alone();
        self.epochs = Epochs::begin(new.epoch, is_open, self.epochs.starts);
        (self.proposal, self.is_outdated) = (None, false);
        self.gate.let_go();
        self.settings.incarnation = (self.settings.incarnation + 1).max(now.wall_ms);
        first
    }

    /// What others have of one of this node's streams.
    fn told_of(&self, told: &[Told], epoch: u32) -> Told {
        let nothing = Told { epoch, ..Told::default() };
        told.iter().find(|told| told.epoch == epoch).copied().unwrap_or(nothing)
    }

    /// What others lack of the stream that is written now, as far as it began in this run.
    fn rest_of_stream(&mut self, told: Told) -> Rest {
        let mut rest = Rest::new(self.me(), self.another(), told.upto);
        // Where notes are missing, every key that this node has written to is in doubt, whole.
        let known_until = self.stream.incomplete_from(told.held).unwrap_or(u64::MAX);
        for (key, (seq, before)) in self.stream.befores_after(told.held) {
            if seq < known_until {
                let is_certain = seq > told.upto;
                let befores = if is_certain { &mut rest.certain } else { &mut rest.doubtful };
                befores.insert(key, before);
            }
        }
        rest.unnoted = (known_until < u64::MAX).then_some(Stamp::NEVER);
        if told.held < self.stream.before() {
            // It began before this run: what the notes know is not known from there.
            rest.doubt_all(self.stream.handed().upto(told.held));
        }
        rest
    }

    /// What others lack of the streams that were written in earlier runs.
    fn rests_of_earlier_runs(&mut self, told: &[Told]) -> Vec<Rest> {
        let me = self.me();
        let epochs: Vec<u32> = self.epochs.others_than(me.epoch).collect();
        let rest = |epoch: u32| {
            let (stream, told) = (Replica { node: me.node, epoch }, self.told_of(told, epoch));
            let last = self.may.get(&stream).max(self.holds.get(&stream)).copied().unwrap_or(0);
            let since = self.epochs.handed(epoch).upto(told.held);
            let again = self.another();
            (last > told.held).then(|| Rest::of_earlier_run(stream, again, told.upto, since))
        };
        epochs.into_iter().filter_map(rest).collect()
    }

    /// As whom this node writes again what is in doubt of one of its streams: it has counted on those keys
    /// since.
    fn another(&mut self) -> Replica {
        Replica { node: self.settings.node, epoch: self.new_epoch() }
    }

    /// Writes again what the members turn out not to have, once all that they have is here.
    pub(super) fn write_lost(&mut self, keyspace: &Keyspace, now: Now) {
        if self.proposal.is_some() || !self.lost.iter().any(|lost| lost.is_due(&self.holds)) {
            return;
        }
        let mut lost = std::mem::take(&mut self.lost);
        let seq = self.stream.last() + 1;
        let mut deltas = Deltas::new(keyspace.stamp(now.wall_ms));
        lost.retain_mut(|lost| {
            if !lost.is_due(&self.holds) {
                return true;
            }
            lost.told_in = Some(seq);
            // As the same one as before, if that was lost, too: then it counts once.
            let Lost { db, name, state, before, stream, again, .. } = lost;
            let theirs = keyspace.state(*db, name).unwrap_or_default();
            let key = state.reissue(*stream, Some(&before.own), before.since, *again, &theirs);
            let is_lacking = key != Key::default();
            if is_lacking {
                keyspace.merge_part(*db, name, &key, now.wall_ms);
                deltas.push(*db, name, &key);
            }
            is_lacking
        });
        self.lost = lost;
        if deltas.count() > 0 {
            self.push_batch(keyspace, deltas, Befores::default(), Stamp::NEVER, now);
        }
    }

    /// Forgets what was written again, where all members hold that.
    pub(super) fn drop_written(&mut self) {
        let held = |node: u32| self.peers.get(&node).map_or(0, |peer| self.held_by(peer));
        let held = self.others().map(|entry| held(entry.node)).min().unwrap_or(0);
        self.lost.retain(|lost| lost.told_in.is_none_or(|seq| seq > held));
    }

    /// Forgets all that was known of others' streams, and who had this one.
    pub(super) fn start_anew(&mut self, now: Now) {
        self.stream = Stream::default();
        (self.holds, self.durable, self.may) = (Vector::new(), Vector::new(), Vector::new());
        (self.ends, self.quorum) = (Vector::new(), Vec::new());
        self.inbound.clear();
        self.collector = Collector::default();
        self.collected.start_anew();
        let nodes: Vec<u32> = self.peers.keys().copied().collect();
        for node in nodes {
            let address = self.peers.get(&node).map(|peer| peer.address.clone());
            self.disconnect(node, "is met anew");
            address.iter().for_each(|address| self.dialer.add_member(address, node));
        }
        self.view = View::default();
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
