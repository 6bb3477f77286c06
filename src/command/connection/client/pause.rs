//! CLIENT PAUSE and CLIENT UNPAUSE.

use super::OTHERS;
use crate::base::number::parse_i64;
use crate::command::connection::BASE;
use crate::command::table::Command;
use crate::command::{Call, CommandError, subcommand_refused};
use crate::node::{PauseMode, clock};

pub const PAUSE: Command = Command {
    name: "pause",
    arity: -3,
    flags: OTHERS,
    since: "2.9.50",
    summary: "Suspends commands processing.",
    syntax: "timeout [WRITE | ALL]",
    run: pause,
    ..BASE
};

pub const UNPAUSE: Command = Command {
    name: "unpause",
    arity: 2,
    flags: OTHERS,
    since: "6.2.0",
    summary: "Resumes processing commands from paused clients.",
    complexity: "O(N) Where N is the number of paused clients",
    run: unpause,
    ..BASE
};

fn pause(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    if call.args.len() > 4 {
        return Err(subcommand_refused("CLIENT", &call.args[1]));
    }
    let mode = mode(call.args.get(3))?;
    let timeout_ms = timeout_ms(&call.args[2])?;
    let now_ms = clock::unix_ms();
    call.node.pause.begin(mode, now_ms.saturating_add(timeout_ms), now_ms);
    call.reply.ok();
    Ok(())
}

fn mode(word: Option<&[u8]>) -> Result<PauseMode, CommandError> {
    match word.map(<[u8]>::to_ascii_lowercase).as_deref() {
        None | Some(b"all") => Ok(PauseMode::All),
        Some(b"write") => Ok(PauseMode::Write),
        Some(_) => Err(CommandError::fixed("ERR CLIENT PAUSE mode must be WRITE or ALL")),
    }
}

fn timeout_ms(text: &[u8]) -> Result<u64, CommandError> {
    let not_integer = CommandError::fixed("ERR timeout is not an integer or out of range");
    let timeout_ms = parse_i64(text).ok_or(not_integer)?;
    u64::try_from(timeout_ms).map_err(|_| CommandError::fixed("ERR timeout is negative"))
}

fn unpause(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.node.pause.end();
    call.reply.ok();
    Ok(())
}
