//! HSCAN.

use crate::command::scan_options::{ScanOptions, parse_cursor};
use crate::command::{Call, CommandError};

pub(super) fn hscan(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let cursor = parse_cursor(&call.args[2])?;
    let Some(hash) = call.keys.hash(call.key(1))? else {
        // Of a missing key Redis does not even read the options.
        call.reply.array(2);
        call.reply.bulk(b"0");
        call.reply.array(0);
        return Ok(());
    };
    let options = ScanOptions::of_fields(call.args, 3)?;
    // Redis returns a packed hash whole, and clients know that one call is enough.
    let packed = call.node.config().encodings.hash_max_listpack_entries;
    let packed = usize::try_from(packed).unwrap_or(usize::MAX);
    let count = if hash.len() <= packed { hash.len() } else { options.count };
    let (next, mut names) = hash.scan(cursor, count);
    names.retain(|name| options.wants_name(name));
    call.reply.array(2);
    call.reply.bulk(itoa::Buffer::new().format(next).as_bytes());
    call.reply.array(if options.names_only { names.len() } else { 2 * names.len() });
    for name in names {
        call.reply.bulk(name);
        if !options.names_only {
            call.reply.bulk(hash.get(name).as_deref().unwrap_or_default());
        }
    }
    Ok(())
}
