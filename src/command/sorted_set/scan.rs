//! ZSCAN.

use crate::base::double::{format_f64, format_f64_long};
use crate::command::encoding::is_packed;
use crate::command::scan_options::{ScanOptions, parse_cursor};
use crate::command::{Call, CommandError};
use crate::store::SortedView;

/// A page of a scan, and the cursor to go on from.
type Page<'v> = (u64, Vec<(&'v [u8], f64)>);

/// A set that Redis would pack comes in one page, whatever COUNT says: clients know that one call is enough.
/// Scores are written shorter in such a set, as in Redis.
pub(super) fn zscan(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let cursor = parse_cursor(&call.args[2])?;
    let set = call.keys.sorted(call.key(1))?;
    let config = call.node.config();
    let packed = set.as_ref().is_some_and(|set| is_packed(set, &config));
    // Of a missing key Redis does not even read the options.
    let (next, members) = match &set {
        Some(set) => page(set, cursor, packed, ScanOptions::of_members(call.args, 3)?),
        None => (0, Vec::new()),
    };
    call.reply.array(2);
    call.reply.bulk(itoa::Buffer::new().format(next).as_bytes());
    call.reply.array(2 * members.len());
    for (member, score) in members {
        call.reply.bulk(member);
        call.reply.bulk(&if packed { format_f64(score) } else { format_f64_long(score) });
    }
    Ok(())
}

fn page<'v>(
    set: &'v SortedView<'_>,
    cursor: u64,
    packed: bool,
    options: ScanOptions<'_>,
) -> Page<'v> {
    let (next, mut members) = match packed {
        true => (0, set.range(0..set.len()).collect()),
        false => set.scan(cursor, options.count),
    };
    members.retain(|(member, _)| options.wants_name(member));
    (next, members)
}
