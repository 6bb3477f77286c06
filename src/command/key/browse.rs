//! KEYS, SCAN, RANDOMKEY, DBSIZE: looking through a database.

use crate::base::glob;
use crate::command::scan_options::{ScanOptions, parse_cursor};
use crate::command::table::{Command, Flags, Group, Reach};
use crate::command::{Call, CommandError};

pub const KEYS: Command = Command {
    name: "keys",
    arity: 2,
    flags: Flags::READONLY.or(Flags::DANGEROUS),
    keys: &[],
    reach: Reach::Whole,
    group: Group::Generic,
    since: "1.0.0",
    summary: "Returns all key names that match a pattern.",
    complexity: "O(N) with N being the number of keys in the database, under the assumption that the key names in the database and the given pattern have limited length.",
    syntax: "pattern",
    subcommands: &[],
    run: keys,
};

pub const SCAN: Command = Command {
    name: "scan",
    arity: -2,
    flags: Flags::READONLY,
    keys: &[],
    reach: Reach::Browse,
    group: Group::Generic,
    since: "2.8.0",
    summary: "Iterates over the key names in the database.",
    complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of keys in the database.",
    syntax: "cursor [MATCH pattern] [COUNT count] [TYPE type]",
    subcommands: &[],
    run: scan,
};

pub const RANDOMKEY: Command = Command {
    name: "randomkey",
    arity: 1,
    flags: Flags::READONLY,
    keys: &[],
    reach: Reach::Browse,
    group: Group::Generic,
    since: "1.0.0",
    summary: "Returns a random key name from the database.",
    complexity: "O(1)",
    syntax: "",
    subcommands: &[],
    run: randomkey,
};

pub const DBSIZE: Command = Command {
    name: "dbsize",
    arity: 1,
    flags: Flags::READONLY.or(Flags::FAST),
    keys: &[],
    reach: Reach::Browse,
    group: Group::Server,
    since: "1.0.0",
    summary: "Returns the number of keys in the database.",
    complexity: "O(1)",
    syntax: "",
    subcommands: &[],
    run: dbsize,
};

fn keys(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let pattern = &call.args[1];
    // The glob `*` does not match the empty name.
    let every = pattern == b"*";
    let deferred = call.reply.begin_deferred_array();
    let mut matching = 0;
    call.keys.for_each_name(call.session.db, &mut |name| {
        if every || glob::matches(pattern, name, false) {
            call.reply.bulk(name);
            matching += 1;
        }
    });
    call.reply.end_deferred(deferred, matching);
    Ok(())
}

fn scan(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let cursor = parse_cursor(&call.args[1])?;
    let options = ScanOptions::of_keys(call.args, 2)?;
    let mut wanted = |name: &[u8], kind| options.wants_key(name, kind);
    let page = call.keys.scan(call.session.db, cursor, options.count, &mut wanted);
    call.reply.array(2);
    call.reply.bulk(itoa::Buffer::new().format(page.cursor).as_bytes());
    call.reply.array(page.names.len());
    for name in &page.names {
        call.reply.bulk(name);
    }
    Ok(())
}

fn randomkey(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    match call.keys.random_name(call.session.db) {
        Some(name) => call.reply.bulk(&name),
        None => call.reply.null(),
    }
    Ok(())
}

fn dbsize(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let count = call.keys.len(call.session.db);
    call.reply.integer(count as i64);
    Ok(())
}
