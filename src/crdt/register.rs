//! A last-writer-wins register that can be forgotten.

use crate::base::Tag;

/// The latest tag and, unless that one is forgotten, its value. DEL forgets the value whose tag it saw,
/// so a SET that it had not seen survives it.
///
/// The pair (tag, forgotten tag) in one: forgotten is what was seen, so the forgotten tag never passes
/// the latest one, and all that a later merge can observe is whether it has reached it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Register {
    tag: Tag,
    value: Option<Box<[u8]>>,
}

impl Register {
    /// A register written once, and its value, unless that is forgotten.
    #[must_use]
    pub fn written(tag: Tag, value: Option<Box<[u8]>>) -> Register {
        Register { tag, value }
    }

    /// The value and when it was written, unless it is forgotten or never was.
    #[must_use]
    pub fn get(&self) -> Option<(Tag, &[u8])> {
        self.value.as_ref().map(|value| (self.tag, &**value))
    }

    #[must_use]
    pub fn is_live(&self) -> bool {
        self.value.is_some()
    }

    /// The latest tag seen, of a forgotten value too.
    #[must_use]
    pub fn tag(&self) -> Tag {
        self.tag
    }

    /// Writes `value`; `tag` is later than what is there.
    pub fn write(&mut self, tag: Tag, value: Box<[u8]>) {
        self.tag = tag;
        self.value = Some(value);
    }

    /// Forgets the value that is seen here.
    pub fn forget(&mut self) {
        self.value = None;
    }

    /// Writes that there is no value, as if that were a value.
    #[cfg(feature = "planted")]
    pub fn write_nothing(&mut self, tag: Tag) {
        *self = Register { tag, value: None };
    }

    /// Drops what is known of forgotten values. Sound only once nothing can bring them back.
    pub fn collect(&mut self) {
        if self.value.is_none() {
            self.tag = Tag::NEVER;
        }
    }

    /// Only that the latest value is forgotten; blank when it is not.
    #[must_use]
    pub fn tombstone(&self) -> Register {
        let tag = if self.is_live() { Tag::NEVER } else { self.tag };
        Register { tag, value: None }
    }

    /// The later value; of one tag, forgotten if either is.
    pub fn merge(&mut self, other: &Register) {
        if other.tag > self.tag {
            *self = other.clone();
        } else if other.tag == self.tag && other.value.is_none() {
            self.value = None;
        }
    }
}
