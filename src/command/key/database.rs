//! SELECT, SWAPDB, FLUSHDB, FLUSHALL: databases as a whole.

use super::index::{database, databases, every_database, existing, number};
use crate::command::table::{Command, Flags, Group, Reach};
use crate::command::{Args, Call, CommandError};

pub const SELECT: Command = Command {
    name: "select",
    arity: 2,
    flags: Flags::LOADING.or(Flags::STALE).or(Flags::FAST),
    keys: &[],
    reach: Reach::Keys,
    group: Group::Connection,
    since: "1.0.0",
    summary: "Changes the selected database.",
    complexity: "O(1)",
    syntax: "index",
    subcommands: &[],
    run: select,
};

pub const SWAPDB: Command = Command {
    name: "swapdb",
    arity: 3,
    flags: Flags::WRITE.or(Flags::FAST).or(Flags::DANGEROUS),
    keys: &[],
    reach: Reach::Whole,
    group: Group::Server,
    since: "4.0.0",
    summary: "Swaps two Redis databases.",
    complexity: "O(N) where N is the number of keys in both databases.",
    syntax: "index1 index2",
    subcommands: &[],
    run: swapdb,
};

pub const FLUSHDB: Command = Command {
    name: "flushdb",
    arity: -1,
    flags: Flags::WRITE.or(Flags::DANGEROUS),
    keys: &[],
    reach: Reach::Whole,
    group: Group::Server,
    since: "1.0.0",
    summary: "Removes all keys from the current database.",
    complexity: "O(N) where N is the number of keys in the selected database",
    syntax: "[ASYNC | SYNC]",
    subcommands: &[],
    run: flushdb,
};

pub const FLUSHALL: Command = Command {
    name: "flushall",
    arity: -1,
    flags: Flags::WRITE.or(Flags::DANGEROUS),
    keys: &[],
    reach: Reach::Whole,
    group: Group::Server,
    since: "1.0.0",
    summary: "Removes all keys from all databases.",
    complexity: "O(N) where N is the total number of keys in all databases",
    syntax: "[ASYNC | SYNC]",
    subcommands: &[],
    run: flushall,
};

fn select(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let index = database(&call.args[1], databases(call))?;
    call.session.select(index);
    call.reply.ok();
    Ok(())
}

fn swapdb(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (first, second) = parse_swap(call.args, databases(call))?;
    if first != second {
        call.keys.notify_all_changed();
        call.keys.swap(first, second);
    }
    call.reply.ok();
    Ok(())
}

/// Both are read before either is looked for.
fn parse_swap(args: Args<'_>, databases: u32) -> Result<(u16, u16), CommandError> {
    const INVALID_FIRST: CommandError = CommandError::fixed("ERR invalid first DB index");
    const INVALID_SECOND: CommandError = CommandError::fixed("ERR invalid second DB index");
    let first = number(&args[1]).map_err(|_| INVALID_FIRST)?;
    let second = number(&args[2]).map_err(|_| INVALID_SECOND)?;
    Ok((existing(first, databases)?, existing(second, databases)?))
}

fn flushdb(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    choose_who_frees(call)?;
    call.keys.notify_all_changed();
    call.keys.flush(call.session.db);
    call.reply.ok();
    Ok(())
}

fn flushall(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    choose_who_frees(call)?;
    call.keys.notify_all_changed();
    for db in every_database(call) {
        call.keys.flush(db);
    }
    call.reply.ok();
    Ok(())
}

/// ASYNC or SYNC, or as the configuration says. Keys are gone at once either way.
fn choose_who_frees(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let later = match (call.args.get(1), call.args.len()) {
        (None, _) => call.node.config().lazyfree_lazy.user_flush,
        (Some(option), 2) if option.eq_ignore_ascii_case(b"async") => true,
        (Some(option), 2) if option.eq_ignore_ascii_case(b"sync") => false,
        _ => return Err(CommandError::SYNTAX),
    };
    if later {
        call.keys.free_later();
    }
    Ok(())
}
