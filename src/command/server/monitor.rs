//! MONITOR: see every request that the server gets.

use super::{ADMINISTRATION, BASE};
use crate::command::table::Command;
use crate::command::{Call, CommandError};
use crate::node::clients::flag;

pub const MONITOR: Command = Command {
    name: "monitor",
    arity: 1,
    flags: ADMINISTRATION,
    since: "1.0.0",
    summary: "Listens for all requests received by the server in real-time.",
    run: monitor,
    ..BASE
};

/// Saying it again has, as in Redis, no effect and no reply.
fn monitor(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    if call.session.in_exec {
        let text = "ERR MONITOR isn't allowed for DENY BLOCKING client";
        return Err(CommandError::fixed(text));
    }
    if call.session.monitoring {
        return Ok(());
    }
    call.session.monitoring = true;
    call.session.client.set_flag(flag::MONITOR, true);
    call.node.monitors.add(call.session.client.clone());
    call.reply.ok();
    Ok(())
}
