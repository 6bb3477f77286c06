//! What is known of one member of a collection.

use super::Value;
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

/// A dot per replica that ever added or changed the member, in the replicas' order, and what it carries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Member<V> {
    dots: SmallVec<[Dot; 1]>,
    pub value: V,
}

impl<V: Value> Member<V> {
    pub fn dots(&self) -> &[Dot] {
        &self.dots
    }

    /// Whether it is in, at some time.
    pub fn is_live(&self) -> bool {
        self.has_live_dot() && self.value.is_living()
    }

    pub fn has_live_dot(&self) -> bool {
        self.dots.iter().any(Dot::is_live)
    }

    /// Whether nothing is known of it.
    pub fn is_blank(&self) -> bool {
        self.dots.is_empty() && self.value.is_blank()
    }

    /// How many dead dots it has, and what is forgotten of its value.
    pub fn scars(&self) -> usize {
        let dead = self.dots.iter().filter(|dot| !dot.is_live()).count();
        dead + usize::from(self.value.tombstones_mark() != 0)
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
        self.value.forget();
    }

    pub fn merge(&mut self, other: &Member<V>) {
        self.value.merge(&other.value);
        for theirs in &other.dots {
            match self.dots.binary_search_by_key(&theirs.replica, |dot| dot.replica) {
                Ok(at) => self.dots[at].merge(theirs),
                Err(at) => self.dots.insert(at, *theirs),
            }
        }
        if !self.has_live_dot() {
            self.value.bury();
        }
    }

    pub fn retain(&mut self, keep: impl Fn(&Dot) -> bool) {
        self.dots.retain(|dot| keep(dot));
    }

    /// Drops what is dead of a member that is in.
    pub fn collect(&mut self) {
        self.retain(Dot::is_live);
        self.value.collect();
    }

    /// Only what is dead of a member that is in.
    pub fn tombstones_part(&self) -> Member<V> {
        let dots = self.dots.iter().filter(|dot| !dot.is_live()).copied().collect();
        Member { dots, value: self.value.tombstones_part() }
    }

    /// Whether a replica has left anything in it.
    pub fn mentions(&self, replica: Replica) -> bool {
        self.dots.iter().any(|dot| dot.replica == replica) || self.value.mentions(replica)
    }

    /// Drops the dots that a deletion of the whole set has seen.
    pub fn drop_forgotten(&mut self, forgotten: &ReplicaMap<Stamp>) {
        if !forgotten.is_empty() {
            self.retain(|dot| forgotten.get(dot.replica).is_none_or(|upto| dot.stamp > *upto));
        }
    }
}
