//! What a pattern of SORT names for an element.

use crate::store::{AccessError, KeyRef, Keys, Kind};

/// `#` is the element; else it takes the place of the first `*`, and behind `->` stands a field of a hash.
///
/// # Errors
/// [`AccessError::NeedsExclusive`], where something has expired there.
pub fn lookup(
    keys: &mut Keys<'_>,
    db: u16,
    pattern: &[u8],
    element: &[u8],
) -> Result<Option<Vec<u8>>, AccessError> {
    if pattern == b"#" {
        return Ok(Some(element.to_vec()));
    }
    let Some(star) = pattern.iter().position(|byte| *byte == b'*') else { return Ok(None) };
    let (before, after) = (&pattern[..star], &pattern[star + 1..]);
    let arrow = after.windows(2).position(|two| two == b"->").filter(|at| at + 2 < after.len());
    let (after, field) = match arrow {
        Some(at) => (&after[..at], Some(&after[at + 2..])),
        None => (after, None),
    };
    let name = [before, element, after].concat();
    let key = KeyRef::new(db, &name);
    // A scope of everything has settled nothing yet.
    if keys.all_exclusive() {
        keys.settle(key);
    }
    Ok(match (keys.kind(key)?, field) {
        (Some(Kind::String), None) => keys.text(key)?.map(|text| text.to_vec()),
        (Some(Kind::Hash), Some(field)) => {
            let hash = keys.hash(key)?;
            hash.and_then(|hash| hash.get(field).map(|text| text.to_vec()))
        }
        _ => None,
    })
}
