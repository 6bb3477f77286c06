//! The ACL categories of a command, which follow from its row but for a few.

use super::registry::{self, Entry};
use super::table::{Flags, Group, Reach};

/// Every category, in the order in which Redis lists those of a command.
pub const CATEGORIES: &[&str] = &[
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
];

/// What the rows do not tell.
const BESIDES: &[(&str, &[&str])] = &[
    ("asking", &["connection"]),
    ("command", &["connection"]),
    ("lastsave", &["admin", "dangerous"]),
    ("readonly", &["connection"]),
    ("readwrite", &["connection"]),
    ("role", &["admin", "dangerous"]),
    ("sort", &["set", "sortedset", "list", "dangerous"]),
    ("sort_ro", &["set", "sortedset", "list", "dangerous"]),
    ("wait", &["connection"]),
];

/// The categories of a command or subcommand.
#[must_use]
pub fn categories(entry: &Entry) -> Vec<&'static str> {
    CATEGORIES.iter().copied().filter(|category| belongs(entry, category)).collect()
}

fn belongs(entry: &Entry, category: &str) -> bool {
    let command = entry.command;
    let has = |flag| command.flags.has(flag);
    let of_group = |group| command.group == group && !is_container(entry);
    let follows = match category {
        "keyspace" => works_on_keyspace(entry),
        "read" => has(Flags::READONLY) && command.group != Group::Scripting,
        "write" => has(Flags::WRITE),
        "set" => of_group(Group::Set),
        "hash" => of_group(Group::Hash),
        "sortedset" => of_group(Group::SortedSet),
        "list" => of_group(Group::List),
        "string" => of_group(Group::String),
        "bitmap" => of_group(Group::Bitmap),
        "hyperloglog" => of_group(Group::HyperLogLog),
        "connection" => of_group(Group::Connection),
        "scripting" => of_group(Group::Scripting),
        "transaction" => of_group(Group::Transactions),
        "pubsub" => has(Flags::PUBSUB),
        "admin" => has(Flags::ADMIN),
        "fast" => has(Flags::FAST),
        "slow" => !has(Flags::FAST),
        "blocking" => has(Flags::BLOCKING),
        "dangerous" => has(Flags::ADMIN) || has(Flags::DANGEROUS),
        _ => false,
    };
    follows || besides(entry).contains(&category)
}

/// A command that only its subcommands run: it has no categories but its speed.
fn is_container(entry: &Entry) -> bool {
    !entry.command.subcommands.is_empty()
}

fn works_on_keyspace(entry: &Entry) -> bool {
    let command = entry.command;
    let touches = command.flags.has(Flags::READONLY) || command.flags.has(Flags::WRITE);
    match command.group {
        // SORT belongs to the types that it sorts.
        Group::Generic if command.reach == Reach::Patterns => false,
        Group::Generic => touches || entry.parent.is_some(),
        // DBSIZE, but not MEMORY USAGE, which Redis counts as a question to the server.
        Group::Server => {
            let browses = command.reach == Reach::Browse && command.flags.has(Flags::READONLY);
            command.flags.has(Flags::WRITE) || browses
        }
        _ => false,
    }
}

/// A subcommand has what is said of its container.
fn besides(entry: &Entry) -> &'static [&'static str] {
    let container = entry.parent.and_then(|parent| registry::all().get(parent));
    let name = container.unwrap_or(entry).command.name;
    BESIDES.iter().find(|(command, _)| *command == name).map_or(&[], |(_, categories)| categories)
}
