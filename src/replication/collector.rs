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

use super::collected::Collected;
use super::journal::{self, Journal};
use super::vector::{covers, join};
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

/// More generations do not wait for all: while a member is away, keys may die again in each.
const WAITING_MAX: usize = 32;

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
        while self.generations.iter().filter(|closed| closed.phase == Phase::Noted).count()
            > WAITING_MAX
        {
            self.join_smallest();
        }
    }

    /// Makes one of two generations in a row that wait for all: those with the fewest keys.
    fn join_smallest(&mut self) {
        let noted = self.generations.iter().position(|closed| closed.phase == Phase::Noted);
        let pairs = noted.unwrap_or(0)..self.generations.len().saturating_sub(1);
        let keys = |at: usize| self.generations.get(at).map_or(0, |closed| closed.keys.len());
        let Some(at) = pairs.min_by_key(|at| keys(*at) + keys(at + 1)) else { return };
        let Some(older) = self.generations.remove(at) else { return };
        let Some(newer) = self.generations.get_mut(at) else { return };
        join(&mut newer.may, &older.may);
        newer.keys = Arc::new(Buried::join(&older.keys, &newer.keys));
    }

    /// Takes every step that has become possible.
    pub fn advance(
        &mut self,
        keyspace: &Keyspace,
        members: &impl Members,
        grace_ms: u64,
        collected: &Collected,
        mut journal: Option<&mut Journal>,
        now: Now,
    ) {
        for closed in &mut self.generations {
            closed.advance(keyspace, members, grace_ms, collected, journal.as_deref_mut(), now);
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
        collected: &Collected,
        journal: Option<&mut Journal>,
        now: Now,
    ) {
        if self.phase == Phase::Noted && members.confirmed(&self.may, 0) {
            let (upto, now_ms) = (self.generation, now.wall_ms);
            collected.note(upto, &self.may);
            self.keys = Arc::new(keyspace.collect(&self.keys, upto, now_ms));
            self.phase = Phase::Confirmed;
        }
        let grace_over_ms = self.closed.mono_ms.saturating_add(grace_ms);
        if self.phase == Phase::Confirmed
            && now.mono_ms >= grace_over_ms
            && members.confirmed(&self.may, grace_over_ms)
        {
            keyspace.seal(&self.keys, self.generation, now.wall_ms);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Replica;
    use crate::crdt::Tombstones;
    use crate::store::{KeyRef, Mode};

    struct Silent;

    impl Members for Silent {
        fn confirmed(&self, _: &Vector, _: u64) -> bool {
            false
        }

        fn sealed(&self, _: &Vector, _: u64) -> bool {
            false
        }
    }

    /// Nobody confirms, and the same keys die in every generation, others in some.
    #[test]
    fn what_waits_is_bounded_by_the_keys_that_have_died() {
        let me = Replica { node: 1, epoch: 1 };
        let keyspace = Keyspace::new(1, me, Tombstones::KEEP, 0);
        let mut collector = Collector::default();
        for ms in 1..=1_000 {
            let now = Now { wall_ms: ms, mono_ms: ms };
            for name in [&b"same"[..], &ms.to_le_bytes()] {
                let key = KeyRef::new(0, name);
                let mut keys = keyspace.open_one(key, Mode::Exclusive, ms);
                keys.add(key, 1).expect("a counter");
                assert!(keys.delete(key));
            }
            keyspace.drain(ms, &mut |_| {});
            let (generation, keys) = keyspace.close_generation(ms);
            assert_eq!(keys.len(), 2);
            let may = Vector::from([(me, ms)]);
            collector.close(generation, keys, &may, now);
            collector.advance(&keyspace, &Silent, 0, &Collected::default(), None, now);
        }
        assert!(collector.generations.len() <= WAITING_MAX);
        let keys = collector.generations.iter().map(|closed| closed.keys.len()).sum::<usize>();
        assert!((1_001..=1_000 + WAITING_MAX).contains(&keys), "{keys}");
        assert_eq!(collector.generations.back().map(|closed| closed.may[&me]), Some(1_000));
        let upto: Vec<u64> = collector.generations.iter().map(|closed| closed.may[&me]).collect();
        assert!(upto.is_sorted(), "{upto:?}");
        let none = Vector::new();
        assert_eq!(collector.unconfirmed_by(&none).map(|keys| keys.len()).sum::<usize>(), keys);
    }
}
