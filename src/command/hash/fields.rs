//! `FIELDS numfields field …`, as the commands about fields' deadlines have it.

use crate::base::number::parse_i64;
use crate::command::{Args, CommandError};

const MISSING: CommandError =
    CommandError::fixed("ERR Mandatory argument FIELDS is missing or not at the right position");
const MISMATCH: CommandError =
    CommandError::fixed("ERR The `numfields` parameter must match the number of arguments");
pub(super) const NOT_POSITIVE: CommandError =
    CommandError::fixed("ERR Number of fields must be a positive integer");
/// The same of HEXPIRE and its siblings.
pub(super) const NOT_ABOVE_0: CommandError =
    CommandError::fixed("ERR Parameter `numFields` should be greater than 0");

/// Latest time in milliseconds that Redis lets a field live until, so that all nodes of a version agree.
const LATEST_MS: u64 = 0xffff_ffff_fffe >> 2;

/// The fields that are named from argument `at` on, where FIELDS stands. `no_number`: what is said of a
/// number that is none, or below 1.
///
/// # Errors
/// FIELDS is not there, or the number is another one than that of the fields.
pub(super) fn named(
    args: Args<'_>,
    at: usize,
    no_number: CommandError,
) -> Result<Args<'_>, CommandError> {
    if !args.get(at).is_some_and(|word| word.eq_ignore_ascii_case(b"fields")) {
        return Err(MISSING);
    }
    let count =
        args.get(at + 1).and_then(parse_i64).filter(|count| *count >= 1).ok_or(no_number)?;
    let fields = args.from(at + 2);
    match usize::try_from(count).is_ok_and(|count| count == fields.len()) {
        true => Ok(fields),
        false => Err(MISMATCH),
    }
}

/// The Unix time in milliseconds that is `amount_ms` after `base_ms`, if a field may have it.
pub(super) fn deadline_ms(amount_ms: Option<i64>, base_ms: u64) -> Option<u64> {
    let at_ms = u64::try_from(amount_ms?).ok()?.checked_add(base_ms)?;
    (at_ms <= LATEST_MS).then_some(at_ms)
}
