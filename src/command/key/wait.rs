//! WAIT.

use crate::base::number::parse_i64;
use crate::command::table::{Command, Flags, Group, Reach};
use crate::command::{Call, CommandError};

pub const WAIT: Command = Command {
    name: "wait",
    arity: 3,
    flags: Flags::BLOCKING,
    keys: &[],
    reach: Reach::Keys,
    group: Group::Generic,
    since: "3.0.0",
    summary: "Blocks until the asynchronous replication of all preceding write commands sent by the connection is completed.",
    complexity: "O(1)",
    syntax: "numreplicas timeout",
    subcommands: &[],
    run: wait,
};

/// Replies how many others have this connection's writes. A node by itself has nobody to wait for,
/// so it answers 0 without waiting out the timeout.
fn wait(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.integer(1)?;
    check_timeout_ms(&call.args[2], call.now_ms())?;
    call.reply.integer(0);
    Ok(())
}

fn check_timeout_ms(text: &[u8], now_ms: u64) -> Result<(), CommandError> {
    const NOT_INTEGER: CommandError =
        CommandError::fixed("ERR timeout is not an integer or out of range");
    const NEGATIVE: CommandError = CommandError::fixed("ERR timeout is negative");
    const TOO_LATE: CommandError = CommandError::fixed("ERR timeout is out of range");
    let timeout_ms = parse_i64(text).ok_or(NOT_INTEGER)?;
    if timeout_ms < 0 {
        return Err(NEGATIVE);
    }
    timeout_ms.checked_add_unsigned(now_ms).map(drop).ok_or(TOO_LATE)
}
