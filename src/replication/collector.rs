//! When what is deleted may be forgotten: rule G.
//!
//! Keys with tombstones are noted by the store. Once a second what was noted is closed as a
//! generation, with the vector that this node's state is contained in. When every member of the view
//! has confirmed that vector under the same view, each on its own link and in order, nothing that is
//! on its way can bring the dead back, and they are dropped.
//!
//! Lives that have expired take two steps more: a node that dropped one may open it anew under the
//! same id, and one that still held it would hide what is new behind the old deadline. So after a
//! grace longer than clocks may differ, and another confirmation, they are *sealed*: from then on a
//! life of that id with another deadline is known to be new. When all members say that they have
//! sealed what this node has, it drops them.

use super::journal::{self, Journal};
use super::vector::covers;
use super::{Now, Vector};
use crate::crdt::Generation;
use crate::store::{Buried, Keyspace};
use std::collections::VecDeque;
use std::sync::Arc;

/// Keys with tombstones.
pub type Keys = Arc<Vec<Buried>>;

/// How far a generation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Noted,
    /// What is left are keys with lives that have expired.
    Confirmed,
    Sealed,
}

#[derive(Clone, Debug)]
struct Closed {
    generation: Generation,
    may: Vector,
    closed: Now,
    keys: Keys,
    phase: Phase,
}

/// What the members have said.
pub trait Members {
    /// Whether all, under this node's view, have confirmed `may`, in words that came at or after
    /// `since_ms` (monotonic).
    fn confirmed(&self, may: &Vector, since_ms: u64) -> bool;
    /// Whether all have sealed what was contained in `may` and past at `swept_ms` (wall clock).
    fn sealed(&self, may: &Vector, swept_ms: u64) -> bool;
}

/// The generations that are not collected yet, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Collector {
    generations: VecDeque<Closed>,
    /// What this node has sealed, and up to which wall clock it had looked for what is past.
    sealed: Vector,
    swept_ms: u64,
    /// Lives are not dropped at present.
    holds_drops: bool,
}

impl Collector {
    pub fn hold_drops(&mut self, hold: bool) {
        self.holds_drops = hold;
    }

    /// A generation is closed. `may` contains all that died in it.
    pub fn close(&mut self, generation: Generation, keys: Vec<Buried>, may: &Vector, now: Now) {
        if keys.is_empty() {
            if self.generations.iter().all(|closed| closed.phase == Phase::Sealed) {
                (self.sealed, self.swept_ms) = (may.clone(), now.wall_ms);
            }
            return;
        }
        self.generations.push_back(Closed {
            generation,
            may: may.clone(),
            closed: now,
            keys: Arc::new(keys),
            phase: Phase::Noted,
        });
    }

    /// Takes every step that has become possible.
    pub fn advance(
        &mut self,
        keyspace: &Keyspace,
        members: &impl Members,
        grace_ms: u64,
        mut journal: Option<&mut Journal>,
        now: Now,
    ) {
        for closed in &mut self.generations {
            closed.advance(keyspace, members, grace_ms, journal.as_deref_mut(), now);
            if closed.phase == Phase::Sealed && !self.holds_drops {
                closed.drop_lives(keyspace, members, journal.as_deref_mut(), now);
            }
        }
        // In order: what is announced as sealed is all up to there.
        for closed in &self.generations {
            if closed.phase != Phase::Sealed && !closed.keys.is_empty() {
                break;
            }
            (self.sealed, self.swept_ms) = (closed.may.clone(), closed.closed.wall_ms);
        }
        self.generations.retain(|closed| !closed.keys.is_empty());
    }

    /// What is announced: all that was contained in this and past at that time is sealed.
    #[must_use]
    pub fn sealed(&self) -> (&Vector, u64) {
        (&self.sealed, self.swept_ms)
    }

    /// The keys with tombstones that somebody who holds `holds` may lack.
    pub fn unconfirmed_by<'a>(&'a self, holds: &'a Vector) -> impl Iterator<Item = &'a Keys> {
        let lacking = self.generations.iter().filter(|closed| !covers(holds, &closed.may));
        lacking.map(|closed| &closed.keys)
    }
}

impl Closed {
    fn advance(
        &mut self,
        keyspace: &Keyspace,
        members: &impl Members,
        grace_ms: u64,
        journal: Option<&mut Journal>,
        now: Now,
    ) {
        if self.phase == Phase::Noted && members.confirmed(&self.may, 0) {
            let (upto, now_ms) = (self.generation, now.wall_ms);
            self.keys = Arc::new(keyspace.collect(&self.keys, upto, now_ms));
            self.phase = Phase::Confirmed;
        }
        let grace_over_ms = self.closed.mono_ms.saturating_add(grace_ms);
        if self.phase == Phase::Confirmed
            && now.mono_ms >= grace_over_ms
            && members.confirmed(&self.may, grace_over_ms)
        {
            keyspace.seal(&self.keys, now.wall_ms);
            if let Some(journal) = journal {
                journal.lives(journal::SEALED, &self.keys, now.wall_ms);
            }
            self.phase = Phase::Sealed;
        }
    }

    fn drop_lives(
        &mut self,
        keyspace: &Keyspace,
        members: &impl Members,
        journal: Option<&mut Journal>,
        now: Now,
    ) {
        if members.sealed(&self.may, self.closed.wall_ms) {
            keyspace.drop_sealed(&self.keys, now.wall_ms);
            if let Some(journal) = journal {
                journal.lives(journal::DROPPED, &self.keys, now.wall_ms);
            }
            self.keys = Arc::default();
        }
    }
}
