use super::RankTree;
use super::node::{MOST, Node};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn check(tree: &RankTree<u32>, oracle: &BTreeSet<u32>) {
    let sorted: Vec<u32> = oracle.iter().copied().collect();
    assert_eq!(tree.len(), sorted.len());
    assert!(tree.range(0..usize::MAX).eq(&sorted));
    assert!(tree.range(0..usize::MAX).rev().eq(sorted.iter().rev()));
    for (rank, key) in sorted.iter().enumerate().step_by(sorted.len() / 50 + 1) {
        assert_eq!(tree.get(rank), Some(key));
        assert_eq!(tree.partition_point(|other| other < key), rank);
        assert_eq!(tree.partition_point(|other| other <= key), rank + 1);
        let (some, to) = (rank / 2..rank + 3, (rank + 3).min(sorted.len()));
        assert!(tree.range(some).eq(&sorted[rank / 2..to]));
    }
    assert_eq!(tree.get(sorted.len()), None);
    check_node(&tree.root);
}

/// The depth of the leaves, of which every way down has the same; counts are right, and rows short enough.
fn check_node(node: &Node<u32>) -> (usize, usize) {
    match node {
        Node::Leaf(keys) => {
            assert!(keys.len() <= MOST && keys.capacity() <= MOST + 8);
            (0, keys.len())
        }
        Node::Inner(children) => {
            assert!((1..=MOST).contains(&children.len()));
            let below: Vec<_> = children.iter().map(|child| check_node(&child.node)).collect();
            assert!(below.iter().all(|(depth, _)| *depth == below[0].0));
            assert!(
                children.iter().zip(&below).all(|(child, (_, len))| child.len == *len && *len > 0)
            );
            (below[0].0 + 1, below.iter().map(|(_, len)| len).sum())
        }
    }
}

fn insert_and_remove(keys: &[(bool, u32)]) {
    let (mut tree, mut oracle) = (RankTree::default(), BTreeSet::new());
    for (insert, key) in keys {
        if *insert {
            assert_eq!(tree.insert(*key), oracle.insert(*key));
        } else {
            assert_eq!(tree.remove(|other| other.cmp(key)), oracle.take(key));
        }
    }
    check(&tree, &oracle);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn is_a_sorted_vec(
        keys in proptest::collection::vec((proptest::bool::weighted(0.6), 0u32..3_000), 0..6_000),
    ) {
        insert_and_remove(&keys);
    }

    #[test]
    fn shrinks_as_it_grew(
        count in 1u32..9_000,
        stride in prop::sample::select(vec![1u32, 7, 4_999]),
        left in 0u32..200,
    ) {
        let all = (0..count).map(|n| (true, n * stride % 9_001));
        let gone = (left..count).map(|n| (false, n * stride % 9_001));
        insert_and_remove(&all.chain(gone).collect::<Vec<_>>());
    }
}

#[test]
fn what_comes_in_order_fills_its_nodes() {
    for descending in [false, true] {
        let mut tree = RankTree::default();
        for n in 0..50_000u64 {
            tree.insert(if descending { 50_000 - n } else { n });
        }
        let bytes_per_key = tree.heap_bytes() as f64 / 50_000.0;
        assert!(bytes_per_key < 10.5, "{bytes_per_key}");
    }
}

#[test]
fn the_empty_tree_has_nothing() {
    let mut tree = RankTree::<u32>::default();
    assert_eq!((tree.len(), tree.get(0), tree.heap_bytes()), (0, None, 0));
    assert_eq!(tree.partition_point(|_| true), 0);
    assert_eq!(tree.range(0..5).next_back(), None);
    assert_eq!(tree.remove(|key| key.cmp(&1)), None);
    tree.insert(1);
    assert_eq!(tree.remove(|key| key.cmp(&1)), Some(1));
    assert!(tree.is_empty());
}
