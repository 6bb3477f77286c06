//! SCRIPT: which scripts are known, and the end of the one that runs.

use super::BASE;
use super::eval::load;
use crate::command::lua::digest;
use crate::command::table::{Command, Flags, Reach};
use crate::command::{Call, CommandError, reply_help, subcommand_refused};
use crate::node::NotKilled;

/// What the rows of the subcommands have in common.
const ROW: Command = Command {
    arity: 2,
    flags: Flags::NOSCRIPT,
    keys: &[],
    reach: Reach::Keys,
    complexity: "O(1)",
    ..BASE
};

pub const SCRIPT: Command = Command {
    name: "script",
    arity: -2,
    flags: Flags::NONE,
    summary: "A container for Lua scripts management commands.",
    complexity: "Depends on subcommand.",
    subcommands: &[DEBUG, EXISTS, FLUSH, HELP, KILL, LOAD],
    run: help,
    ..ROW
};

const DEBUG: Command = Command {
    name: "debug",
    arity: 3,
    since: "3.2.0",
    summary: "Sets the debug mode of server-side Lua scripts.",
    syntax: "<YES | SYNC | NO>",
    run: debug,
    ..ROW
};

const EXISTS: Command = Command {
    name: "exists",
    arity: -3,
    summary: "Determines whether server-side Lua scripts exist in the script cache.",
    complexity: "O(N) with N being the number of scripts to check (so checking a single script is an O(1) \
                 operation).",
    syntax: "sha1 [sha1 ...]",
    run: exists,
    ..ROW
};

const FLUSH: Command = Command {
    name: "flush",
    arity: -2,
    summary: "Removes all server-side Lua scripts from the script cache.",
    complexity: "O(N) with N being the number of scripts in cache",
    syntax: "[ASYNC | SYNC]",
    run: flush,
    ..ROW
};

const HELP: Command = Command {
    name: "help",
    flags: Flags::LOADING.or(Flags::STALE),
    since: "5.0.0",
    summary: "Returns helpful text about the different subcommands.",
    run: help,
    ..ROW
};

const KILL: Command = Command {
    name: "kill",
    flags: Flags::NOSCRIPT.or(Flags::ALLOW_BUSY),
    summary: "Terminates a server-side Lua script during execution.",
    run: kill,
    ..ROW
};

const LOAD: Command = Command {
    name: "load",
    arity: 3,
    flags: Flags::NOSCRIPT.or(Flags::STALE),
    summary: "Loads a server-side Lua script to the script cache.",
    complexity: "O(N) with N being the length in bytes of the script body.",
    syntax: "script",
    run: script_load,
    ..ROW
};

/// There is no debugger; to leave it is always possible.
fn debug(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let word = &call.args[2];
    if word.eq_ignore_ascii_case(b"no") {
        call.reply.ok();
        return Ok(());
    }
    if word.eq_ignore_ascii_case(b"yes") || word.eq_ignore_ascii_case(b"sync") {
        return Err(CommandError::fixed("ERR The debugger of scripts is not supported"));
    }
    Err(CommandError::fixed("ERR Use SCRIPT DEBUG YES/SYNC/NO"))
}

fn exists(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let scripts = &call.node.scripts;
    let words = call.args.from(2);
    call.reply.array(words.len());
    for word in words.iter() {
        let is_known = digest(word).is_some_and(|digest| scripts.find(&digest).is_some());
        call.reply.integer(i64::from(is_known));
    }
    Ok(())
}

fn flush(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let is_mode =
        |word: &[u8]| word.eq_ignore_ascii_case(b"async") || word.eq_ignore_ascii_case(b"sync");
    match call.args.len() {
        2 => {}
        3 if is_mode(&call.args[2]) => {}
        _ => {
            return Err(CommandError::fixed("ERR SCRIPT FLUSH only support SYNC|ASYNC option"));
        }
    }
    call.node.scripts.flush();
    call.reply.ok();
    Ok(())
}

fn kill(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    match call.node.scripts.running.kill() {
        Ok(()) => {
            call.reply.ok();
            Ok(())
        }
        Err(NotKilled::NoneRuns) => {
            Err(CommandError::fixed("NOTBUSY No scripts in execution right now."))
        }
        Err(NotKilled::HasWritten) => Err(CommandError::fixed(
            "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait \
             the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.",
        )),
    }
}

fn script_load(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let script = load(call, &call.args[2])?;
    call.reply.bulk(&script.digest);
    Ok(())
}

fn help(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    if call.args.len() > 2 {
        return Err(subcommand_refused("SCRIPT", &call.args[1]));
    }
    reply_help(
        call,
        "SCRIPT",
        &[
            "DEBUG (YES|SYNC|NO)",
            "    Set the debug mode for subsequent scripts executed.",
            "EXISTS <sha1> [<sha1> ...]",
            "    Return information about the existence of the scripts in the script cache.",
            "FLUSH [ASYNC|SYNC]",
            "    Flush the Lua scripts cache. Very dangerous on replicas.",
            "    When called without the optional mode argument, the behavior is determined by the",
            "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
            "    * ASYNC: Asynchronously flush the scripts cache.",
            "    * SYNC: Synchronously flush the scripts cache.",
            "KILL",
            "    Kill the currently executing Lua script.",
            "LOAD <script>",
            "    Load a script into the scripts cache without executing it.",
        ],
    );
    Ok(())
}
