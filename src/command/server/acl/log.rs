//! ACL LOG: what was refused.

use super::{ADMINISTRATION, BASE, at_most};
use crate::acl::Entry;
use crate::base::number::parse_i64;
use crate::command::table::Command;
use crate::command::{Call, CommandError};
use crate::node::clock;

pub const LOG: Command = Command {
    name: "log",
    arity: -2,
    flags: ADMINISTRATION,
    since: "6.0.0",
    summary: "Lists recent security events generated due to ACL rules.",
    complexity: "O(N) with N being the number of entries shown.",
    syntax: "[count | RESET]",
    run: log,
    ..BASE
};

const SHOWN: usize = 10;

fn log(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    at_most(call, 3)?;
    let count = match call.args.get(2) {
        None => SHOWN,
        Some(word) if word.eq_ignore_ascii_case(b"reset") => {
            call.node.access.clear_log();
            call.reply.ok();
            return Ok(());
        }
        Some(count) => {
            let count = parse_i64(count).ok_or(CommandError::NOT_INTEGER)?;
            usize::try_from(count).unwrap_or(0)
        }
    };
    let (entries, now_ms) = (call.node.access.log(count), clock::unix_ms());
    call.reply.array(entries.len());
    entries.iter().for_each(|entry| show(call, entry, now_ms));
    Ok(())
}

fn show(call: &mut Call<'_, '_>, entry: &Entry, now_ms: u64) {
    let (reply, denial) = (&mut call.reply, &entry.denial);
    reply.map(10);
    reply.bulk(b"count");
    reply.integer(entry.count.cast_signed());
    let texts = [
        ("reason", denial.reason.name().as_bytes()),
        ("context", denial.context.name().as_bytes()),
        ("object", &denial.object),
        ("username", &denial.user),
    ];
    for (name, text) in texts {
        reply.bulk(name.as_bytes());
        reply.bulk(text);
    }
    reply.bulk(b"age-seconds");
    reply.double(now_ms.saturating_sub(entry.updated_ms) as f64 / 1000.0);
    reply.bulk(b"client-info");
    reply.bulk(denial.client.as_bytes());
    let numbers = [
        ("entry-id", entry.id),
        ("timestamp-created", entry.created_ms),
        ("timestamp-last-updated", entry.updated_ms),
    ];
    for (name, number) in numbers {
        reply.bulk(name.as_bytes());
        reply.integer(number.cast_signed());
    }
}
