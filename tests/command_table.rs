//! The command table against Redis's own: what COMMAND of redis-server 7.0.15 says of every command
//! that both have.
//!
//! Each line of the fixture is a command or subcommand: name, arity, flags, first key, last key, step,
//! ACL categories, tips.

use headcount::command::categories::categories;
use headcount::command::key_range::key_range;
use headcount::command::registry::{self, Entry};
use headcount::command::table::Command;
use headcount::command::tips::tips;
use std::collections::{BTreeSet, HashMap};

const REDIS: &str = include_str!("fixtures/redis_commands.txt");

/// Where our table says something else on purpose: the name and the column, with the reason.
const DIFFERENT: &[(&str, &str, &str)] = &[
    ("command|getkeys", "arity", "less by one since Redis 7.2"),
    ("command|getkeysandflags", "arity", "less by one since Redis 7.2"),
    ("ttl", "arity", "asks for a member too"),
    ("pttl", "arity", "asks for a member too"),
    ("persist", "arity", "takes a member too"),
    ("zrank", "arity", "takes WITHSCORE since Redis 7.2"),
    ("zrevrank", "arity", "takes WITHSCORE since Redis 7.2"),
    ("wait", "flags", "blocking since Redis 7.2"),
    ("wait", "categories", "blocking since Redis 7.2"),
];

fn redis() -> HashMap<&'static str, Vec<&'static str>> {
    let rows = REDIS.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    rows.map(|row| (row[0], row)).collect()
}

/// Names in any order: Redis orders them by history.
fn sorted(names: &str) -> BTreeSet<&str> {
    names.split(',').filter(|name| !["", "-"].contains(name)).collect()
}

fn differences(entry: &Entry, row: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |column: &str, ours: String, theirs: String| {
        let intended =
            |(name, there, _): &(&str, &str, &str)| *name == entry.full_name && *there == column;
        if ours != theirs && !DIFFERENT.iter().any(intended) {
            found.push(format!("{} {column}: {ours}, in Redis {theirs}", entry.full_name));
        }
    };
    let set = |names: &str| format!("{:?}", sorted(names));
    compare("arity", entry.command.arity.to_string(), row[1].to_owned());
    compare("flags", set(&entry.command.flags.names().join(",")), set(row[2]));
    compare(
        "keys",
        key_range(entry.command).map(|at| at.to_string()).join(" "),
        row[3..6].join(" "),
    );
    compare("categories", categories(entry).join(","), row[6].replace('-', ""));
    compare("tips", set(&tips(&entry.full_name).join(",")), set(row[7]));
    found
}

#[test]
fn rows_are_those_of_redis() {
    let redis = redis();
    let shared: Vec<_> = registry::all()
        .iter()
        .filter_map(|entry| Some((entry, redis.get(entry.full_name.as_str())?)))
        .collect();
    assert!(shared.len() > 60, "only {} commands are compared", shared.len());
    let found: Vec<String> =
        shared.iter().flat_map(|(entry, row)| differences(entry, row)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn names_are_found_in_any_letter_case() {
    for entry in registry::all() {
        let upper = entry.full_name.to_ascii_uppercase();
        let found = registry::find_full(upper.as_bytes()).map(|found| found.index);
        assert_eq!(found, Some(entry.index), "{upper}");
    }
    for unknown in ["", "nosuch", "config|nosuch", "get|get", "|", &"x".repeat(1000)] {
        assert!(registry::find_full(unknown.as_bytes()).is_none(), "{unknown}");
    }
}

#[test]
fn every_row_is_documented() {
    for entry in registry::all() {
        let Command { summary, since, complexity, name, .. } = entry.command;
        let complete = [summary, since, complexity, name].iter().all(|text| !text.is_empty());
        assert!(complete, "{}", entry.full_name);
        assert_eq!(*name, name.to_ascii_lowercase());
    }
}
