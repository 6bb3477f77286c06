//! When a life of a key ends.

use crate::base::Tag;

/// A last-writer-wins register of an absolute time. EXPIRE, PERSIST and SET write it; DEL forgets
/// what it saw of it.
///
/// A forgotten end is the same as none: of one tag, none wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeadlineRegister {
    tag: Tag,
    at_ms: Option<u64>,
}

impl DeadlineRegister {
    /// A register written once.
    #[must_use]
    pub fn written(tag: Tag, at_ms: Option<u64>) -> DeadlineRegister {
        DeadlineRegister { tag, at_ms }
    }

    /// Unix milliseconds of the end, if it has one.
    #[must_use]
    pub fn at_ms(&self) -> Option<u64> {
        self.at_ms
    }

    /// When it was written.
    #[must_use]
    pub fn tag(&self) -> Tag {
        self.tag
    }

    /// Whether the end lies at or before `now_ms`.
    #[must_use]
    pub fn is_past(&self, now_ms: u64) -> bool {
        self.at_ms.is_some_and(|at_ms| at_ms <= now_ms)
    }

    pub fn write(&mut self, tag: Tag, at_ms: Option<u64>) {
        self.tag = tag;
        self.at_ms = at_ms;
    }

    /// Forgets the end that is seen here.
    pub fn forget(&mut self) {
        self.at_ms = None;
    }

    /// The later word; of one, forgotten if either is.
    pub fn merge(&mut self, other: &DeadlineRegister) {
        if other.tag > self.tag {
            *self = *other;
        } else if other.tag == self.tag && other.at_ms.is_none() {
            self.at_ms = None;
        }
    }
}
