//! When something in a collection is due to expire.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A lazy heap of (due ms, hash of the name).
///
/// The deadline itself lives with its owner; the agenda only promises an entry that is due no later.
/// So a heartbeat that moves a deadline on costs nothing here: when the old entry comes up, its owner
/// is asked, and noted again for the time that it now names.
#[derive(Clone, Debug, Default)]
pub struct Agenda {
    due: BinaryHeap<Reverse<(u64, u64)>>,
}

/// Stale entries are weeded out once there are more than this beyond twice the living ones.
const SLACK: usize = 64;

impl Agenda {
    /// Notes that `hash` is due at `at_ms`, or not later than an entry that it has.
    pub fn note(&mut self, at_ms: u64, hash: u64) {
        self.due.push(Reverse((at_ms, hash)));
    }

    /// When the first entry is due (its owner may name a later time by then).
    #[must_use]
    pub fn next_ms(&self) -> Option<u64> {
        self.due.peek().map(|Reverse((at_ms, _))| *at_ms)
    }

    /// Takes an entry that is due at `now_ms`.
    pub fn pop_due(&mut self, now_ms: u64) -> Option<u64> {
        if self.next_ms()? > now_ms {
            return None;
        }
        let Reverse(first) = self.due.pop()?;
        // Noted twice for one time: once is enough. So what was noted again and again comes down to
        // one entry each time that it comes up.
        while self.due.peek() == Some(&Reverse(first)) {
            self.due.pop();
        }
        self.shrink_if_sparse();
        Some(first.1)
    }

    /// Whether stale entries outnumber `living` owners with deadlines so far that
    /// [`Agenda::rebuild`] is due.
    #[must_use]
    pub fn is_overgrown(&self, living: usize) -> bool {
        self.due.len() > 2 * living + SLACK
    }

    /// Starts anew from what is living: (due ms, hash).
    pub fn rebuild(&mut self, living: impl Iterator<Item = (u64, u64)>) {
        self.due = living.map(Reverse).collect();
    }

    /// Nothing is due any more.
    pub fn clear(&mut self) {
        self.due.clear();
        self.due.shrink_to(SLACK);
    }

    /// Gives memory back when most of it is done, in steps that keep the cost of an entry constant.
    fn shrink_if_sparse(&mut self) {
        if self.due.capacity() > SLACK && self.due.len() < self.due.capacity() / 8 {
            self.due.shrink_to(2 * self.due.len());
        }
    }

    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.due.capacity() * size_of::<(u64, u64)>()
    }
}
