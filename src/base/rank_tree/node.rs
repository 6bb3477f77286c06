//! Nodes of a [`super::RankTree`].

use std::cmp::Ordering;

/// Keys in a leaf, and children of an inner node, at most.
pub(super) const MOST: usize = 64;
/// With fewer a node looks for a neighbour to join.
const FEW: usize = MOST / 4;
/// Two nodes join when they have no more together: then the next insertion does not split them again.
const JOINED_MOST: usize = MOST * 3 / 4;
/// A node makes room for so many more: most of a sorted set's memory is here, and it is to be full.
const ROOM_STEP: usize = 8;

#[derive(Clone, Debug)]
pub(super) enum Node<K> {
    Leaf(Vec<K>),
    Inner(Vec<Child<K>>),
}

#[derive(Clone, Debug)]
pub(super) struct Child<K> {
    /// No key below is less, and every key below the child before it is. The first child's is not looked at.
    pub least: K,
    /// Keys below.
    pub len: usize,
    pub node: Node<K>,
}

/// Whether a node is at an end of the whole tree. Keys that come in order are put there, and fill the nodes
/// that they leave behind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    is_first: bool,
    is_last: bool,
}

impl Place {
    pub const WHOLE: Place = Place { is_first: true, is_last: true };

    fn below(self, at: usize, siblings: usize) -> Place {
        Place { is_first: self.is_first && at == 0, is_last: self.is_last && at + 1 == siblings }
    }

    /// Where to cut a full node that gets one more at `at`.
    fn cut(self, at: usize) -> usize {
        if self.is_last && at == MOST {
            MOST
        } else if self.is_first && at == 0 {
            0
        } else {
            MOST / 2
        }
    }
}

impl<K> Node<K> {
    pub fn heap_bytes(&self) -> usize {
        match self {
            Node::Leaf(keys) => keys.capacity() * size_of::<K>(),
            Node::Inner(children) => {
                let below: usize = children.iter().map(|child| child.node.heap_bytes()).sum();
                children.capacity() * size_of::<Child<K>>() + below
            }
        }
    }

    fn width(&self) -> usize {
        match self {
            Node::Leaf(keys) => keys.len(),
            Node::Inner(children) => children.len(),
        }
    }

    /// Keys below.
    fn len(&self) -> usize {
        match self {
            Node::Leaf(keys) => keys.len(),
            Node::Inner(children) => children.iter().map(|child| child.len).sum(),
        }
    }
}

impl<K: Ord + Clone> Node<K> {
    /// Whether the key is new, and what does not fit any more: it belongs behind this node.
    pub fn insert(&mut self, key: K, place: Place) -> (bool, Option<Child<K>>) {
        match self {
            Node::Leaf(keys) => match keys.binary_search(&key) {
                Ok(_) => (false, None),
                Err(at) => {
                    let right = put(keys, at, key, place);
                    let child = right.and_then(|right| {
                        let least = right.first()?.clone();
                        Some(Child { least, len: right.len(), node: Node::Leaf(right) })
                    });
                    (true, child)
                }
            },
            Node::Inner(children) => insert_below(children, key, place),
        }
    }

    pub fn remove(&mut self, compare: &impl Fn(&K) -> Ordering) -> Option<K> {
        match self {
            Node::Leaf(keys) => {
                let at = keys.binary_search_by(compare).ok()?;
                Some(keys.remove(at))
            }
            Node::Inner(children) => {
                let after = children.partition_point(|child| compare(&child.least).is_le());
                let at = after.saturating_sub(1);
                let child = children.get_mut(at)?;
                let removed = child.node.remove(compare)?;
                child.len -= 1;
                tidy(children, at);
                Some(removed)
            }
        }
    }

    /// Takes in the keys of the node behind it, of which none is less than `least`.
    fn join(&mut self, right: Node<K>, least: K) {
        match (self, right) {
            (Node::Leaf(keys), Node::Leaf(more)) => {
                keys.reserve_exact(more.len());
                keys.extend(more);
            }
            (Node::Inner(children), Node::Inner(mut more)) => {
                if let Some(first) = more.first_mut() {
                    first.least = least;
                }
                children.reserve_exact(more.len());
                children.extend(more);
            }
            // All leaves are at one depth.
            (Node::Leaf(_), Node::Inner(_)) | (Node::Inner(_), Node::Leaf(_)) => {}
        }
    }
}

fn insert_below<K: Ord + Clone>(
    children: &mut Vec<Child<K>>,
    key: K,
    place: Place,
) -> (bool, Option<Child<K>>) {
    let at = children.partition_point(|child| child.least <= key).saturating_sub(1);
    let place_below = place.below(at, children.len());
    let Some(child) = children.get_mut(at) else { return (false, None) };
    let (is_new, split) = child.node.insert(key, place_below);
    child.len += usize::from(is_new);
    let Some(right) = split else { return (is_new, None) };
    child.len -= right.len;
    let cut = put(children, at + 1, right, place).and_then(|right| {
        let least = right.first()?.least.clone();
        let node = Node::Inner(right);
        Some(Child { least, len: node.len(), node })
    });
    (is_new, cut)
}

/// Puts one more at `at`; returns what is cut off if it does not fit.
fn put<T>(row: &mut Vec<T>, at: usize, item: T, place: Place) -> Option<Vec<T>> {
    if row.len() < MOST {
        insert_tight(row, at, item);
        return None;
    }
    let cut = place.cut(at);
    let mut right = row.split_off(cut);
    row.shrink_to(cut + ROOM_STEP);
    // What comes at the cut goes to the left, unless it comes last of all: then it begins the right.
    if at < cut || (at == cut && cut < MOST) {
        insert_tight(row, at, item);
    } else {
        insert_tight(&mut right, at - cut, item);
    }
    Some(right)
}

fn insert_tight<T>(row: &mut Vec<T>, at: usize, item: T) {
    if row.len() == row.capacity() {
        row.reserve_exact(if row.is_empty() { 1 } else { ROOM_STEP });
    }
    row.insert(at, item);
}

/// After a removal below the child at `at`.
fn tidy<K: Ord + Clone>(children: &mut Vec<Child<K>>, at: usize) {
    let Some(width) = children.get(at).map(|child| child.node.width()) else { return };
    if width == 0 {
        children.remove(at);
        return;
    }
    if width >= FEW {
        return;
    }
    let fits = |left: usize| {
        let pair = children.get(left..left + 2);
        pair.is_some_and(|pair| pair.iter().map(|c| c.node.width()).sum::<usize>() <= JOINED_MOST)
    };
    let left = if fits(at) {
        at
    } else if at > 0 && fits(at - 1) {
        at - 1
    } else {
        return;
    };
    let right = children.remove(left + 1);
    if let Some(left) = children.get_mut(left) {
        left.len += right.len;
        left.node.join(right.node, right.least);
    }
}
