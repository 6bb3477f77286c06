//! What was deleted for good, as far as a payload has to know of it to be merged as it is.
//!
//! A payload says what its node held when it was read. If that contains all that a generation was
//! contained in, it knows all deletions of that generation, and cannot bring back what they deleted.
//! And it says what it is contained in: a node that was forgotten, and comes back, does not write again what
//! others have from a payload. docs/design/backup.md has the whole argument.

use super::vector::{self, covers, join};
use super::{Engine, Now, Origin, Vector};
use crate::base::Replica;
use crate::crdt::Generation;
use parking_lot::Mutex;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use thiserror::Error;

/// So many generations are told apart; of an earlier one as much is asked as of the first of them.
const GENERATIONS_MAX: usize = 256;
/// For so long after a payload was merged nothing is collected here: the rest of the backup that it is from
/// is to find what it found.
const MERGING_MS: u64 = 10_000;

/// Why a payload may not be merged as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotAdmitted {
    #[error("it may hold what has been deleted for good since it was read")]
    Stale,
    #[error("this node has not heard yet what its peers have deleted for good")]
    Unknown,
    #[error("node {0:08x} was forgotten since, and has perhaps written again what is in it")]
    Forgotten(u32),
}

/// Shared by the engine, which collects, and by commands, which hold the shard that they ask about. Nobody
/// takes another lock while this one is held.
#[derive(Debug, Default)]
pub struct Collected(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Of each node the latest memory that was forgotten.
    forgotten: BTreeMap<u32, u64>,
    /// What payloads are contained in that were merged since the engine has looked.
    merged: Vector,
    /// Whether all members have said what they had collected before they asked for this node's word.
    is_known: bool,
    /// As whom the members write that are linked.
    writers: Arc<[Replica]>,
    /// What others had collected by then, and this node before it started.
    floor: Vector,
    /// What each generation was contained in that was collected here, and all before it.
    generations: VecDeque<(Generation, Vector)>,
    /// When a payload was merged last (monotonic ms).
    merged_ms: Option<u64>,
}

impl Collected {
    /// As whom the members write that are linked: what they have counted has been told here. What another
    /// has counted may be in a payload only.
    #[must_use]
    pub fn writers(&self) -> Arc<[Replica]> {
        self.0.lock().writers.clone()
    }

    /// Whether a payload may be merged into a shard of which generations up to `upto` were collected. The
    /// caller holds that shard until it has merged.
    ///
    /// # Errors
    /// It may not.
    pub fn admit(&self, origin: &Origin, upto: Generation, now: Now) -> Result<(), NotAdmitted> {
        let mut inner = self.0.lock();
        if !inner.is_known {
            return Err(NotAdmitted::Unknown);
        }
        let later = inner.generations.iter().find(|(generation, _)| *generation >= upto);
        let is_collected = upto > Generation::default();
        let needed = later.filter(|_| is_collected).map(|(_, may)| may);
        let holds = |need: &Vector| covers(&origin.holds, need);
        if !holds(&inner.floor) || !needed.is_none_or(holds) {
            return Err(NotAdmitted::Stale);
        }
        let is_forgotten = |(node, incarnation): &&(u32, u64)| {
            inner.forgotten.get(node).is_some_and(|forgotten| forgotten >= incarnation)
        };
        if let Some((node, _)) = origin.met.iter().find(is_forgotten) {
            return Err(NotAdmitted::Forgotten(*node));
        }
        join(&mut inner.merged, &origin.holds);
        join(&mut inner.merged, &origin.may);
        inner.merged_ms = Some(now.mono_ms);
        Ok(())
    }

    /// Whether payloads are being merged.
    pub(super) fn is_merging(&self, now: Now) -> bool {
        let merged_ms = self.0.lock().merged_ms;
        merged_ms.is_some_and(|merged_ms| now.mono_ms < merged_ms.saturating_add(MERGING_MS))
    }

    /// A generation is about to be collected.
    pub(super) fn note(&self, generation: Generation, may: &Vector) {
        let mut inner = self.0.lock();
        let mut upto = inner.generations.back().map(|(_, may)| may.clone()).unwrap_or_default();
        join(&mut upto, may);
        inner.generations.push_back((generation, upto));
        if inner.generations.len() > GENERATIONS_MAX {
            inner.generations.pop_front();
        }
    }

    /// What all that was ever collected here was contained in, and what this node has heard of.
    pub(super) fn all(&self) -> Vector {
        let inner = self.0.lock();
        let mut all = inner.floor.clone();
        inner.generations.back().iter().for_each(|(_, may)| join(&mut all, may));
        all
    }

    /// So much was collected before, here or elsewhere.
    pub(super) fn learn(&self, collected: &Vector) {
        join(&mut self.0.lock().floor, collected);
    }

    /// The store was emptied, and no shard knows any more what was collected of it.
    pub(super) fn start_anew(&self) {
        let all = self.all();
        let mut inner = self.0.lock();
        (inner.floor, inner.is_known) = (all, false);
        inner.generations.clear();
    }
}

impl Engine {
    /// For DUMP and RESTORE.
    #[must_use]
    pub fn collected(&self) -> Arc<Collected> {
        self.collected.clone()
    }

    /// A member speaks for the first time under this node's view. What it collects from then on it collects
    /// only with this node's word; so what it had collected before is all that there is to learn.
    pub(super) fn learn_collected(&mut self, node: u32, view: u64, collected: &Vector) {
        let Some(peer) = self.peers.get_mut(&node).filter(|peer| !peer.told_collected) else {
            return;
        };
        if view == self.view.hash() {
            peer.told_collected = true;
            self.collected.learn(collected);
        }
    }

    /// What was drained may be from payloads, and is contained in their streams. Else a node that was
    /// forgotten would write again what others have from one.
    pub(super) fn note_merged(&mut self) {
        let (me, merged) = (self.me(), std::mem::take(&mut self.collected.0.lock().merged));
        for (stream, seq) in merged.into_iter().filter(|(stream, _)| *stream != me) {
            vector::raise(&mut self.may, stream, seq);
        }
    }

    /// Brings up to date what commands see.
    pub(super) fn report_collected(&self) {
        let has_told = |node| self.peers.get(&node).is_some_and(|peer| peer.told_collected);
        // Whoever is to find others and never did has no idea.
        let has_met = self.settings.seeds.is_empty() || self.view.entries().len() > 1;
        let is_known = has_met && self.others().all(|entry| has_told(entry.node));
        let linked = self.peers.values().filter(|peer| peer.is_up());
        let writers = || linked.clone().filter_map(|peer| peer.replica);
        let entries = self.view.entries().into_iter();
        let forgotten = entries.filter(|entry| entry.forgotten > 0);
        let mut inner = self.collected.0.lock();
        inner.is_known = is_known;
        inner.forgotten = forgotten.map(|entry| (entry.node, entry.forgotten)).collect();
        if !inner.writers.iter().copied().eq(writers()) {
            inner.writers = writers().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upto(seq: u64) -> Vector {
        Vector::from([(Replica { node: 1, epoch: 1 }, seq)])
    }

    fn holding(seq: u64) -> Origin {
        Origin { holds: upto(seq), ..Origin::default() }
    }

    fn at(mono_ms: u64) -> Now {
        Now { wall_ms: 1, mono_ms }
    }

    #[test]
    fn a_payload_has_to_hold_what_was_collected_of_its_shard() {
        let collected = Collected::default();
        let admits =
            |held, generation| collected.admit(&holding(held), Generation(generation), at(0));
        assert_eq!(admits(9, 0), Err(NotAdmitted::Unknown));
        collected.0.lock().is_known = true;
        collected.note(Generation(2), &upto(5));
        collected.note(Generation(4), &upto(7));
        assert_eq!(admits(0, 0), Ok(()), "nothing was collected of that shard");
        assert_eq!((admits(4, 2), admits(5, 2)), (Err(NotAdmitted::Stale), Ok(())));
        assert_eq!((admits(6, 3), admits(7, 3)), (Err(NotAdmitted::Stale), Ok(())));
        assert_eq!((admits(6, 4), admits(7, 4)), (Err(NotAdmitted::Stale), Ok(())));
        collected.learn(&upto(3));
        assert_eq!((admits(2, 0), admits(3, 0)), (Err(NotAdmitted::Stale), Ok(())));
        assert_eq!(collected.all(), upto(7));
        collected.start_anew();
        collected.0.lock().is_known = true;
        assert_eq!((admits(6, 0), admits(7, 0)), (Err(NotAdmitted::Stale), Ok(())));
    }

    #[test]
    fn generations_that_are_not_told_apart_any_more_ask_for_more() {
        let collected = Collected::default();
        collected.0.lock().is_known = true;
        let count = GENERATIONS_MAX as u32 + 10;
        (1..=count).for_each(|n| collected.note(Generation(n), &upto(n.into())));
        let admits =
            |held, generation| collected.admit(&holding(held), Generation(generation), at(0));
        assert_eq!((admits(10, 1), admits(11, 1)), (Err(NotAdmitted::Stale), Ok(())));
        assert_eq!(collected.0.lock().generations.len(), GENERATIONS_MAX);
    }

    #[test]
    fn merging_is_over_some_time_after_the_last_payload() {
        let collected = Collected::default();
        collected.0.lock().is_known = true;
        assert!(!collected.is_merging(at(0)));
        collected.admit(&holding(0), Generation(0), at(500)).expect("nothing was ever collected");
        assert!(collected.is_merging(at(500 + MERGING_MS - 1)));
        assert!(!collected.is_merging(at(500 + MERGING_MS)));
    }
}
