//! ACL CAT: what rules can name.

use super::{BASE, OWN, at_most};
use crate::command::categories::{CATEGORIES, categories};
use crate::command::registry;
use crate::command::table::Command;
use crate::command::{Call, CommandError};

pub const CAT: Command = Command {
    name: "cat",
    arity: -2,
    flags: OWN,
    since: "6.0.0",
    summary: "Lists the ACL categories, or the commands inside a category.",
    complexity: "O(1) since the categories and commands are a fixed set.",
    syntax: "[category]",
    run: cat,
    ..BASE
};

/// Redis cuts what it quotes to so many bytes.
const QUOTED_MAX_BYTES: usize = 128;

fn cat(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    at_most(call, 3)?;
    let Some(wanted) = call.args.get(2) else {
        call.reply.array(CATEGORIES.len());
        CATEGORIES.iter().for_each(|name| call.reply.bulk(name.as_bytes()));
        return Ok(());
    };
    let known = CATEGORIES.iter().find(|name| name.as_bytes().eq_ignore_ascii_case(wanted));
    let category = known.ok_or_else(|| {
        let wanted = wanted.get(..QUOTED_MAX_BYTES).unwrap_or(wanted);
        let wanted = String::from_utf8_lossy(wanted);
        CommandError::text(format!("ERR Unknown category '{wanted}'"))
    })?;
    let found: Vec<_> =
        registry::all().iter().filter(|entry| categories(entry).contains(category)).collect();
    call.reply.array(found.len());
    found.iter().for_each(|entry| call.reply.bulk(entry.full_name.as_bytes()));
    Ok(())
}
