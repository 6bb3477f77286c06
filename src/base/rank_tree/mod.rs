//! A sorted set that knows positions: the rank of what is in it, and what is at a rank, in O(log n).
//!
//! A B+tree whose inner nodes count what is below them. Searches take a closure, so what is looked for need
//! not be made first. (`indexset` and `wabi_tree` were looked at: the one panics on ranges past the end and
//! searches by owned keys only, the other is young and full of `unsafe`.)

mod node;
mod ranks;

use node::{Child, Node, Place};
pub use ranks::Ranks;
use std::cmp::Ordering;
use std::ops::Range;

/// Distinct keys in their order.
#[derive(Clone, Debug)]
pub struct RankTree<K> {
    root: Node<K>,
    len: usize,
}

impl<K> Default for RankTree<K> {
    fn default() -> Self {
        RankTree { root: Node::Leaf(Vec::new()), len: 0 }
    }
}

impl<K> RankTree<K> {
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many keys `is_before`, which says yes to none after one that it says no to.
    pub fn partition_point(&self, is_before: impl Fn(&K) -> bool) -> usize {
        let (mut node, mut before) = (&self.root, 0);
        loop {
            match node {
                Node::Leaf(keys) => return before + keys.partition_point(is_before),
                Node::Inner(children) => {
                    let at = children.partition_point(|child| is_before(&child.least));
                    let (passed, rest) = children.split_at(at.saturating_sub(1));
                    before += passed.iter().map(|child| child.len).sum::<usize>();
                    let Some(child) = rest.first() else { return before };
                    node = &child.node;
                }
            }
        }
    }

    /// The key with so many before it.
    #[must_use]
    pub fn get(&self, rank: usize) -> Option<&K> {
        self.leaf_at(rank).and_then(|(keys, at)| keys.get(at))
    }

    /// The keys of these ranks, as far as there are such.
    #[must_use]
    pub fn range(&self, ranks: Range<usize>) -> Ranks<'_, K> {
        Ranks::new(self, ranks.start.min(self.len)..ranks.end.min(self.len))
    }

    /// Bytes of heap, without what the keys hold themselves.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.root.heap_bytes()
    }

    pub fn clear(&mut self) {
        *self = RankTree::default();
    }

    /// The keys that stand beside each other around a rank, and where it is among them.
    fn leaf_at(&self, rank: usize) -> Option<(&[K], usize)> {
        let (mut node, mut left) = (&self.root, rank);
        loop {
            match node {
                Node::Leaf(keys) => return (left < keys.len()).then_some((keys, left)),
                Node::Inner(children) => {
                    let child = children.iter().find(|child| {
                        let is_here = left < child.len;
                        left -= if is_here { 0 } else { child.len };
                        is_here
                    });
                    node = &child?.node;
                }
            }
        }
    }
}

impl<K: Ord + Clone> RankTree<K> {
    /// Puts a key in; false when it was there.
    pub fn insert(&mut self, key: K) -> bool {
        let (is_new, split) = self.root.insert(key, Place::WHOLE);
        if let Some(right) = split {
            let left = std::mem::replace(&mut self.root, Node::Leaf(Vec::new()));
            let least = right.least.clone();
            self.root = Node::Inner(vec![
                Child { least, len: self.len + 1 - right.len, node: left },
                right,
            ]);
        }
        self.len += usize::from(is_new);
        is_new
    }

    /// Takes out the key that `compare` finds equal; it tells how a key compares with what is looked for.
    pub fn remove(&mut self, compare: impl Fn(&K) -> Ordering) -> Option<K> {
        let removed = self.root.remove(&compare)?;
        self.len -= 1;
        if let Node::Inner(children) = &mut self.root
            && children.len() == 1
            && let Some(only) = children.pop()
        {
            self.root = only.node;
        }
        if self.len == 0 {
            self.clear();
        }
        Some(removed)
    }
}

#[cfg(test)]
mod tests;
