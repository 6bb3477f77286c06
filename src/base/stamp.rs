//! Hybrid logical clock stamps (Kulkarni et al., "Logical Physical Clocks", 2014).
//!
//! A stamp is 48 bits of milliseconds since the Unix epoch and 16 bits of count. It never goes back,
//! and a stamp written to a key exceeds every stamp that the key holds.

use super::Replica;
use serde::{Deserialize, Serialize};

/// A point in hybrid logical time. `Stamp::NEVER` (0) is before every real stamp.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Stamp(pub u64);

/// How many low bits of a stamp count events within one millisecond.
const COUNT_BITS: u32 = 16;

impl Stamp {
    /// Before every stamp that a clock gives.
    pub const NEVER: Stamp = Stamp(0);

    /// The first stamp of a millisecond (Unix time).
    #[must_use]
    pub const fn at_ms(now_ms: u64) -> Stamp {
        Stamp(now_ms << COUNT_BITS)
    }

    /// The physical part, in milliseconds since the Unix epoch.
    #[must_use]
    pub const fn ms(self) -> u64 {
        self.0 >> COUNT_BITS
    }

    /// The stamp of a millisecond and a count; `None`: out of range.
    #[must_use]
    pub const fn new(ms: u64, count: u64) -> Option<Stamp> {
        if ms > u64::MAX >> COUNT_BITS || count >= 1 << COUNT_BITS {
            return None;
        }
        Some(Stamp(ms << COUNT_BITS | count))
    }

    /// The count within the millisecond.
    #[must_use]
    pub const fn count(self) -> u64 {
        self.0 & ((1 << COUNT_BITS) - 1)
    }

    /// The next stamp after this one that is not before the millisecond `now_ms`.
    ///
    /// When the count runs over, it carries into the milliseconds: the stamp runs a little ahead of
    /// the wall clock, which is what keeps it from repeating.
    #[must_use]
    pub fn next(self, now_ms: u64) -> Stamp {
        Stamp(self.0.saturating_add(1)).max(Stamp::at_ms(now_ms))
    }
}

/// A stamp and who gave it: unique, and ordered by time first, then by replica.
///
/// This is the order in which "the later one" of two concurrent writes is decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    pub stamp: Stamp,
    pub replica: Replica,
}

impl Tag {
    /// Before every tag that a replica gives.
    pub const NEVER: Tag = Tag { stamp: Stamp::NEVER, replica: Replica::NOBODY };

    #[must_use]
    pub const fn new(stamp: Stamp, replica: Replica) -> Tag {
        Tag { stamp, replica }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_follows_the_wall_clock_and_never_goes_back() {
        let first = Stamp::at_ms(1_000);
        assert_eq!(first.next(2_000), Stamp::at_ms(2_000));
        let ahead = Stamp::at_ms(5_000);
        assert!(ahead.next(1_000) > ahead, "a clock that went back does not take stamps back");
        assert_eq!(ahead.next(1_000).ms(), 5_000);
    }

    #[test]
    fn tags_order_by_stamp_then_replica() {
        let low = Replica { node: 1, epoch: 9 };
        let high = Replica { node: 2, epoch: 0 };
        assert!(Tag::new(Stamp(5), high) < Tag::new(Stamp(6), low));
        assert!(Tag::new(Stamp(5), low) < Tag::new(Stamp(5), high));
        assert!(Tag::NEVER < Tag::new(Stamp(1), Replica::NOBODY));
    }
}
