//! Scores as what the members of a sorted set carry.

use super::{Score, ScoreOrder};
use crate::base::codec::Malformed;
use crate::base::{Name, Replica, Stamp};
use crate::crdt::wire::{Decoder, Encoder};
use crate::crdt::{Collection, Collections, Index, Kind, Own, Value};

/// Members with scores, in their order.
pub type SortedSet = Collection<Score>;

impl Value for Score {
    const KIND: Kind = Kind::SortedSet;

    type Index = ScoreOrder;

    fn among(collections: &Collections) -> &Option<Box<SortedSet>> {
        &collections.sorted
    }

    fn among_mut(collections: &mut Collections) -> &mut Option<Box<SortedSet>> {
        &mut collections.sorted
    }

    fn is_living(&self) -> bool {
        self.get().is_some()
    }

    fn is_blank(&self) -> bool {
        Score::is_blank(self)
    }

    fn forget(&mut self) {
        Score::forget(self);
    }

    fn merge(&mut self, other: &Score) {
        Score::merge(self, other);
    }

    fn collect(&mut self) {
        Score::collect(self);
    }

    fn tombstones_mark(&self) -> u64 {
        Score::tombstones_mark(self)
    }

    fn tombstones_part(&self) -> Score {
        Score::tombstones_part(self)
    }

    fn digest(&self, seed: u64) -> u64 {
        Score::digest(self, seed)
    }

    fn max_stamp(&self) -> Stamp {
        Score::max_stamp(self)
    }

    fn own(&self, me: Replica) -> Own {
        Own { score: Score::own(self, me).map(Box::new), ..Own::default() }
    }

    fn reissue(
        &self,
        lost: Replica,
        before: Option<&Own>,
        since: Stamp,
        new: Replica,
        known: Option<&Score>,
    ) -> Score {
        let before = before.and_then(|before| before.score.as_deref());
        Score::reissue(self, lost, before, since, new, known)
    }

    fn mentions(&self, replica: Replica) -> bool {
        Score::mentions(self, replica)
    }

    fn exceeds(&self, me: Replica, known: Option<&Score>) -> bool {
        Score::exceeds(self, me, known)
    }

    fn heap_bytes(&self) -> usize {
        Score::heap_bytes(self)
    }

    fn encode(&self, out: &mut Encoder) {
        Score::encode(self, out);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Score, Malformed> {
        Score::decode(from)
    }
}

impl Index<Score> for ScoreOrder {
    fn enter(&mut self, name: &Name, score: &Score) {
        if let Some(score) = score.get() {
            self.insert(score, name);
        }
    }

    fn leave(&mut self, name: &Name, score: &Score) {
        if let Some(score) = score.get() {
            self.remove(score, name);
        }
    }

    fn heap_bytes(&self) -> usize {
        ScoreOrder::heap_bytes(self)
    }
}
