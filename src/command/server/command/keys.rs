//! COMMAND GETKEYS and GETKEYSANDFLAGS: which arguments of a request are keys.

use super::super::{ALWAYS, BASE};
use crate::command::key_access::access;
use crate::command::key_positions::positions;
use crate::command::registry;
use crate::command::table::{Command, KeySpec};
use crate::command::{Args, Call, CommandError};

pub const GETKEYS: Command = Command {
    name: "getkeys",
    arity: -3,
    flags: ALWAYS,
    since: "2.8.13",
    summary: "Extracts the key names from an arbitrary command.",
    complexity: "O(N) where N is the number of arguments to the command",
    syntax: "command [arg [arg ...]]",
    run: getkeys,
    ..BASE
};

pub const GETKEYSANDFLAGS: Command = Command {
    name: "getkeysandflags",
    since: "7.0.0",
    summary: "Extracts the key names and access flags for an arbitrary command.",
    run: getkeysandflags,
    ..GETKEYS
};

/// A key, and how it is accessed.
type Found<'a> = (&'a [u8], &'static [&'static str]);

fn getkeys(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let found = keys(call.args.from(2))?;
    call.reply.array(found.len());
    for (key, _) in found {
        call.reply.bulk(key);
    }
    Ok(())
}

fn getkeysandflags(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let found = keys(call.args.from(2))?;
    call.reply.array(found.len());
    for (key, access) in found {
        call.reply.array(2);
        call.reply.bulk(key);
        call.reply.set(access.len());
        for flag in access {
            call.reply.simple(flag);
        }
    }
    Ok(())
}

fn keys(request: Args<'_>) -> Result<Vec<Found<'_>>, CommandError> {
    let entry =
        registry::named(request).ok_or(CommandError::fixed("ERR Invalid command specified"))?;
    let command = entry.command;
    if !command.keys.iter().any(KeySpec::are_keys) {
        return Err(CommandError::fixed("ERR The command has no key arguments"));
    }
    let wanted = usize::from(command.arity.unsigned_abs());
    let fits = if command.arity < 0 { request.len() >= wanted } else { request.len() == wanted };
    if !fits {
        let text = "ERR Invalid number of arguments specified for command";
        return Err(CommandError::fixed(text));
    }
    let mut found = Vec::new();
    for spec in command.keys.iter().filter(|spec| spec.are_keys()) {
        for at in positions(*spec, request) {
            found.extend(request.get(at).map(|key| (key, access(command, spec, request))));
        }
    }
    if found.is_empty() {
        return Err(CommandError::fixed("ERR Invalid arguments specified for command"));
    }
    Ok(found)
}
