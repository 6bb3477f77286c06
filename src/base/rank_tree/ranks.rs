//! The keys of a row of ranks.

use super::RankTree;
use std::ops::Range;

/// Goes through keys from either end; a leaf is looked up once.
#[derive(Clone, Debug)]
pub struct Ranks<'t, K> {
    tree: &'t RankTree<K>,
    left: Range<usize>,
    /// What follows in the leaf where the front stands, and what goes before in that of the back.
    front: &'t [K],
    back: &'t [K],
}

impl<'t, K> Ranks<'t, K> {
    pub(super) fn new(tree: &'t RankTree<K>, ranks: Range<usize>) -> Ranks<'t, K> {
        Ranks { tree, left: ranks, front: &[], back: &[] }
    }
}

impl<'t, K> Iterator for Ranks<'t, K> {
    type Item = &'t K;

    fn next(&mut self) -> Option<&'t K> {
        let rank = self.left.next()?;
        if self.front.is_empty() {
            let (keys, at) = self.tree.leaf_at(rank)?;
            self.front = keys.get(at..)?;
        }
        let (first, rest) = self.front.split_first()?;
        self.front = rest;
        Some(first)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left.size_hint()
    }
}

impl<K> DoubleEndedIterator for Ranks<'_, K> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let rank = self.left.next_back()?;
        if self.back.is_empty() {
            let (keys, at) = self.tree.leaf_at(rank)?;
            self.back = keys.get(..=at)?;
        }
        let (last, rest) = self.back.split_last()?;
        self.back = rest;
        Some(last)
    }
}

impl<K> ExactSizeIterator for Ranks<'_, K> {}
