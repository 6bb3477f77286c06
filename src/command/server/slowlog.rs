//! SLOWLOG: the last requests that took long.

use super::{ALWAYS, BASE, HELP};
use crate::base::number::parse_i64;
use crate::command::table::{Command, Flags};
use crate::command::{Call, CommandError, reply_help, subcommand_refused};

pub const SLOWLOG: Command = Command {
    name: "slowlog",
    since: "2.2.12",
    summary: "A container for slow log commands.",
    complexity: "Depends on subcommand.",
    subcommands: &[GET, Command { since: "6.2.0", run: help, ..HELP }, LEN, RESET],
    run: help,
    ..BASE
};

const FLAGS: Flags = ALWAYS.or(Flags::ADMIN);
/// How many entries SLOWLOG GET shows unless it is told.
const SHOWN: usize = 10;

const GET: Command = Command {
    name: "get",
    flags: FLAGS,
    since: "2.2.12",
    summary: "Returns the slow log's entries.",
    complexity: "O(N) where N is the number of entries returned",
    syntax: "[count]",
    run: get,
    ..BASE
};

const LEN: Command = Command {
    name: "len",
    arity: 2,
    flags: FLAGS,
    since: "2.2.12",
    summary: "Returns the number of entries in the slow log.",
    run: len,
    ..BASE
};

const RESET: Command = Command {
    name: "reset",
    arity: 2,
    flags: FLAGS,
    since: "2.2.12",
    summary: "Clears all entries from the slow log.",
    complexity: "O(N) where N is the number of entries in the slowlog",
    run: reset,
    ..BASE
};

fn get(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let count = match call.args.len() {
        2 => SHOWN,
        3 => count(&call.args[2])?,
        _ => return Err(subcommand_refused("SLOWLOG", &call.args[1])),
    };
    let entries = call.node.slowlog.newest(count);
    call.reply.array(entries.len());
    for entry in entries {
        call.reply.array(6);
        call.reply.integer(entry.id.cast_signed());
        call.reply.integer(entry.unix_seconds.cast_signed());
        call.reply.integer(entry.duration_us.cast_signed());
        call.reply.array(entry.arguments.len());
        for argument in &entry.arguments {
            call.reply.bulk(argument);
        }
        call.reply.bulk(entry.client_addr.as_bytes());
        call.reply.bulk(entry.client_name.as_bytes());
    }
    Ok(())
}

fn count(text: &[u8]) -> Result<usize, CommandError> {
    match parse_i64(text) {
        Some(-1) => Ok(usize::MAX),
        Some(count @ 0..) => Ok(usize::try_from(count).unwrap_or(usize::MAX)),
        _ => Err(CommandError::fixed("ERR count should be greater than or equal to -1")),
    }
}

fn len(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.reply.integer(call.node.slowlog.len() as i64);
    Ok(())
}

fn reset(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.node.slowlog.reset();
    call.reply.ok();
    Ok(())
}

fn help(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    reply_help(
        call,
        "SLOWLOG",
        &[
            "GET [<count>]",
            "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
            "    Entries are made of:",
            "    id, timestamp, time in microseconds, arguments array, client IP and port,",
            "    client name",
            "LEN",
            "    Return the length of the slowlog.",
            "RESET",
            "    Reset the slowlog.",
        ],
    );
    Ok(())
}
