//! docs/commands.md, made from the table.

use super::registry::{self, Entry};
use super::table::{Flags, Group};
use std::fmt::Write;

const HEAD: &str = "# Commands

<!-- Made from the command table: `UPDATE_EXPECT=1 cargo test --test docs` writes this file. -->

Commands answer as those of Redis 7.2 do, with the options, replies and error texts documented there.
`since` is the version of Redis that had a command first, or of Headcount where Redis has none.
`COMMAND DOCS` tells the same, with the synopsis as a tree of arguments.
";

/// The groups in the order of the document.
const GROUPS: &[(Group, &str)] = &[
    (Group::String, "Counters and strings"),
    (Group::Bitmap, "Bitmaps"),
    (Group::HyperLogLog, "HyperLogLog"),
    (Group::Generic, "Keys"),
    (Group::Set, "Sets"),
    (Group::Hash, "Hashes"),
    (Group::SortedSet, "Sorted sets"),
    (Group::Connection, "Connection"),
    (Group::Server, "Server"),
    (Group::Cluster, "Cluster"),
    (Group::Transactions, "Transactions"),
    (Group::PubSub, "Channels"),
];

/// The document.
#[must_use]
pub fn markdown() -> String {
    let mut text = HEAD.to_owned();
    for (group, title) in GROUPS {
        text.push_str(&format!("\n## {title}\n"));
        let mut entries: Vec<&Entry> =
            registry::commands().filter(|entry| entry.command.group == *group).collect();
        entries.sort_by_key(|entry| entry.command.name);
        for entry in entries {
            text.push_str(&section(entry));
            entry.subcommands().for_each(|subcommand| text.push_str(&section(subcommand)));
        }
    }
    text
}

/// One command; a container that does nothing alone is not shown, its subcommands are.
fn section(entry: &Entry) -> String {
    let command = entry.command;
    if !command.subcommands.is_empty() && command.arity != -1 {
        return String::new();
    }
    let name = entry.full_name.replace('|', " ").to_ascii_uppercase();
    let synopsis = format!("{name} {}", command.syntax);
    let mut text =
        format!("\n### {name}\n\n    {}\n\n{}\n", synopsis.trim_end(), sentence(command.summary));
    let mut facts = vec![command.complexity.to_owned(), format!("since {}", command.since)];
    let flags = shown_flags(command.flags);
    if !flags.is_empty() {
        facts.push(flags);
    }
    // Writing to a string cannot fail.
    let _ = writeln!(text, "*{}*", facts.join(" · ").replace('*', "\\*"));
    text
}

fn sentence(text: &str) -> String {
    format!("{}.", text.trim_end_matches('.'))
}

fn shown_flags(flags: Flags) -> String {
    flags.names().join(", ")
}
