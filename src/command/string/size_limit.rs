//! How long a string may get.

use crate::command::{Call, CommandError};

const TOO_LONG: CommandError =
    CommandError::fixed("ERR string exceeds maximum allowed size (proto-max-bulk-len)");

/// The longest string in bytes: what `proto-max-bulk-len` says now.
pub(super) fn max_bytes(call: &Call<'_, '_>) -> u64 {
    call.node.config().proto_max_bulk_len_bytes
}

/// Refuses a string that `added` bytes from `offset` on would make too long.
///
/// # Errors
/// Redis's error about `proto-max-bulk-len`.
pub(super) fn check(call: &Call<'_, '_>, offset: u64, added: usize) -> Result<(), CommandError> {
    let fits = u64::try_from(added)
        .ok()
        .and_then(|added| offset.checked_add(added))
        .is_some_and(|total| total <= max_bytes(call));
    if fits { Ok(()) } else { Err(TOO_LONG) }
}
