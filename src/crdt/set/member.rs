//! What is known of one member of a set.

use crate::base::{Replica, Stamp};
use crate::crdt::ReplicaMap;
use smallvec::SmallVec;

/// One replica's latest word on a member.
///
/// The pair (added stamp, removed-up-to stamp) in one: while added > removed the dot is live and its
/// stamp is `added`; otherwise it is dead and its stamp is `removed`. Which of the two it is, and the
/// larger stamp, is all that a later merge can observe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Dot {
    pub replica: Replica,
    pub stamp: Stamp,
    pub life: DotLife,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DotLife {
    Dead,
    /// In until then (Unix ms), if it has a deadline.
    Live(Option<u64>),
}

impl Dot {
    pub fn is_live(&self) -> bool {
        self.life != DotLife::Dead
    }

    /// The later stamp wins; at one stamp, dead wins: removal of what it saw.
    fn merge(&mut self, other: &Dot) {
        if other.stamp > self.stamp || (other.stamp == self.stamp && !other.is_live()) {
            *self = *other;
        }
    }
}

/// A dot per replica that ever added the member, in the replicas' order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Member {
    dots: SmallVec<[Dot; 1]>,
}

impl Member {
    pub fn dots(&self) -> &[Dot] {
        &self.dots
    }

    pub fn is_live(&self) -> bool {
        self.dots.iter().any(Dot::is_live)
    }

    /// Whether nothing is known of it.
    pub fn is_blank(&self) -> bool {
        self.dots.is_empty()
    }

    pub fn dead_dots(&self) -> usize {
        self.dots.iter().filter(|dot| !dot.is_live()).count()
    }

    /// The latest word that it is in.
    pub fn latest(&self) -> Option<&Dot> {
        self.dots.iter().filter(|dot| dot.is_live()).max_by_key(|dot| (dot.stamp, dot.replica))
    }

    /// The deadline that the latest live dot names: the later command counts, as on one Redis.
    pub fn deadline_ms(&self) -> Option<u64> {
        match self.latest()?.life {
            DotLife::Live(deadline) => deadline,
            DotLife::Dead => None,
        }
    }

    /// The replica's word from now on.
    pub fn put(&mut self, dot: Dot) {
        match self.dots.binary_search_by_key(&dot.replica, |dot| dot.replica) {
            Ok(at) => self.dots[at] = dot,
            Err(at) => self.dots.insert(at, dot),
        }
    }

    /// Removes what is seen here.
    pub fn remove(&mut self) {
        for dot in &mut self.dots {
            dot.life = DotLife::Dead;
        }
    }

    pub fn merge(&mut self, other: &Member) {
        for theirs in &other.dots {
            match self.dots.binary_search_by_key(&theirs.replica, |dot| dot.replica) {
                Ok(at) => self.dots[at].merge(theirs),
                Err(at) => self.dots.insert(at, *theirs),
            }
        }
    }

    pub fn retain(&mut self, keep: impl Fn(&Dot) -> bool) {
        self.dots.retain(|dot| keep(dot));
    }

    /// Drops the dots that a deletion of the whole set has seen.
    pub fn drop_forgotten(&mut self, forgotten: &ReplicaMap<Stamp>) {
        if !forgotten.is_empty() {
            self.retain(|dot| forgotten.get(dot.replica).is_none_or(|upto| dot.stamp > *upto));
        }
    }
}
