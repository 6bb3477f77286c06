//! A node that was forgotten comes back (trap 5): as a new memory, with what it alone contributed.
//!
//! What it told after the last batch that anybody has of its stream it writes again at once. If batches
//! are missing among those that somebody has, only the members' states tell which keys they have heard
//! of. So those are kept aside, and compared with the members' states once they have come.

use super::batch::Deltas;
use super::collector::Collector;
use super::engine::id;
use super::membership::Membership;
use super::stream::{Before, Befores, DbKey, Stream};
use super::view::View;
use super::{Engine, Forgotten, Now, Vector, saved};
use crate::base::{Name, Replica, Stamp};
use crate::crdt::{Key, Own};
use crate::store::{KeyRef, Keys, Keyspace, Undrained};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A key as it was when its node was forgotten, of which the members have perhaps not heard all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lost {
    db: u16,
    #[serde(with = "saved::name")]
    name: Name,
    #[serde(with = "saved::key")]
    state: Key,
    /// What `stream` had contributed to it for certain.
    before: Before,
    stream: Replica,
    /// Who holds the stream so far, has all that there is of it.
    upto: u64,
    /// As whom it was written again, once it was.
    again: Option<Replica>,
    /// In which batch: until all members hold that one, it may have to be written again once more.
    told_in: Option<u64>,
}

impl Lost {
    /// Whether all that the members have of it is here, and it is not written again yet.
    fn is_due(&self, holds: &Vector) -> bool {
        let has_come = holds.get(&self.stream).is_some_and(|held| *held >= self.upto);
        has_come && self.told_in.is_none()
    }
}

/// What a node keeps of what it alone has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    All,
    /// No deletions: whom it meets next has not asked for them.
    Living,
}

impl Engine {
    /// Starts anew, among the members that the node was told of.
    pub(super) fn come_back(&mut self, keyspace: &Keyspace, told: &Forgotten, now: Now) {
        let Forgotten { held, upto, .. } = *told;
        tracing::warn!(
            "The cluster has forgotten this node: it takes over the whole state, and writes again \
             what it had written since batch {held} (others have heard of it up to batch {upto})"
        );
        self.gate.close(now);
        let node = self.settings.node;
        let again = self.become_another(keyspace, node, (held, upto), Kept::All, now);
        let latest = told.latest.saturating_add(1);
        self.settings.incarnation = self.settings.incarnation.max(latest);
        self.start_anew(now);
        self.note_anew(again);
        told.members.iter().for_each(|entry| self.admit(entry, now));
    }

    /// Goes on as a new memory, under a new epoch as `node`, with what this node alone contributed to
    /// the stream: to all of it that came after batch `upto`, and what is missing among the batches from
    /// `held` to there. Returns what it writes again at once.
    pub(super) fn become_another(
        &mut self,
        keyspace: &Keyspace,
        node: u32,
        (held, upto): (u64, u64),
        what: Kept,
        now: Now,
    ) -> Deltas {
        let (old, new) = (self.me(), Replica { node, epoch: self.new_epoch() });
        let (mut certain, mut doubtful) = (BTreeMap::new(), BTreeMap::new());
        // Where notes are missing, every key that this node has written to is in doubt, whole.
        let known_until = self.stream.incomplete_from(held).unwrap_or(u64::MAX);
        for (key, (seq, before)) in self.stream.befores_after(held) {
            if seq < known_until {
                let befores = if seq > upto { &mut certain } else { &mut doubtful };
                befores.insert(key, before);
            }
        }
        let mut first = Deltas::new(keyspace.stamp(now.wall_ms));
        let mut more = BTreeMap::new();
        let lost = &mut self.lost;
        lost.iter_mut().for_each(|lost| lost.told_in = None);
        keyspace.reincarnate(new, now.wall_ms, |held| {
            let written = if known_until < u64::MAX { held.written_here() } else { Vec::new() };
            for key in written.into_iter().filter(|key| !certain.contains_key(key)) {
                let before = Before { own: Own::default(), since: Stamp::NEVER };
                let unknown = if upto > 0 { &mut doubtful } else { &mut more };
                unknown.entry(key).or_insert(before);
            }
            certain.append(&mut more);
            for Undrained { db, name, own_before, since } in held.take_undrained() {
                if !doubtful.contains_key(&(db, name.clone())) {
                    let before = Before { own: own_before, since };
                    certain.entry((db, name)).or_insert(before);
                }
            }
            let state = |held: &mut Keys<'_>, key: &DbKey| held.told(KeyRef::new(key.0, &key.1));
            lost.extend(doubtful.into_iter().filter_map(|(key, before)| {
                let (state, (db, name)) = (state(held, &key)?, key);
                let (again, told_in) = (None, None);
                Some(Lost { db, name, state, before, stream: old, upto, again, told_in })
            }));
            let again = |(key, before): (DbKey, Before)| {
                let state = state(held, &key)?;
                let own = Some(&before.own);
                let mut again = state.reissue(old, own, before.since, new, &Key::default());
                if what == Kept::Living {
                    again.collect_all(now.wall_ms);
                }
                (again != Key::default()).then_some((key.0, key.1, again))
            };
            let again: Vec<_> = certain.into_iter().filter_map(again).collect();
            again.iter().for_each(|(db, name, key)| first.push(*db, name, key));
            again
        });
        (self.settings.node, self.settings.epoch) = (new.node, new.epoch);
        self.settings.incarnation = (self.settings.incarnation + 1).max(now.wall_ms);
        first
    }

    /// Writes again what the members turn out not to have, once all that they have is here. Of a replica
    /// of its own: this node has counted on those keys since.
    pub(super) fn write_lost(&mut self, keyspace: &Keyspace, now: Now) {
        if !self.lost.iter().any(|lost| lost.is_due(&self.holds)) {
            return;
        }
        let new = Replica { node: self.settings.node, epoch: self.new_epoch() };
        let seq = self.stream.last() + 1;
        let mut deltas = Deltas::new(keyspace.stamp(now.wall_ms));
        let holds = &self.holds;
        self.lost.retain_mut(|lost| {
            if !lost.is_due(holds) {
                return true;
            }
            // As the same one as before, if that was lost, too: then it counts once.
            let again = *lost.again.get_or_insert(new);
            lost.told_in = Some(seq);
            let Lost { db, name, state, before, stream, .. } = lost;
            let theirs = keyspace.state(*db, name).unwrap_or_default();
            let key = state.reissue(*stream, Some(&before.own), before.since, again, &theirs);
            let is_lacking = key != Key::default();
            if is_lacking {
                keyspace.merge_part(*db, name, &key, now.wall_ms);
                deltas.push(*db, name, &key);
            }
            is_lacking
        });
        if deltas.count() > 0 {
            self.push_batch(keyspace, deltas, Befores::default(), now);
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
