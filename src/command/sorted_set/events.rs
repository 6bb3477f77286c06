//! The events of what becomes of sorted sets.

use crate::store::{AccessError, EventClasses, KeyRef, Keys};

/// Members were taken out, with which the set may be gone.
pub(super) fn removed(
    keys: &Keys<'_>,
    event: &'static str,
    key: KeyRef<'_>,
) -> Result<(), AccessError> {
    if keys.tells_events() {
        keys.notify(EventClasses::SORTED_SET, event, key);
        let is_gone = !keys.exists(key)?;
        keys.notify_deleted(is_gone, key);
    }
    Ok(())
}

/// …STORE: the key is replaced by these members, or deleted without any.
pub(super) fn store(
    keys: &mut Keys<'_>,
    event: &'static str,
    key: KeyRef<'_>,
    members: &[(Vec<u8>, f64)],
) {
    // The sources were read as a command reads that writes nothing.
    keys.notify_missed(true);
    let members_by_score = members.iter().map(|(name, score)| (&name[..], *score));
    let was_there = keys.replace_sorted(key, members_by_score);
    match members.is_empty() {
        true => keys.notify_deleted(was_there, key),
        false => keys.notify(EventClasses::SORTED_SET, event, key),
    }
}
