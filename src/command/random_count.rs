//! What SRANDMEMBER, HRANDFIELD and ZRANDMEMBER are asked for.

use super::{Call, CommandError};
use crate::resp::ReplyWriter;

/// Redis's bounds: the least integer has no absolute value among them.
const COUNT_OUT_OF_RANGE: CommandError = CommandError::fixed(
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
);
/// In pairs twice as many are replied.
const PAIRS_OUT_OF_RANGE: CommandError = CommandError::fixed("ERR value is out of range");

/// A negative count asks for as long a reply as it likes. It gets what the longest string may have;
/// Redis would go on until its memory is used up.
const MAX_REPEATED_BYTES: usize = 512 << 20;
const TOO_MANY_REPEATED: CommandError =
    CommandError::fixed("ERR value is out of range, the reply would be longer than 512 MiB");
/// An empty member's bytes in the reply: `$0\r\n\r\n`.
const SHORTEST_BULK_BYTES: usize = 6;

/// So many, each at most once, or as often as it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picks {
    Distinct(usize),
    Repeated(usize),
}

/// The count behind the key, and whether `word` stands behind it, which asks for pairs.
///
/// # Errors
/// As Redis says them.
pub fn parse(call: &Call<'_, '_>, word: Option<&[u8]>) -> Result<(Picks, bool), CommandError> {
    let count = call.integer(2)?;
    if count == i64::MIN {
        return Err(COUNT_OUT_OF_RANGE);
    }
    let in_pairs = match (call.args.get(3), word) {
        (None, _) => false,
        (Some(said), Some(word)) if call.args.len() == 4 && said.eq_ignore_ascii_case(word) => true,
        _ => return Err(CommandError::SYNTAX),
    };
    if in_pairs && count.unsigned_abs() > i64::MAX.unsigned_abs() / 2 {
        return Err(PAIRS_OUT_OF_RANGE);
    }
    let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    Ok((if count < 0 { Picks::Repeated(size) } else { Picks::Distinct(size) }, in_pairs))
}

/// Has `show` write `count` draws behind the `head`.
///
/// # Errors
/// The reply becomes too long.
pub fn repeat(
    reply: &mut ReplyWriter<'_>,
    count: usize,
    head: impl FnOnce(&mut ReplyWriter<'_>),
    mut show: impl FnMut(&mut ReplyWriter<'_>),
) -> Result<(), CommandError> {
    if count > MAX_REPEATED_BYTES / SHORTEST_BULK_BYTES {
        return Err(TOO_MANY_REPEATED);
    }
    let start = reply.len();
    head(reply);
    for _ in 0..count {
        show(reply);
        if reply.len() - start > MAX_REPEATED_BYTES {
            return Err(TOO_MANY_REPEATED);
        }
    }
    Ok(())
}
