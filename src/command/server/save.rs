//! Snapshots: BGSAVE, SAVE, LASTSAVE, BGREWRITEAOF.

use super::{ALWAYS, BASE};
use crate::command::table::{Command, Flags};
use crate::command::{After, Call, CommandError};
use crate::node::Snapshots;

const SAVING: Flags = Flags::ADMIN.or(Flags::NOSCRIPT).or(Flags::NO_ASYNC_LOADING);

pub const BGSAVE: Command = Command {
    name: "bgsave",
    arity: -1,
    flags: SAVING,
    since: "1.0.0",
    summary: "Asynchronously saves the database(s) to disk.",
    syntax: "[SCHEDULE]",
    run: bgsave,
    ..BASE
};

pub const BGREWRITEAOF: Command = Command {
    name: "bgrewriteaof",
    arity: 1,
    flags: SAVING,
    since: "1.0.0",
    summary: "Asynchronously rewrites the append-only file to disk.",
    run: bgrewriteaof,
    ..BASE
};

pub const SAVE: Command = Command {
    name: "save",
    arity: 1,
    flags: SAVING.or(Flags::NO_MULTI),
    since: "1.0.0",
    summary: "Synchronously saves the database(s) to disk.",
    complexity: "O(N) where N is the total number of keys in all databases",
    run: save,
    ..BASE
};

pub const LASTSAVE: Command = Command {
    name: "lastsave",
    arity: 1,
    flags: ALWAYS.or(Flags::FAST).or(Flags::DANGEROUS),
    since: "1.0.0",
    summary: "Returns the Unix timestamp of the last successful save to disk.",
    run: lastsave,
    ..BASE
};

const MEMORY_ONLY: CommandError =
    CommandError::fixed("ERR this node keeps its data in memory only: see appendonly");
const IN_PROGRESS: CommandError = CommandError::fixed("ERR Background save already in progress");
const REWRITING: CommandError =
    CommandError::fixed("ERR Background append only file rewriting already in progress");

fn snapshots<'n>(call: &Call<'n, '_>) -> Result<&'n Snapshots, CommandError> {
    Ok(&call.node.disk.as_ref().ok_or(MEMORY_ONLY)?.snapshots)
}

/// Has the disk's thread begin one; its number.
fn begin(call: &Call<'_, '_>, in_progress: CommandError) -> Result<u64, CommandError> {
    let number = snapshots(call)?.want().ok_or(in_progress)?;
    call.node.disk.iter().for_each(|disk| disk.want());
    Ok(number)
}

/// One that is taken already is what SCHEDULE waits for in Redis; here it is told of in the same way.
fn bgsave(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let schedules = match call.args.len() {
        1 => false,
        2 if call.args[1].eq_ignore_ascii_case(b"schedule") => true,
        _ => return Err(CommandError::SYNTAX),
    };
    match begin(call, IN_PROGRESS) {
        Ok(_) => call.reply.simple("Background saving started"),
        Err(error) if error == IN_PROGRESS && schedules => {
            call.reply.simple("Background saving scheduled");
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// What makes the log short here is a snapshot.
fn bgrewriteaof(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    begin(call, REWRITING)?;
    call.reply.simple("Background append only file rewriting started");
    Ok(())
}

/// Only its own client waits.
fn save(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.session.after = After::AwaitSnapshot(begin(call, IN_PROGRESS)?);
    Ok(())
}

fn lastsave(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let saved_s = match &call.node.disk {
        Some(disk) => disk.snapshots.get().saved_s,
        None => call.node.started_ms / 1000,
    };
    call.reply.integer(saved_s.cast_signed());
    Ok(())
}
