//! The deadline of a key, and the event of its change, for the commands of keys and of strings.

use crate::store::{EventClasses, KeyRef, Keys};

/// Has a key end at `at_ms`, or not by itself; true when it was there. One that has passed deletes it.
pub fn end_at(keys: &mut Keys<'_>, key: KeyRef<'_>, at_ms: Option<u64>) -> bool {
    let was_there = keys.set_deadline(key, at_ms);
    if was_there {
        let event = match at_ms {
            None => "persist",
            Some(at_ms) if at_ms <= keys.now_ms() => "del",
            Some(_) => "expire",
        };
        keys.notify(EventClasses::GENERIC, event, key);
    }
    was_there
}
