//! A command's keys as one range, for clients that know nothing of key specs.

use super::table::{Command, Place};

/// The first key, the last (negative: from the end) and the step, as far as a range tells them; zeros
/// when it does not. Specs that follow one another are one range, as in Redis.
#[must_use]
pub fn key_range(command: &Command) -> [i16; 3] {
    let mut whole: Option<[i16; 3]> = None;
    for spec in command.keys {
        let Place::Range { first, last, step } = spec.place else { continue };
        whole = match whole {
            None => Some([first, last, step]),
            // The next spec goes on where this one ends: SMOVE, RENAME, SINTERSTORE.
            Some([start, end, step]) if end >= 0 && first == end + 1 => Some([start, last, step]),
            whole => whole,
        };
    }
    whole.unwrap_or_default()
}
