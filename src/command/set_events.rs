//! The events of what becomes of a set's members, for the commands of sets, and of keys with a member.

use crate::store::{AccessError, EventClasses, KeyRef, Keys};

/// Members were taken out, with which the set may be gone.
///
/// # Errors
/// As of any access.
pub fn removed(keys: &Keys<'_>, event: &'static str, key: KeyRef<'_>) -> Result<(), AccessError> {
    if keys.tells_events() {
        keys.notify(EventClasses::SET, event, key);
        let is_gone = !keys.exists(key)?;
        keys.notify_deleted(is_gone, key);
    }
    Ok(())
}
