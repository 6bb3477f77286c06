//! MEMORY: USAGE of one key, and the server's own use of memory.

use super::index::every_database;
use super::memory_report::{self, Value};
use super::{SECOND, memory_doctor};
use crate::command::help::reply_help;
use crate::command::table::{Command, Flags, Group, KeySpec, Reach};
use crate::command::{Args, Call, CommandError};

pub const MEMORY: Command = Command {
    name: "memory",
    arity: -2,
    summary: "A container for memory diagnostics commands.",
    complexity: "Depends on subcommand.",
    subcommands: &[DOCTOR, HELP, MALLOC_STATS, PURGE, STATS, USAGE],
    run: help,
    ..LOOKS_AT_SERVER
};

const DOCTOR: Command = Command {
    name: "doctor",
    summary: "Outputs a memory problems report.",
    run: doctor,
    ..LOOKS_AT_SERVER
};

const HELP: Command = Command {
    name: "help",
    flags: Flags::LOADING.or(Flags::STALE),
    summary: "Returns helpful text about the different subcommands.",
    run: help,
    ..LOOKS_AT_SERVER
};

const MALLOC_STATS: Command = Command {
    name: "malloc-stats",
    summary: "Returns the allocator statistics.",
    run: malloc_stats,
    ..LOOKS_AT_SERVER
};

const PURGE: Command = Command {
    name: "purge",
    summary: "Asks the allocator to release memory.",
    complexity: "Depends on how much memory is allocated, could be slow",
    run: purge,
    ..LOOKS_AT_SERVER
};

const STATS: Command = Command {
    name: "stats",
    reach: Reach::Browse,
    summary: "Returns details about memory usage.",
    run: stats,
    ..LOOKS_AT_SERVER
};

const USAGE: Command = Command {
    name: "usage",
    arity: -3,
    flags: Flags::READONLY,
    keys: &[KeySpec { place: SECOND, access: &["RO"] }],
    summary: "Estimates the memory usage of a key.",
    complexity: "O(N) where N is the number of members of a set.",
    syntax: "key [SAMPLES count]",
    run: usage,
    ..LOOKS_AT_SERVER
};

/// What the subcommands have in common.
const LOOKS_AT_SERVER: Command = Command {
    name: "",
    arity: 2,
    flags: Flags::NONE,
    keys: &[],
    reach: Reach::Keys,
    group: Group::Server,
    since: "4.0.0",
    summary: "",
    complexity: "O(1)",
    syntax: "",
    subcommands: &[],
    run: help,
};

fn usage(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    check_samples(call.args.from(3))?;
    match call.keys.memory_bytes(call.key(2))? {
        Some(bytes) => call.reply.integer(bytes as i64),
        None => call.reply.null(),
    }
    Ok(())
}

/// `SAMPLES count`, any number of times. The count changes nothing: sizes are known, not estimated.
fn check_samples(options: Args<'_>) -> Result<(), CommandError> {
    let mut rest = options.iter();
    while let Some(option) = rest.next() {
        let count = rest.next().ok_or(CommandError::SYNTAX)?;
        if !option.eq_ignore_ascii_case(b"samples") {
            return Err(CommandError::SYNTAX);
        }
        if crate::base::number::parse_i64(count).ok_or(CommandError::NOT_INTEGER)? < 0 {
            return Err(CommandError::SYNTAX);
        }
    }
    Ok(())
}

fn stats(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let keys = every_database(call).map(|db| call.keys.len(db) as u64).sum();
    let report = memory_report::report(&call.node.memory(), keys);
    call.reply.map(report.len());
    for (name, value) in report {
        call.reply.bulk(name.as_bytes());
        match value {
            Value::Count(count) => call.reply.integer(i64::try_from(count).unwrap_or(i64::MAX)),
            Value::Difference(difference) => call.reply.integer(difference),
            Value::Ratio(ratio) => call.reply.double(ratio),
        }
    }
    Ok(())
}

fn doctor(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let text = memory_doctor::diagnosis(&call.node.memory(), call.node.clients.len());
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

fn malloc_stats(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.reply.bulk(b"Stats not supported for the current allocator");
    Ok(())
}

fn purge(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.node.purge_memory();
    call.reply.ok();
    Ok(())
}

fn help(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let lines = [
        "DOCTOR",
        "    Return memory problems reports.",
        "MALLOC-STATS",
        "    Return internal statistics report from the memory allocator.",
        "PURGE",
        "    Attempt to purge dirty pages for reclamation by the allocator.",
        "STATS",
        "    Return information about the memory usage of the server.",
        "USAGE <key> [SAMPLES <count>]",
        "    Return memory in bytes used by <key> and its value. Nested values are",
        "    sampled up to <count> times (default: 5, 0 means sample all).",
    ];
    reply_help(call, "MEMORY", &lines);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::args::with_words;

    fn check(text: &str) -> Result<(), CommandError> {
        with_words(text, check_samples)
    }

    /// Against Redis 7.0.15: `MEMORY USAGE k …`.
    #[test]
    fn samples_are_checked_as_in_redis() {
        for fine in ["", "samples 0", "SAMPLES 5 samples 9223372036854775807"] {
            assert_eq!(check(fine), Ok(()), "{fine}");
        }
        for syntax in ["samples", "samples -1", "foo", "foo 1", "samples 1 foo"] {
            assert_eq!(check(syntax), Err(CommandError::SYNTAX), "{syntax}");
        }
        assert_eq!(check("samples x"), Err(CommandError::NOT_INTEGER));
    }
}
