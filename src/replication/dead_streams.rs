//! Streams that have ended, and of which nobody has all.
//!
//! A node that died took with it what it had not told. If somebody has a later batch of its stream, and
//! an earlier one is missing, nobody will ever hold that stream so far, and nothing would ever be
//! collected again. But once a node has compared itself with every member, it holds all that exists of
//! the stream, and that is as good. (If nothing of it is on its way any more: so all must have met each
//! other's present runs.)

use super::message::Holds;
use super::view::Standing;
use super::{Engine, Now, Vector, vector};
use crate::base::Replica;
use std::collections::BTreeMap;

/// A stream that has ended, and that this node does not hold so far as somebody may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The furthest batch that anybody may have something of.
    upto: u64,
    /// Since when that is known (monotonic ms): rounds that begin later see all that there is.
    since_ms: u64,
}

/// By stream.
pub type Gaps = BTreeMap<Replica, Gap>;

impl Engine {
    /// Closes gaps in streams that have ended, where this node has all that there is.
    pub(super) fn close_dead_gaps(&mut self, now: Now) {
        let gaps = self.dead_gaps(now);
        for (stream, gap) in &gaps {
            if self.has_compared_since(gap.since_ms) {
                vector::raise(&mut self.holds, *stream, gap.upto);
            } else if !self.dead_gaps.contains_key(stream) {
                self.peers.values_mut().for_each(|peer| peer.needs_round = true);
            }
        }
        self.dead_gaps = gaps;
    }

    /// The gaps there are, each since when it is as it is.
    fn dead_gaps(&self, now: Now) -> Gaps {
        if !self.words().settled() {
            return Gaps::new();
        }
        let mut upto = self.may.clone();
        for word in self.words().members().filter_map(|(_, word)| word) {
            let Holds { holds, may, .. } = word;
            vector::join(&mut upto, holds);
            vector::join(&mut upto, may);
        }
        let held = |stream: &Replica| self.holds.get(stream).copied().unwrap_or(0);
        let lacking = upto
            .into_iter()
            .filter(|(stream, upto)| *upto > held(stream) && self.has_ended(*stream));
        let since = |stream: &Replica, upto: u64| match self.dead_gaps.get(stream) {
            Some(gap) if gap.upto == upto => gap.since_ms,
            _ => now.mono_ms,
        };
        lacking
            .map(|(stream, upto)| (stream, Gap { upto, since_ms: since(&stream, upto) }))
            .collect()
    }

    /// Whether nothing more can come of a stream but from members that have it: its node counts no more,
    /// or writes another one.
    fn has_ended(&self, stream: Replica) -> bool {
        if stream.node == self.settings.node {
            return stream.epoch != self.settings.epoch;
        }
        let writes = self.peers.get(&stream.node).and_then(|peer| peer.replica);
        match self.view.get(stream.node).map(|entry| entry.standing) {
            Some(Standing::Member) => writes.is_some_and(|replica| replica.epoch != stream.epoch),
            _ => true,
        }
    }

    /// Whether a round with each other member has ended that began after `since_ms`.
    fn has_compared_since(&self, since_ms: u64) -> bool {
        let others = self.view.members().filter(|entry| entry.node != self.settings.node);
        let compared = |node| self.peers.get(&node).and_then(|peer| peer.compared_ms);
        let mut others = others.map(|entry| compared(entry.node));
        others.all(|began_ms| began_ms.is_some_and(|began_ms| began_ms > since_ms))
    }

    /// The most that anybody may have of a stream.
    pub(super) fn furthest(&self, stream: Replica) -> u64 {
        let of = |vector: &Vector| vector.get(&stream).copied().unwrap_or(0);
        let words = self.words();
        let said = words.members().filter_map(|(_, word)| word);
        said.map(|word| of(&word.may).max(of(&word.holds))).fold(of(&self.may), u64::max)
    }

    /// The batch up to which somebody had all of a stream when it ended, before its gaps were closed;
    /// `None`: nobody remembers, as its node has come back since.
    pub(super) fn held_at_end(&self, stream: Replica) -> Option<u64> {
        let words = self.words();
        let said = words.members().filter_map(|(_, word)| word).map(|word| &word.ends);
        said.chain([&self.ends]).filter_map(|ends| ends.get(&stream).copied()).max()
    }

    /// A node does not count any more: nothing more comes of its streams but from others.
    pub(super) fn note_end(&mut self, node: u32) {
        let is_of_node = |(stream, _): &(&Replica, &u64)| stream.node == node;
        self.epochs.spend_open();
        for (stream, _) in self.may.iter().filter(is_of_node) {
            let held = self.holds.get(stream).copied().unwrap_or(0);
            self.ends.entry(*stream).or_insert(held);
        }
    }

    /// A node counts again: as another memory, so nobody asks for the ends of the last one's streams.
    pub(super) fn forget_ends(&mut self, node: u32) {
        self.ends.retain(|stream, _| stream.node != node);
    }
}
