//! WAIT.

use crate::base::number::parse_i64;
use crate::command::table::{Command, Flags, Group, Reach};
use crate::command::{After, AwaitPeers, Call, CommandError, ReplyMode};

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

/// Answers at once where enough peers have this connection's writes already; else its connection waits.
fn wait(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let wanted = call.integer(1)?;
    let timeout_ms = timeout_ms(&call.args[2], call.now_ms())?;
    let confirmed = call.node.confirmed_by(call.session.wrote);
    match usize::try_from(wanted) {
        Ok(peers) if peers > confirmed => {
            let silent = call.session.reply_mode != ReplyMode::On;
            call.session.after = After::AwaitPeers(AwaitPeers { peers, timeout_ms, silent });
        }
        // No number, or a negative one, is too many.
        _ => call.reply.integer(i64::try_from(confirmed).unwrap_or(i64::MAX)),
    }
    Ok(())
}

fn timeout_ms(text: &[u8], now_ms: u64) -> Result<u64, CommandError> {
    const NOT_INTEGER: CommandError =
        CommandError::fixed("ERR timeout is not an integer or out of range");
    const NEGATIVE: CommandError = CommandError::fixed("ERR timeout is negative");
    const TOO_LATE: CommandError = CommandError::fixed("ERR timeout is out of range");
    let timeout_ms = parse_i64(text).ok_or(NOT_INTEGER)?;
    let duration_ms = u64::try_from(timeout_ms).map_err(|_| NEGATIVE)?;
    timeout_ms.checked_add_unsigned(now_ms).map(|_| duration_ms).ok_or(TOO_LATE)
}
