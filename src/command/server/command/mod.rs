//! COMMAND: what commands there are, all of it from the table.

pub mod arguments;
mod describe;
mod docs;
mod keys;
mod list;

use super::{ALWAYS, BASE, HELP};
use crate::command::registry;
use crate::command::table::Command;
use crate::command::{Call, CommandError, reply_help};

pub const COMMAND: Command = Command {
    name: "command",
    arity: -1,
    flags: ALWAYS,
    since: "2.8.13",
    summary: "Returns detailed information about all commands.",
    complexity: "O(N) where N is the total number of Redis commands",
    subcommands: &[
        COUNT,
        docs::DOCS,
        keys::GETKEYS,
        keys::GETKEYSANDFLAGS,
        Command { since: "5.0.0", run: help, ..HELP },
        describe::INFO,
        list::LIST,
    ],
    run: describe::all,
    ..BASE
};

const COUNT: Command = Command {
    name: "count",
    arity: 2,
    flags: ALWAYS,
    since: "2.8.13",
    summary: "Returns a count of commands.",
    run: count,
    ..BASE
};

fn count(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.reply.integer(registry::commands().count() as i64);
    Ok(())
}

fn help(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    reply_help(
        call,
        "COMMAND",
        &[
            "(no subcommand)",
            "    Return details about all Redis commands.",
            "COUNT",
            "    Return the total number of commands in this Redis server.",
            "LIST",
            "    Return a list of all commands in this Redis server.",
            "INFO [<command-name> ...]",
            "    Return details about multiple Redis commands.",
            "    If no command names are given, documentation details for all",
            "    commands are returned.",
            "DOCS [<command-name> ...]",
            "    Return documentation details about multiple Redis commands.",
            "    If no command names are given, documentation details for all",
            "    commands are returned.",
            "GETKEYS <full-command>",
            "    Return the keys from a full Redis command.",
            "GETKEYSANDFLAGS <full-command>",
            "    Return the keys and the access flags from a full Redis command.",
        ],
    );
    Ok(())
}
