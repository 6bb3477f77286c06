//! How a connection is served: CLIENT REPLY, NO-EVICT, NO-TOUCH, and client-side caching, which there
//! is not.

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

pub const TRACKING: Command = Command {
    name: "tracking",
    arity: -3,
    flags: OWN,
    since: "6.0.0",
    summary: "Controls server-assisted client-side caching for the connection.",
    complexity: "O(1). Some options may introduce additional complexity.",
    syntax: "<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] \
             [OPTOUT] [NOLOOP]",
    run: tracking,
    ..BASE
};

pub const TRACKINGINFO: Command = Command {
    name: "trackinginfo",
    arity: 2,
    flags: OWN,
    since: "6.2.0",
    summary: "Returns information about server-assisted client-side caching for the connection.",
    run: trackinginfo,
    ..BASE
};

pub const CACHING: Command = Command {
    name: "caching",
    arity: 3,
    flags: OWN,
    since: "6.0.0",
    summary: "Instructs the server whether to track the keys in the next request.",
    syntax: "<YES | NO>",
    run: caching,
    ..BASE
};

pub const GETREDIR: Command = Command {
    name: "getredir",
    arity: 2,
    flags: OWN,
    since: "6.0.0",
    summary: "Returns the client ID to which the connection's tracking notifications are \
              redirected.",
    run: getredir,
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

fn tracking(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    if on_or_off(&call.args[2])? {
        let text = "ERR CLIENT TRACKING ON is not supported: this server tracks no keys";
        return Err(CommandError::fixed(text));
    }
    call.reply.ok();
    Ok(())
}

fn trackinginfo(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.reply.map(3);
    call.reply.bulk(b"flags");
    call.reply.set(1);
    call.reply.bulk(b"off");
    call.reply.bulk(b"redirect");
    call.reply.integer(-1);
    call.reply.bulk(b"prefixes");
    call.reply.array(0);
    Ok(())
}

/// Nobody is in tracking mode.
fn caching(_call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    Err(CommandError::fixed(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or \
         OPTOUT mode enabled",
    ))
}

fn getredir(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.reply.integer(-1);
    Ok(())
}
