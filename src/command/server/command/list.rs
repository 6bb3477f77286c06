//! COMMAND LIST.

use super::super::{ALWAYS, BASE};
use crate::base::glob;
use crate::command::categories::categories;
use crate::command::registry::{self, Entry};
use crate::command::table::Command;
use crate::command::{Args, Call, CommandError};

pub const LIST: Command = Command {
    name: "list",
    flags: ALWAYS,
    since: "7.0.0",
    summary: "Returns a list of command names.",
    complexity: "O(N) where N is the total number of Redis commands",
    syntax: "[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]",
    run: list,
    ..BASE
};

/// Which commands, and subcommands, are listed.
enum Filter<'a> {
    All,
    Category(&'a [u8]),
    Pattern(&'a [u8]),
    /// There are no modules.
    Module,
}

fn list(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let filter = parse(call.args)?;
    let listed: Vec<&Entry> =
        registry::all().iter().filter(|entry| passes(entry, &filter)).collect();
    call.reply.array(listed.len());
    for entry in listed {
        call.reply.bulk(entry.full_name.as_bytes());
    }
    Ok(())
}

fn parse(args: Args<'_>) -> Result<Filter<'_>, CommandError> {
    let Some(option) = args.get(2) else { return Ok(Filter::All) };
    if args.len() != 5 || !option.eq_ignore_ascii_case(b"filterby") {
        return Err(CommandError::SYNTAX);
    }
    let value = args.get(4).unwrap_or_default();
    match args[3].to_ascii_lowercase().as_slice() {
        b"aclcat" => Ok(Filter::Category(value)),
        b"pattern" => Ok(Filter::Pattern(value)),
        b"module" => Ok(Filter::Module),
        _ => Err(CommandError::SYNTAX),
    }
}

fn passes(entry: &Entry, filter: &Filter<'_>) -> bool {
    match filter {
        Filter::All => true,
        Filter::Category(name) => {
            categories(entry).iter().any(|own| own.as_bytes().eq_ignore_ascii_case(name))
        }
        Filter::Pattern(pattern) => glob::matches(pattern, entry.full_name.as_bytes(), true),
        Filter::Module => false,
    }
}
