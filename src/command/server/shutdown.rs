//! SHUTDOWN: the end of the server.

use super::{ADMINISTRATION, BASE};
use crate::command::table::{Command, Flags};
use crate::command::{After, Args, Call, CommandError};
use crate::node::ShutdownRequest;

pub const SHUTDOWN: Command = Command {
    name: "shutdown",
    arity: -1,
    flags: ADMINISTRATION.or(Flags::NO_MULTI).or(Flags::ALLOW_BUSY),
    since: "1.0.0",
    summary: "Synchronously saves the database(s) to disk and shuts down the Redis server.",
    complexity: "O(N) when saving, where N is the total number of keys in all databases when \
                 saving data, otherwise O(1)",
    syntax: "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]",
    run: shutdown,
    ..BASE
};

/// The modifiers of SHUTDOWN.
#[derive(Debug, Default, PartialEq, Eq)]
struct Modifiers {
    save: bool,
    nosave: bool,
    now: bool,
    force: bool,
    abort: bool,
}

fn shutdown(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let modifiers = parse(call.args)?;
    if modifiers.abort {
        // A shutdown waits for nothing, so there is never one in progress that could be called off.
        return Err(CommandError::fixed("ERR No shutdown in progress."));
    }
    let is_held_up = call.node.keyspace.is_held_up();
    if is_held_up && !modifiers.nosave {
        return Err(CommandError::BUSY);
    }
    if modifiers.save && !modifiers.force && call.node.disk.is_none() {
        tracing::warn!("SHUTDOWN SAVE is refused: counts are in memory only, there is no snapshot");
        return Err(CommandError::fixed("ERR Errors trying to SHUTDOWN. Check logs."));
    }
    let failure = call.node.disk.as_ref().and_then(|disk| disk.failure());
    if let Some(failure) = failure.filter(|_| !modifiers.force && !modifiers.nosave) {
        tracing::warn!("SHUTDOWN is refused: the log cannot be written ({failure})");
        return Err(CommandError::fixed("ERR Errors trying to SHUTDOWN. Check logs."));
    }
    tracing::warn!("User requested shutdown...");
    call.node.shutdown.request(ShutdownRequest {
        now: modifiers.now,
        abandons_script: is_held_up,
        force: modifiers.force,
    });
    call.session.after = After::Shutdown;
    Ok(())
}

fn parse(args: Args<'_>) -> Result<Modifiers, CommandError> {
    let mut modifiers = Modifiers::default();
    for word in args.from(1).iter() {
        match word.to_ascii_lowercase().as_slice() {
            b"save" => modifiers.save = true,
            b"nosave" => modifiers.nosave = true,
            b"now" => modifiers.now = true,
            b"force" => modifiers.force = true,
            b"abort" => modifiers.abort = true,
            _ => return Err(CommandError::SYNTAX),
        }
    }
    let alone = !(modifiers.save || modifiers.nosave || modifiers.now || modifiers.force);
    if (modifiers.abort && !alone) || (modifiers.save && modifiers.nosave) {
        return Err(CommandError::SYNTAX);
    }
    Ok(modifiers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::args::with_words;

    #[test]
    fn modifiers_that_exclude_each_other_are_refused() {
        let refused = |request| with_words(request, |args| parse(args).is_err());
        for request in ["shutdown save nosave", "shutdown abort now", "shutdown foo"] {
            assert!(refused(request), "{request}");
        }
        for request in ["shutdown", "shutdown abort", "SHUTDOWN NoSave Now Force", "shutdown save"]
        {
            assert!(!refused(request), "{request}");
        }
    }
}
