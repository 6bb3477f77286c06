//! CONFIG: the configuration of the running server.

mod rewrite;
mod set;

use super::{ADMINISTRATION, BASE, HELP};
use crate::base::glob;
use crate::command::table::Command;
use crate::command::{Call, CommandError, reply_help};
use crate::node::ClientHandle;
use crate::node::clients::flag;

pub const CONFIG: Command = Command {
    name: "config",
    since: "2.0.0",
    summary: "A container for server configuration commands.",
    complexity: "Depends on subcommand.",
    subcommands: &[GET, Command { since: "5.0.0", run: help, ..HELP }, RESETSTAT, REWRITE, SET],
    run: help,
    ..BASE
};

const GET: Command = Command {
    name: "get",
    arity: -3,
    flags: ADMINISTRATION,
    since: "2.0.0",
    summary: "Returns the effective values of configuration parameters.",
    complexity: "O(N) when N is the number of configuration parameters provided",
    syntax: "parameter [parameter ...]",
    run: get,
    ..BASE
};

const SET: Command = Command {
    name: "set",
    arity: -4,
    flags: ADMINISTRATION,
    since: "2.0.0",
    summary: "Sets configuration parameters in-flight.",
    complexity: "O(N) when N is the number of configuration parameters provided",
    syntax: "parameter value [parameter value ...]",
    run: set::set,
    ..BASE
};

const RESETSTAT: Command = Command {
    name: "resetstat",
    arity: 2,
    flags: ADMINISTRATION,
    since: "2.0.0",
    summary: "Resets the server's statistics.",
    run: resetstat,
    ..BASE
};

const REWRITE: Command = Command {
    name: "rewrite",
    arity: 2,
    flags: ADMINISTRATION,
    since: "2.8.0",
    summary: "Persists the effective configuration to file.",
    run: rewrite::rewrite,
    ..BASE
};

fn get(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let patterns: Vec<&[u8]> = call.args.from(2).iter().collect();
    let config = call.node.config();
    let found = config.get(&patterns, |pattern, name| glob::matches(pattern, name, true));
    call.reply.map(found.len());
    for (name, value) in found {
        call.reply.bulk(name);
        call.reply.bulk(&value);
    }
    Ok(())
}

/// Whether a client is on this machine, by the address that it came from.
pub fn is_local(client: &ClientHandle) -> bool {
    client.has(flag::UNIX_SOCKET)
        || client.addr.starts_with("127.")
        || client.addr.starts_with("[::1]:")
        || client.addr.starts_with("[::ffff:127.")
}

fn resetstat(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.node.stats.reset();
    call.node.background.reset();
    call.node.keyspace.reset_stats();
    call.reply.ok();
    Ok(())
}

fn help(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    reply_help(
        call,
        "CONFIG",
        &[
            "GET <pattern>",
            "    Return parameters matching the glob-like <pattern> and their values.",
            "SET <directive> <value>",
            "    Set the configuration <directive> to <value>.",
            "RESETSTAT",
            "    Reset statistics reported by the INFO command.",
            "REWRITE",
            "    Rewrite the configuration file.",
        ],
    );
    Ok(())
}
