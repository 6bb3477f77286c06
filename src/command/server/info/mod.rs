//! INFO: what the server is and how it does, by section, with the field names of Redis.

mod commands;
mod memory;
mod persistence;
mod replication;
mod report;
mod sections;
mod stats;

use super::{ALWAYS, BASE};
use crate::command::table::{Command, Flags, Reach};
use crate::command::{Args, Call, CommandError};
use crate::node::Node;
use report::Report;

pub const INFO: Command = Command {
    name: "info",
    arity: -1,
    flags: ALWAYS.or(Flags::DANGEROUS),
    // It asks the engine, whose lock comes before those of keys.
    reach: Reach::Engine,
    since: "1.0.0",
    summary: "Returns information and statistics about the server.",
    syntax: "[section [section ...]]",
    run: info,
    ..BASE
};

/// A part of the report.
struct Section {
    /// As it is asked for, in lower case.
    name: &'static str,
    title: &'static str,
    /// Whether INFO without a section has it.
    default: bool,
    write: fn(&Node, &mut Report),
}

const fn section(
    name: &'static str,
    title: &'static str,
    default: bool,
    write: fn(&Node, &mut Report),
) -> Section {
    Section { name, title, default, write }
}

/// All sections, in Redis's order.
const SECTIONS: &[Section] = &[
    section("server", "Server", true, sections::server),
    section("clients", "Clients", true, sections::clients),
    section("memory", "Memory", true, memory::memory),
    section("persistence", "Persistence", true, persistence::persistence),
    section("stats", "Stats", true, stats::stats),
    section("replication", "Replication", true, replication::replication),
    section("cpu", "CPU", true, sections::cpu),
    section("modules", "Modules", true, |_, _| {}),
    section("commandstats", "Commandstats", false, commands::commandstats),
    section("errorstats", "Errorstats", true, commands::errorstats),
    section("latencystats", "Latencystats", false, commands::latencystats),
    section("cluster", "Cluster", true, sections::cluster),
    section("keyspace", "Keyspace", true, sections::keyspace),
];

fn info(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let names = call.args.from(1);
    let mut report = Report::default();
    for section in SECTIONS.iter().filter(|section| wanted(section, names)) {
        report.begin(section.title);
        (section.write)(call.node, &mut report);
    }
    call.reply.verbatim("txt", report.text().as_bytes());
    Ok(())
}

fn wanted(section: &Section, names: Args<'_>) -> bool {
    let names_it = |name: &[u8]| match name.to_ascii_lowercase().as_slice() {
        b"everything" | b"all" => true,
        b"default" => section.default,
        name => section.name.as_bytes() == name,
    };
    if names.is_empty() { section.default } else { names.iter().any(names_it) }
}
