//! SSCAN.

use crate::command::scan_options::{ScanOptions, parse_cursor};
use crate::command::{Call, CommandError};
use crate::store::SetView;

/// A set of so few members comes in one page, whatever COUNT says: as in Redis, where such a set is
/// packed (`set-max-listpack-entries`) and clients know that one call is enough.
const WHOLE_LEN: usize = 128;

pub(super) fn sscan(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let cursor = parse_cursor(&call.args[2])?;
    let set = call.keys.set(call.key(1))?;
    // Of a missing key Redis does not even read the options.
    let (next, members) = match &set {
        Some(set) => page(set, cursor, ScanOptions::of_members(call.args, 3)?),
        None => (0, Vec::new()),
    };
    call.reply.array(2);
    call.reply.bulk(itoa::Buffer::new().format(next).as_bytes());
    call.reply.array(members.len());
    for member in members {
        call.reply.bulk(member);
    }
    Ok(())
}

fn page<'v>(set: &'v SetView<'_>, cursor: u64, options: ScanOptions<'_>) -> (u64, Vec<&'v [u8]>) {
    let count = if set.len() <= WHOLE_LEN { WHOLE_LEN } else { options.count };
    let (next, mut members) = set.scan(cursor, count);
    members.retain(|member| options.wants_name(member));
    (next, members)
}
