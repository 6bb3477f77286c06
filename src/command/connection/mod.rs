//! The connection itself: greeting, identity, and what it is told of others.

mod auth;
mod client;
mod hello;

pub use client::describe_client;

use super::table::{Command, Flags, Group, Reach};
use super::{After, Call, CommandError};
use crate::resp::Protocol;

pub const ROWS: &[Command] = &[auth::AUTH, client::CLIENT, ECHO, hello::HELLO, PING, QUIT, RESET];

/// What the rows of this family have in common.
const BASE: Command = Command {
    name: "",
    arity: -1,
    flags: Flags::NONE,
    keys: &[],
    reach: Reach::Keys,
    group: Group::Connection,
    since: "",
    summary: "",
    complexity: "O(1)",
    syntax: "",
    subcommands: &[],
    run: ping,
};

/// The flags of what works before AUTH.
const GREETING: Flags = Flags::NOSCRIPT
    .or(Flags::LOADING)
    .or(Flags::STALE)
    .or(Flags::FAST)
    .or(Flags::NO_AUTH)
    .or(Flags::ALLOW_BUSY);

const PING: Command = Command {
    name: "ping",
    arity: -1,
    flags: Flags::FAST,
    since: "1.0.0",
    summary: "Returns the server's liveliness response.",
    syntax: "[message]",
    run: ping,
    ..BASE
};

const ECHO: Command = Command {
    name: "echo",
    arity: 2,
    flags: Flags::LOADING.or(Flags::STALE).or(Flags::FAST),
    since: "1.0.0",
    summary: "Returns the given string.",
    syntax: "message",
    run: echo,
    ..BASE
};

const QUIT: Command = Command {
    name: "quit",
    arity: -1,
    flags: GREETING.or(Flags::UNQUEUED),
    since: "1.0.0",
    summary: "Closes the connection.",
    run: quit,
    ..BASE
};

const RESET: Command = Command {
    name: "reset",
    arity: 1,
    flags: GREETING.or(Flags::UNQUEUED),
    since: "6.2.0",
    summary: "Resets the connection.",
    run: reset,
    ..BASE
};

fn ping(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let by_message = call.session.subscribed && call.session.protocol == Protocol::Resp2;
    match call.args.len() {
        1 | 2 if by_message => {
            // What looks like a message is read by those who wait for messages.
            call.reply.array(2);
            call.reply.bulk(b"pong");
            call.reply.bulk(call.args.get(1).unwrap_or_default());
        }
        1 => call.reply.simple("PONG"),
        2 => call.reply.bulk(&call.args[1]),
        _ => return Err(CommandError::arity("ping")),
    }
    Ok(())
}

fn echo(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.reply.bulk(&call.args[1]);
    Ok(())
}

fn quit(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.session.after = After::Close;
    call.reply.ok();
    Ok(())
}

fn reset(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.node.monitors.remove(call.session.client.id);
    call.node.pubsub.leave(&call.session.client);
    call.node.stop_tracking(&call.session.client);
    call.catch_up();
    call.session.reset(&call.node.access, &call.node.keyspace);
    call.reply.set_protocol(call.session.protocol);
    call.reply.simple("RESET");
    Ok(())
}
