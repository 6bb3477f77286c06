//! What a pattern of SORT names for an element.

use crate::store::{KeyRef, Keys, Kind};

/// `#` is the element; else it takes the place of the first `*`, and behind `->` stands a field of a hash.
pub fn lookup(keys: &Keys<'_>, db: u16, pattern: &[u8], element: &[u8]) -> Option<Vec<u8>> {
    if pattern == b"#" {
        return Some(element.to_vec());
    }
    let star = pattern.iter().position(|byte| *byte == b'*')?;
    let (before, after) = (&pattern[..star], &pattern[star + 1..]);
    let arrow = after.windows(2).position(|two| two == b"->").filter(|at| at + 2 < after.len());
    let (after, field) = match arrow {
        Some(at) => (&after[..at], Some(&after[at + 2..])),
        None => (after, None),
    };
    let name = [before, element, after].concat();
    let key = KeyRef::new(db, &name);
    match (keys.kind(key).ok()??, field) {
        (Kind::String, None) => Some(keys.text(key).ok()??.to_vec()),
        (Kind::Hash, Some(field)) => {
            let hash = keys.hash(key).ok()??;
            hash.get(field).map(|text| text.to_vec())
        }
        _ => None,
    }
}
