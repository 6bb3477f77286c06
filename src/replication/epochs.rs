//! The epochs of a node that has a log: which of them it may write in again.
//!
//! A slot grows by maximum, so a node may count on in an epoch only if it has all that anybody ever had
//! of it: a tail that a crash has taken may have come to peers before. So an epoch that peers may have
//! heard of is *open* from before they hear of it until, in a later run, all members have said how much
//! of it they have, and that is here for certain. What is not open is written again by a later start: so
//! what is kept per key does not grow with restarts.
//!
//! A disk may also have gone back, to a copy that was put in its place. Then this memory believes to
//! have all of an epoch of which peers have more. So it is asked first whether anybody has met a later
//! run of it; until all members have answered nothing is written, and if they do not within a moment, a
//! fresh epoch is written instead.

use super::message::Holds;
use super::stream::{Handed, Stream};
use super::{Engine, Now, Settings};
use crate::base::Replica;
#[cfg(feature = "planted")]
use crate::base::planted;
use crate::store::Keyspace;
use serde::{Deserialize, Serialize};

/// So long a node waits at its start until all members have let it in.
const ANSWERED_WITHIN_MS: u64 = 1_000;

/// A node that has so many epochs takes no fresh one, or one that starts again and again while a member
/// is down would have more and more: it relies on its disk not to have gone back.
const EPOCHS_MAX: usize = 16;

/// A run of a node's program, as its peers tell it from others.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Run {
    /// How often this memory was started, this time included. In two runs it is the same only if one of
    /// them began with what the other had left behind already.
    pub start: u64,
    /// Drawn at the start.
    pub mark: u64,
}

impl Run {
    /// Whether another run of the same memory, which is not over yet, is not the one after this: it began
    /// with what the disk held earlier.
    #[must_use]
    pub fn is_outdated_by(&self, known: Run) -> bool {
        self.start < known.start || self.start == known.start && self.mark != known.mark
    }
}

/// The epochs of one memory of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epochs {
    /// In the order in which they were taken; the last is the one that is written.
    known: Vec<Epoch>,
    /// How often the memory was started.
    pub starts: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Epoch {
    epoch: u32,
    /// Peers may have something of it that is not here.
    is_open: bool,
    /// So it is for good.
    is_spent: bool,
    /// How much of it all members had at some time.
    handed: Handed,
}

impl Epoch {
    fn new(epoch: u32, is_open: bool) -> Epoch {
        Epoch { epoch, is_open, is_spent: false, handed: Handed::default() }
    }
}

impl Epochs {
    /// Those of a new memory, which begins with this one.
    #[must_use]
    pub fn begin(epoch: u32, is_open: bool, starts: u64) -> Epochs {
        Epochs { known: vec![Epoch::new(epoch, is_open)], starts }
    }

    /// The same, in the next run.
    #[must_use]
    pub fn started_again(self) -> Epochs {
        Epochs { starts: self.starts + 1, ..self }
    }

    /// The one that is written, or was last, if nobody but this node has ever heard of it.
    #[must_use]
    pub fn unheard(&self) -> Option<u32> {
        self.known.last().filter(|last| !last.is_open).map(|last| last.epoch)
    }

    /// One that is to be written again.
    fn closed(&self) -> Option<u32> {
        self.known.iter().find(|known| !known.is_open).map(|known| known.epoch)
    }

    /// Is written from now on.
    fn take(&mut self, epoch: u32, is_open: bool) {
        let handed = self.handed(epoch);
        self.drop(epoch);
        self.known.push(Epoch { handed, ..Epoch::new(epoch, is_open) });
    }

    fn drop(&mut self, epoch: u32) {
        self.known.retain(|known| known.epoch != epoch);
    }

    fn set_open(&mut self, epoch: u32, is_open: bool) {
        for known in self.known.iter_mut().filter(|known| known.epoch == epoch) {
            known.is_open = is_open || known.is_spent;
        }
    }

    /// Whether peers may hear of an epoch.
    #[must_use]
    pub fn is_open(&self, epoch: u32) -> bool {
        self.known.iter().any(|known| known.epoch == epoch && known.is_open)
    }

    fn is_spent(&self, epoch: u32) -> bool {
        self.known.iter().any(|known| known.epoch == epoch && known.is_spent)
    }

    /// What is open is not to be written again: somebody may have something of it who will not be asked.
    pub fn spend_open(&mut self) {
        self.known.iter_mut().for_each(|known| known.is_spent |= known.is_open);
    }

    /// How much of it all members had at some time.
    #[must_use]
    pub fn handed(&self, epoch: u32) -> Handed {
        let known = self.known.iter().find(|known| known.epoch == epoch);
        known.map(|known| known.handed).unwrap_or_default()
    }

    pub fn note_handed(&mut self, epoch: u32, handed: Handed) {
        let known = self.known.iter_mut().find(|known| known.epoch == epoch);
        known.into_iter().for_each(|known| known.handed = known.handed.max(handed));
    }

    /// All but one, the latest first.
    pub fn others_than(&self, epoch: u32) -> impl Iterator<Item = u32> {
        let others = self.known.iter().rev().map(|known| known.epoch);
        others.filter(move |other| *other != epoch)
    }
}

/// An epoch that is to be written again, if no member has met a later run of this memory.
#[derive(Clone, Copy, Debug)]
pub struct Proposal {
    /// What is written if they do not say so in time.
    fresh: u32,
    until_ms: u64,
}

impl Engine {
    /// Chooses what is written after a start; `settings` has a fresh epoch.
    pub(super) fn choose_epoch(&mut self, now: Now) {
        let fresh = self.settings.epoch;
        #[cfg(feature = "planted")]
        if planted::is(planted::Bug::EpochNotHeard) {
            self.epochs.known.iter_mut().for_each(|known| known.is_open = false);
        }
        let is_met = self.others().next().is_some();
        let is_open = is_met || !self.settings.seeds.is_empty();
        let known = self.epochs.unheard().or_else(|| self.epochs.closed());
        self.settings.epoch = known.unwrap_or(fresh);
        if known.is_some() && is_met && !self.settings.is_alone() {
            self.epochs.take(fresh, true);
            self.proposal = Some(Proposal { fresh, until_ms: now.mono_ms + ANSWERED_WITHIN_MS });
        }
        self.epochs.take(self.settings.epoch, is_open && !self.settings.is_alone());
        self.go_on_with_stream();
    }

    /// Its numbers go on where those of the epoch's last run ended.
    fn go_on_with_stream(&mut self) {
        let last = [&self.holds, &self.may].map(|vector| vector.get(&self.me()).copied());
        let last = last.into_iter().flatten().max().unwrap_or(0);
        self.stream = Stream::after_batch(last, self.epochs.handed(self.settings.epoch));
    }

    /// Who this node writes as; while it asks whether it may write an epoch again, it writes nothing, and
    /// is to be taken for one who never wrote.
    #[must_use]
    pub fn writes_as(&self) -> Replica {
        let node = self.settings.node;
        self.proposal.map_or(self.me(), |proposal| Replica { node, epoch: proposal.fresh })
    }

    /// Writes the epoch that was proposed if all members agree, and a fresh one if that takes too long.
    pub(super) fn settle_proposal(&mut self, keyspace: &Keyspace, now: Now) {
        let Some(proposal) = self.proposal else { return };
        let has_let_in = |node| self.peers.get(node).is_some_and(|peer| peer.out.is_some());
        let is_agreed = self.others().all(|entry| has_let_in(&entry.node))
            && self.words().agreed()
            && self.has_all_of(self.me());
        if !is_agreed && now.mono_ms < proposal.until_ms {
            return;
        }
        if is_agreed || self.epochs.known.len() > EPOCHS_MAX {
            self.proposal = None;
            self.epochs.drop(proposal.fresh);
            keyspace.begin_as(self.me());
        } else {
            self.write_fresh();
        }
        self.gate.release("the state was kept");
    }

    /// Does not write what was proposed. Nothing of it was written in this run.
    pub(super) fn write_fresh(&mut self) {
        let Some(proposal) = self.proposal.take() else { return };
        self.epochs.set_open(self.settings.epoch, !self.has_all_of(self.me()));
        self.settings.epoch = proposal.fresh;
        self.epochs.take(proposal.fresh, true);
        self.go_on_with_stream();
        let nodes: Vec<u32> = self.peers.keys().copied().collect();
        for node in nodes {
            self.hang_up(node, "this node writes another epoch than it has said");
        }
    }

    /// Whether this node has for certain all that anybody has said to have of a stream.
    fn has_all_of(&self, stream: Replica) -> bool {
        self.certain().get(&stream).copied().unwrap_or(0) >= self.furthest(stream)
    }

    /// Notes which epochs are here as far as anybody has them.
    pub(super) fn close_epochs(&mut self) {
        if self.proposal.is_some() || self.is_outdated || !self.words().settled() {
            return;
        }
        let me = self.me();
        let others: Vec<u32> = self.epochs.others_than(me.epoch).collect();
        for epoch in others {
            let stream = Replica { node: me.node, epoch };
            // Somebody may have got more of it from a backup.
            self.epochs.set_open(epoch, !self.has_all_of(stream));
            let held = self.certain().get(&stream).copied().unwrap_or(0);
            let has_all = |word: &Holds| word.holds.get(&stream).copied().unwrap_or(0) >= held;
            if self.epochs.is_spent(epoch)
                && self.words().members().all(|(_, w)| w.is_some_and(has_all))
            {
                self.epochs.drop(epoch);
            }
        }
    }

    /// Whether peers may hear of what is written here: not before it is written down that they may.
    pub(super) fn may_be_told(&mut self) -> bool {
        let epoch = self.settings.epoch;
        self.epochs.set_open(epoch, true);
        let me = self.me();
        self.journal.as_ref().is_none_or(|journal| journal.is_announced(me))
    }

    /// Whether peers wait for what is to be made durable.
    #[must_use]
    pub fn wants_sync(&self) -> bool {
        let me = self.me();
        let is_announced = self.journal.as_ref().is_none_or(|journal| journal.is_announced(me));
        self.epochs.is_open(me.epoch) && !is_announced
    }
}

impl Settings {
    /// Whether no other node can ever be met.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.address.is_empty()
    }
}
