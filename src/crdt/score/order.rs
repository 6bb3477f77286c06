//! The members of a sorted set by score.

use crate::base::Name;
use crate::base::rank_tree::{RankTree, Ranks};
use std::cmp::Ordering;
use std::ops::Range;

/// A member in its place: by score, then by its bytes. 0 and -0 are the same there, as in Redis.
#[derive(Clone, Debug)]
struct Ranked {
    score: f64,
    name: Name,
}

impl Ranked {
    fn compare(&self, score: f64, name: &[u8]) -> Ordering {
        // No score is a NaN.
        let by_score = self.score.partial_cmp(&score).unwrap_or(Ordering::Equal);
        by_score.then_with(|| (*self.name).cmp(name))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Ranked) -> Ordering {
        self.compare(other.score, &other.name)
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Ranked) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Ranked) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}

/// Ranks of members, from the lowest score.
#[derive(Clone, Debug, Default)]
pub struct ScoreOrder {
    tree: RankTree<Ranked>,
}

impl ScoreOrder {
    #[must_use]
    pub fn len(&self) -> usize {
        self.tree.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    pub fn insert(&mut self, score: f64, name: &Name) {
        self.tree.insert(Ranked { score, name: name.clone() });
    }

    pub fn remove(&mut self, score: f64, name: &[u8]) {
        self.tree.remove(|ranked| ranked.compare(score, name));
    }

    pub fn clear(&mut self) {
        self.tree.clear();
    }

    /// How many come before a member with this score.
    #[must_use]
    pub fn rank(&self, score: f64, name: &[u8]) -> usize {
        self.tree.partition_point(|ranked| ranked.compare(score, name).is_lt())
    }

    /// How many members `is_before`, which says yes to none after one that it says no to.
    pub fn partition_point(&self, is_before: impl Fn(f64, &[u8]) -> bool) -> usize {
        self.tree.partition_point(|ranked| is_before(ranked.score, &ranked.name))
    }

    /// The members of these ranks, with their scores.
    pub fn range(
        &self,
        ranks: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = (&[u8], f64)> + ExactSizeIterator + Clone {
        let ranks: Ranks<'_, Ranked> = self.tree.range(ranks);
        ranks.map(|ranked| (&*ranked.name, ranked.score))
    }

    /// Bytes of heap, long names estimated from the first members.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        const SAMPLE: usize = 5;
        let spilled: usize =
            self.tree.range(0..SAMPLE).map(|ranked| ranked.name.heap_bytes()).sum();
        self.tree.heap_bytes() + spilled * self.len() / self.len().clamp(1, SAMPLE)
    }
}
