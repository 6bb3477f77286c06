//! Names of keys and of set members.

use compact_bytes::CompactBytes;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

/// A name, any bytes: 24 bytes in place, and no heap of its own up to 23 bytes. Most names of keys
/// (`counter:000000000001`) are no longer, and one that is looked at with its entry costs no cache
/// miss of its own.
#[derive(Clone, Default)]
pub struct Name(CompactBytes);

impl Name {
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Name {
        Name(CompactBytes::new(bytes))
    }

    /// Bytes of heap that it holds.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        if self.0.spilled() { self.0.capacity() } else { 0 }
    }
}

impl Deref for Name {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.0.as_slice()
    }
}

impl Borrow<[u8]> for Name {
    fn borrow(&self) -> &[u8] {
        self
    }
}

// All as of the bytes, which `Borrow` promises.

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        **self == **other
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Name) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Name) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::hash::{NameHasher, hash_name};
    use std::hash::BuildHasher;

    #[test]
    fn a_name_is_its_bytes() {
        assert_eq!(size_of::<Name>(), 24);
        for len in [0, 1, 15, 16, 22, 23, 24, 25, 100] {
            let bytes: Vec<u8> = (0..len).map(|byte| 255 - byte).collect();
            let name = Name::from_slice(&bytes);
            assert_eq!(*name, *bytes);
            assert_eq!(name.heap_bytes() > 0, len > 23, "{len}");
            assert_eq!(NameHasher::default().hash_one(&name), hash_name(&bytes));
            assert_eq!(name.clone(), name);
        }
        assert!(Name::from_slice(b"a") < Name::from_slice(b"aa"));
    }
}
