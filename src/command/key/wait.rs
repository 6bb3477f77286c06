//! WAIT, WAITAOF.

use crate::base::number::parse_i64;
use crate::command::table::{Command, Flags, Group, Reach};
use crate::command::{After, AwaitConfirmed, Call, CommandError, ReplyMode};
use crate::node::{Confirmation, Node};
use crate::resp::ReplyWriter;

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

pub const WAITAOF: Command = Command {
    name: "waitaof",
    arity: 4,
    since: "7.2.0",
    summary: "Blocks until all of the preceding write commands sent by the connection are written to the append-only file of the master and/or replicas.",
    syntax: "numlocal numreplicas timeout",
    run: waitaof,
    ..WAIT
};

const NO_LOG: CommandError = CommandError::fixed(
    "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.",
);
const NOT_LOCAL: CommandError =
    CommandError::fixed("ERR value is out of range, value must between 0 and 1");
const NOT_POSITIVE: CommandError =
    CommandError::fixed("ERR value is out of range, must be positive");

fn wait(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    // A negative number is reached by nobody at all.
    let peers = usize::try_from(call.integer(1)?).unwrap_or(0);
    let timeout_ms = timeout_ms(&call.args[2], call.now_ms())?;
    await_confirmed(call, Confirmation::InMemory { peers }, timeout_ms);
    Ok(())
}

/// The other nodes are what Redis calls replicas here.
fn waitaof(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let here = match call.integer(1)? {
        0 => false,
        1 => true,
        _ => return Err(NOT_LOCAL),
    };
    // Redis has one text for what is no number and for what is a negative one.
    let peers = call.integer(2).ok().and_then(|peers| usize::try_from(peers).ok());
    let peers = peers.ok_or(NOT_POSITIVE)?;
    let timeout_ms = timeout_ms(&call.args[3], call.now_ms())?;
    if here && call.node.disk.is_none() {
        return Err(NO_LOG);
    }
    await_confirmed(call, Confirmation::OnDisk { here, peers }, timeout_ms);
    Ok(())
}

/// Answers at once where this connection's writes are confirmed already, and inside a transaction; else its
/// connection waits.
fn await_confirmed(call: &mut Call<'_, '_>, what: Confirmation, timeout_ms: u64) {
    let silent = call.session.reply_mode != ReplyMode::On;
    let wait = AwaitConfirmed { what, timeout_ms, silent };
    let goes_on = call.session.in_exec || what.is_there(call.node, call.session.wrote);
    match goes_on {
        true => wait.answer(call.node, call.session.wrote, &mut call.reply),
        false => call.session.after = After::AwaitConfirmed(wait),
    }
}

impl AwaitConfirmed {
    /// Who has confirmed so far what was written before `drain`.
    pub fn answer(&self, node: &Node, drain: u64, reply: &mut ReplyWriter<'_>) {
        let count = |peers: usize| i64::try_from(peers).unwrap_or(i64::MAX);
        match self.what {
            Confirmation::InMemory { .. } => reply.integer(count(node.confirmed_by(drain))),
            Confirmation::OnDisk { .. } => {
                reply.array(2);
                reply.integer(i64::from(node.is_kept(drain)));
                reply.integer(count(node.kept_by(drain)));
            }
        }
    }
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
