//! COMMAND and COMMAND INFO: rows as clients read them.

use super::super::{ALWAYS, BASE};
use crate::command::categories::categories;
use crate::command::key_range::key_range;
use crate::command::registry::{self, Entry};
use crate::command::table::{Command, KeySpec, Place};
use crate::command::tips::tips;
use crate::command::{Call, CommandError};
use crate::resp::ReplyWriter;

pub const INFO: Command = Command {
    name: "info",
    flags: ALWAYS,
    since: "2.8.13",
    summary: "Returns information about one, multiple or all commands.",
    complexity: "O(N) where N is the number of commands to look up",
    syntax: "[command-name [command-name ...]]",
    run: info,
    ..BASE
};

pub fn all(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.reply.array(registry::commands().count());
    for entry in registry::commands() {
        describe(&mut call.reply, entry);
    }
    Ok(())
}

fn info(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let names = call.args.from(2);
    if names.is_empty() {
        return all(call);
    }
    call.reply.array(names.len());
    for name in names.iter() {
        match registry::find_full(name) {
            Some(entry) => describe(&mut call.reply, entry),
            None => call.reply.null(),
        }
    }
    Ok(())
}

/// A subcommand's description holds none of subcommands, so this goes one level deep.
fn describe(reply: &mut ReplyWriter<'_>, entry: &Entry) {
    let command = entry.command;
    reply.array(10);
    reply.bulk(entry.full_name.as_bytes());
    reply.integer(command.arity.into());
    simple_set(reply, command.flags.names().iter());
    for number in key_range(command) {
        reply.integer(number.into());
    }
    let categories: Vec<String> =
        categories(entry).iter().map(|category| format!("@{category}")).collect();
    simple_set(reply, categories.iter());
    reply.set(tips(&entry.full_name).len());
    for tip in tips(&entry.full_name) {
        reply.bulk(tip.as_bytes());
    }
    reply.set(command.keys.len());
    for spec in command.keys {
        describe_keys(reply, spec, notes(&entry.full_name));
    }
    // As Redis has it: an empty set, or an array.
    match command.subcommands.len() {
        0 => reply.set(0),
        count => reply.array(count),
    }
    for subcommand in entry.subcommands() {
        describe(reply, subcommand);
    }
}

fn simple_set(reply: &mut ReplyWriter<'_>, names: impl ExactSizeIterator<Item = impl AsRef<str>>) {
    reply.set(names.len());
    for name in names {
        reply.simple(name.as_ref());
    }
}

/// What Redis remarks on how a command accesses its key.
fn notes(full_name: &str) -> Option<&'static str> {
    match full_name {
        "getex" => Some("RW and UPDATE because it changes the TTL"),
        "set" => Some("RW and ACCESS due to the optional `GET` argument"),
        _ => None,
    }
}

/// Why it is not told where a command's keys stand.
fn unknown_notes(spec: &KeySpec) -> Option<&'static str> {
    match spec.place {
        Place::Unknown => Some(
            "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the \
             content of the key we sort",
        ),
        Place::StoreOption => Some(
            "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere \
             in the argument array",
        ),
        Place::Nested { .. } => Some("Those of the command that is run."),
        Place::Range { .. } | Place::Counted { .. } => None,
    }
}

/// How Redis names what cannot be told.
const UNKNOWN: &str = "unknown";

fn describe_keys(reply: &mut ReplyWriter<'_>, spec: &KeySpec, notes: Option<&str>) {
    let notes = unknown_notes(spec).or(notes);
    let (index, kind) = match spec.place {
        Place::Range { first, .. } => (first, "range"),
        Place::Counted { at } => (at, "keynum"),
        Place::StoreOption | Place::Nested { .. } | Place::Unknown => (0, UNKNOWN),
    };
    reply.map(3 + usize::from(notes.is_some()));
    if let Some(notes) = notes {
        reply.bulk(b"notes");
        reply.bulk(notes.as_bytes());
    }
    reply.bulk(b"flags");
    simple_set(reply, spec.access.iter());
    reply.bulk(b"begin_search");
    match kind {
        UNKNOWN => describe_step(reply, kind, &[]),
        _ => describe_step(reply, "index", &[("index", index.into())]),
    }
    reply.bulk(b"find_keys");
    match spec.place {
        Place::Range { first, last, step } => {
            // Redis counts the last key from the first one.
            let last = if last < 0 { last } else { last - first };
            let fields = [("lastkey", last.into()), ("keystep", step.into()), ("limit", 0)];
            describe_step(reply, kind, &fields);
        }
        Place::Counted { .. } => {
            let fields = [("keynumidx", 0), ("firstkey", 1), ("keystep", 1)];
            describe_step(reply, kind, &fields);
        }
        Place::StoreOption | Place::Nested { .. } | Place::Unknown => {
            describe_step(reply, kind, &[]);
        }
    }
}

fn describe_step(reply: &mut ReplyWriter<'_>, kind: &str, fields: &[(&str, i64)]) {
    reply.map(2);
    reply.bulk(b"type");
    reply.bulk(kind.as_bytes());
    reply.bulk(b"spec");
    reply.map(fields.len());
    for (name, value) in fields {
        reply.bulk(name.as_bytes());
        reply.integer(*value);
    }
}
