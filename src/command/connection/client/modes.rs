//! How a connection is served: CLIENT REPLY, NO-EVICT, NO-TOUCH.

use super::{OTHERS, OWN};
use crate::command::connection::BASE;
use crate::command::table::Command;
use crate::command::{Call, CommandError, ReplyMode};
use crate::node::clients::flag;

pub const REPLY: Command = Command {
    name: "reply",
    arity: 3,
    flags: OWN,
    since: "3.2.0",
    summary: "Instructs the server whether to reply to commands.",
    syntax: "<ON | OFF | SKIP>",
    run: reply,
    ..BASE
};

pub const NO_EVICT: Command = Command {
    name: "no-evict",
    arity: 3,
    flags: OTHERS,
    since: "7.0.0",
    summary: "Sets the client eviction mode of the connection.",
    syntax: "<ON | OFF>",
    run: no_evict,
    ..BASE
};

pub const NO_TOUCH: Command = Command {
    name: "no-touch",
    arity: 3,
    flags: OWN,
    since: "7.2.0",
    summary: "Controls whether commands sent by the client affect the LRU/LFU of accessed keys.",
    syntax: "<ON | OFF>",
    run: no_touch,
    ..BASE
};

/// OFF and SKIP have no reply themselves.
fn reply(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    match call.args[2].to_ascii_lowercase().as_slice() {
        b"on" => {
            call.session.reply_mode = ReplyMode::On;
            call.reply.ok();
        }
        b"off" => call.session.reply_mode = ReplyMode::Off,
        b"skip" if call.session.reply_mode == ReplyMode::Off => {}
        b"skip" => call.session.reply_mode = ReplyMode::SkipNext,
        _ => return Err(CommandError::SYNTAX),
    }
    Ok(())
}

fn no_evict(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let on = on_or_off(&call.args[2])?;
    call.session.client.set_flag(flag::NO_EVICT, on);
    call.reply.ok();
    Ok(())
}

fn no_touch(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.session.no_touch = on_or_off(&call.args[2])?;
    call.session.client.set_flag(flag::NO_TOUCH, call.session.no_touch);
    call.reply.ok();
    Ok(())
}

fn on_or_off(word: &[u8]) -> Result<bool, CommandError> {
    match word.to_ascii_lowercase().as_slice() {
        b"on" => Ok(true),
        b"off" => Ok(false),
        _ => Err(CommandError::SYNTAX),
    }
}
