//! COMMAND DOCS.

use super::super::{ALWAYS, BASE};
use super::arguments::{Argument, arguments};
use crate::command::history::{changes, deprecation};
use crate::command::registry::{self, Entry};
use crate::command::table::Command;
use crate::command::{Call, CommandError};
use crate::resp::ReplyWriter;

pub const DOCS: Command = Command {
    name: "docs",
    flags: ALWAYS,
    since: "7.0.0",
    summary: "Returns documentary information about one, multiple or all commands.",
    complexity: "O(N) where N is the number of commands to look up",
    syntax: "[command-name [command-name ...]]",
    run: docs,
    ..BASE
};

fn docs(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let names = call.args.from(2);
    let entries: Vec<&Entry> = if names.is_empty() {
        registry::commands().collect()
    } else {
        names.iter().filter_map(registry::find_full).collect()
    };
    Value::Commands(entries).write(&mut call.reply);
    Ok(())
}

/// A field of a description: its name and its value.
type Field<'a> = (&'static str, Value<'a>);

enum Value<'a> {
    Text(&'a str),
    Integer(i64),
    Flags(Vec<&'static str>),
    Changes(Vec<(&'static str, &'static str)>),
    Arguments(&'a [Argument]),
    Commands(Vec<&'a Entry>),
}

/// The field, if there is a value.
fn text<'a>(name: &'static str, value: Option<&'a str>) -> Option<Field<'a>> {
    value.map(|value| (name, Value::Text(value)))
}

/// The field, if any flag is set.
fn flags<'a>(name: &'static str, flags: Vec<&'static str>) -> Option<Field<'a>> {
    (!flags.is_empty()).then_some((name, Value::Flags(flags)))
}

impl Value<'_> {
    /// Subcommands have none of their own, and arguments nest as deep as a synopsis of the table.
    fn write(self, reply: &mut ReplyWriter<'_>) {
        match self {
            Value::Text(text) => reply.bulk(text.as_bytes()),
            Value::Integer(number) => reply.integer(number),
            Value::Flags(names) => {
                reply.set(names.len());
                names.iter().for_each(|name| reply.simple(name));
            }
            Value::Changes(changes) => {
                reply.set(changes.len());
                for (version, change) in changes {
                    reply.array(2);
                    reply.bulk(version.as_bytes());
                    reply.bulk(change.as_bytes());
                }
            }
            Value::Arguments(arguments) => {
                reply.array(arguments.len());
                arguments.iter().for_each(|argument| write_argument(reply, argument));
            }
            Value::Commands(entries) => {
                reply.map(entries.len());
                for entry in entries {
                    reply.bulk(entry.full_name.as_bytes());
                    write_command(reply, entry);
                }
            }
        }
    }
}

fn write_map<'a>(reply: &mut ReplyWriter<'_>, fields: impl IntoIterator<Item = Option<Field<'a>>>) {
    let fields: Vec<Field<'_>> = fields.into_iter().flatten().collect();
    reply.map(fields.len());
    for (name, value) in fields {
        reply.bulk(name.as_bytes());
        value.write(reply);
    }
}

fn write_command(reply: &mut ReplyWriter<'_>, entry: &Entry) {
    let command = entry.command;
    let deprecated = deprecation(&entry.full_name);
    let changes = changes(&entry.full_name);
    let arguments = arguments(entry);
    let subcommands: Vec<&Entry> = entry.subcommands().collect();
    write_map(
        reply,
        [
            text("summary", Some(command.summary)),
            text("since", Some(command.since)),
            text("group", Some(command.group.name())),
            text("complexity", Some(command.complexity)),
            flags("doc_flags", doc_flags(entry)),
            text("deprecated_since", deprecated.map(|it| it.since)),
            text("replaced_by", deprecated.map(|it| it.replaced_by)),
            (!changes.is_empty()).then_some(("history", Value::Changes(changes))),
            (!arguments.is_empty()).then_some(("arguments", Value::Arguments(&arguments))),
            (!subcommands.is_empty()).then_some(("subcommands", Value::Commands(subcommands))),
        ],
    );
}

fn doc_flags(entry: &Entry) -> Vec<&'static str> {
    let deprecated = deprecation(&entry.full_name).map(|_| "deprecated");
    // What only the server's own developers should use.
    let internal =
        ["debug", "pfdebug", "pfselftest"].contains(&entry.full_name.as_str()).then_some("syscmd");
    deprecated.into_iter().chain(internal).collect()
}

fn write_argument(reply: &mut ReplyWriter<'_>, argument: &Argument) {
    let key_spec = argument.key_spec.and_then(|index| i64::try_from(index).ok());
    let within = argument.arguments.as_slice();
    write_map(
        reply,
        [
            text("name", Some(&argument.name)),
            text("type", Some(argument.kind.name())),
            text("display_text", argument.display_text.as_deref()),
            key_spec.map(|index| ("key_spec_index", Value::Integer(index))),
            text("token", argument.token),
            text("since", argument.since),
            text("deprecated_since", argument.deprecated_since),
            flags("flags", argument.flags()),
            (!within.is_empty()).then_some(("arguments", Value::Arguments(within))),
        ],
    );
}
