//! Where the elements of a list stand: names that sort as the elements do, the same on every node.
//!
//! A name ends in what makes it the only one of its kind: the stamp and replica of the write, and which of that
//! write's elements it is. What is pushed on the right has little more, so elements stand in the order of
//! their stamps, whoever pushed them. On the left all bits are turned over, so later ones stand further left.
//! What is put between two has a prefix that lies between their names.

use super::End;
use crate::base::{Name, Tag};
use smallvec::SmallVec;

type Bytes = SmallVec<[u8; 48]>;

/// What names of elements begin with that were pushed on the left, and on the right.
const LEFT: u8 = 0x40;
const RIGHT: u8 = 0xC0;
/// The bytes that make a name the only one.
const MARK_BYTES: usize = 20;

/// The `nth` element of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub tag: Tag,
    pub nth: u32,
}

impl Mark {
    fn bytes(self) -> [u8; MARK_BYTES] {
        let mut bytes = [0; MARK_BYTES];
        bytes[..8].copy_from_slice(&self.tag.stamp.0.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.tag.replica.node.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.tag.replica.epoch.to_be_bytes());
        bytes[16..].copy_from_slice(&self.nth.to_be_bytes());
        bytes
    }
}

/// The name of what is pushed at an end, where `last` stands now.
pub(super) fn pushed(end: End, last: Option<&[u8]>, mark: Mark) -> Name {
    let mut name = Bytes::new();
    match end {
        End::Right => {
            name.push(RIGHT);
            name.extend_from_slice(&mark.bytes());
        }
        End::Left => {
            name.push(LEFT);
            name.extend(mark.bytes().map(|byte| !byte));
        }
    }
    let is_outside = last.is_none_or(|last| match end {
        End::Right => *name > *last,
        End::Left => *name < *last,
    });
    // Stamps exceed all that were seen, so it is, but for what a peer makes up.
    match end {
        _ if is_outside => Name::from_slice(&name),
        End::Right => marked(between(last, None, Near::Left), mark),
        End::Left => marked(between(None, last, Near::Right), mark),
    }
}

/// To which of its neighbours a new name is closer: there it leaves room for more on the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Near {
    Left,
    Right,
}

/// The name of what is put between two neighbours (`None`: the end of the list).
pub(super) fn inserted(left: Option<&[u8]>, right: Option<&[u8]>, near: Near, mark: Mark) -> Name {
    match (left, right) {
        (_, None) => pushed(End::Right, left, mark),
        (None, _) => pushed(End::Left, right, mark),
        (left, right) => marked(between(left, right, near), mark),
    }
}

/// The name of what takes the place of `old` between its neighbours. An element that is replaced again and
/// again keeps a name of one length.
pub(super) fn replaced(old: &[u8], left: Option<&[u8]>, right: Option<&[u8]>, mark: Mark) -> Name {
    // Of one that was put there as this one is, the prefix; else all of its name.
    let prefix = match old.len().checked_sub(MARK_BYTES) {
        Some(len @ 2..) => &old[..len],
        _ => old,
    };
    let name = marked(Bytes::from_slice(prefix), mark);
    let fits = left.is_none_or(|left| *left < *name) && right.is_none_or(|right| *name < *right);
    if fits { name } else { inserted(left, right, Near::Left, mark) }
}

fn marked(mut prefix: Bytes, mark: Mark) -> Name {
    prefix.extend_from_slice(&mark.bytes());
    Name::from_slice(&prefix)
}

/// Bytes that sort after `left` and, whatever follows them, before `right`. It needs that `left < right`.
fn between(left: Option<&[u8]>, right: Option<&[u8]>, near: Near) -> Bytes {
    let left = left.unwrap_or_default();
    let Some(right) = right else { return above(left, 0, near) };
    let common = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    let (Some(&high), low) = (right.get(common), left.get(common).copied()) else {
        // Not in order, which no node makes them.
        return above(left, 0, near);
    };
    match low {
        None => below(right, common),
        Some(low) if high - low.min(high) >= 2 => {
            let middle = match near {
                Near::Left => low + 1,
                Near::Right => high - 1,
            };
            let mut name = Bytes::from_slice(&left[..common]);
            name.push(middle);
            name
        }
        Some(_) => above(left, common + 1, near),
    }
}

/// Few bytes above `name` that are the same before `from`: just above it, or far from it.
fn above(name: &[u8], from: usize, near: Near) -> Bytes {
    match name.iter().skip(from).position(|byte| *byte < u8::MAX) {
        Some(at) => {
            let mut above = Bytes::from_slice(&name[..=from + at]);
            above[from + at] = match near {
                Near::Left => above[from + at] + 1,
                Near::Right => u8::MAX,
            };
            above
        }
        None => {
            let mut above = Bytes::from_slice(name);
            above.push(0x80);
            above
        }
    }
}

/// Few bytes below `name`, and not its beginning, that are the same before `from`.
fn below(name: &[u8], from: usize) -> Bytes {
    match name.iter().skip(from).position(|byte| *byte > 0) {
        Some(at) => {
            let mut below = Bytes::from_slice(&name[..=from + at]);
            below[from + at] -= 1;
            // Room for more below this, or each would take as many bytes more as a name has.
            if below[from + at] == 0 {
                below.push(u8::MAX);
            }
            below
        }
        // Names end in a node's id and an epoch, which are not 0; a peer that makes them up gets what it gets.
        None => Bytes::from_slice(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Replica, Stamp};
    use proptest::prelude::*;

    fn mark(stamp: u64, node: u32, nth: u32) -> Mark {
        Mark { tag: Tag::new(Stamp(stamp), Replica { node, epoch: 7 }), nth }
    }

    #[test]
    fn pushes_stand_in_the_order_of_their_stamps() {
        let right = |stamp, node, nth| pushed(End::Right, None, mark(stamp, node, nth));
        let left = |stamp, node, nth| pushed(End::Left, None, mark(stamp, node, nth));
        assert!(right(1, 9, 0) < right(1, 9, 1) && right(1, 9, 1) < right(2, 1, 0));
        assert!(left(1, 9, 0) > left(1, 9, 1) && left(1, 9, 1) > left(2, 1, 0));
        assert!(left(1, 1, 0) < right(1, 1, 0));
        assert_eq!(right(1, 1, 1).heap_bytes(), 0);
    }

    #[test]
    fn a_push_is_at_the_end_whatever_is_there() {
        let far = pushed(End::Right, None, mark(u64::MAX, u32::MAX, u32::MAX));
        assert!(pushed(End::Right, Some(&far), mark(1, 1, 0)) > far);
        let far = pushed(End::Left, None, mark(u64::MAX, u32::MAX, u32::MAX));
        assert!(pushed(End::Left, Some(&far), mark(1, 1, 0)) < far);
    }

    #[test]
    fn what_is_replaced_often_keeps_a_short_name() {
        let names: Vec<Name> =
            (1..4).map(|stamp| pushed(End::Right, None, mark(stamp, 1, 0))).collect();
        let (left, right) = (Some(&*names[0]), Some(&*names[2]));
        let mut name = names[1].clone();
        for stamp in 4..10_000 {
            name = replaced(&name, left, right, mark(stamp, 1, 0));
            assert!(*names[0] < *name && *name < *names[2] && name.len() <= 41);
        }
    }

    #[test]
    fn what_is_inserted_in_a_row_keeps_short_names() {
        let (first, last) = (mark(1, 1, 0), mark(2, 1, 0));
        let (first, last) = (pushed(End::Right, None, first), pushed(End::Right, None, last));
        for near in [Near::Left, Near::Right] {
            let (mut left, mut right) = (first.clone(), last.clone());
            for stamp in 3..5_000 {
                let name = inserted(Some(&left), Some(&right), near, mark(stamp, 1, 0));
                assert!(left < name && name < right && name.len() < 100);
                match near {
                    Near::Left => left = name,
                    Near::Right => right = name,
                }
            }
        }
    }

    proptest! {
        /// Random places, of writers who do not know of each other too.
        #[test]
        fn a_name_stands_where_it_was_put(steps in prop::collection::vec((0..4u8, 0..64usize, 0..3u32), 1..200)) {
            let mut names: Vec<Name> = Vec::new();
            for (at, (kind, place, node)) in steps.into_iter().enumerate() {
                // Stamps repeat, as those of concurrent writes may.
                let mark = mark(1 + at as u64 / 3, 1 + node, at as u32 % 3);
                let place = place % (names.len() + 1);
                let left = place.checked_sub(1).map(|at| names[at].clone());
                let right = names.get(place).cloned();
                let near = if kind == 2 { Near::Left } else { Near::Right };
                let name = inserted(left.as_deref(), right.as_deref(), near, mark);
                prop_assert!(left.is_none_or(|left| left < name), "{at}");
                prop_assert!(right.is_none_or(|right| name < right), "{at}");
                names.insert(place, name);
            }
        }
    }
}
