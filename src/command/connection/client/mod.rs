//! CLIENT: the connections, as they know themselves and each other.

mod describe;
mod identity;
mod kill;
mod list;
mod modes;
mod pause;
mod tracking;

pub use describe::line as describe_client;
pub use identity::{INVALID_NAME, set_name, valid_attribute};

use super::BASE;
use crate::command::table::{Command, Flags};
use crate::command::{Call, CommandError, reply_help};

pub const CLIENT: Command = Command {
    name: "client",
    arity: -2,
    since: "2.4.0",
    summary: "A container for client connection commands.",
    complexity: "Depends on subcommand.",
    subcommands: SUBCOMMANDS,
    run: help,
    ..BASE
};

/// The flags of what concerns only oneself.
const OWN: Flags = Flags::NOSCRIPT.or(Flags::LOADING).or(Flags::STALE);
/// The flags of what concerns others.
const OTHERS: Flags = OWN.or(Flags::ADMIN);

const SUBCOMMANDS: &[Command] = &[
    tracking::CACHING,
    tracking::GETREDIR,
    identity::GETNAME,
    Command {
        name: "help",
        arity: 2,
        flags: Flags::LOADING.or(Flags::STALE),
        since: "5.0.0",
        summary: "Returns helpful text about the different subcommands.",
        run: help,
        ..BASE
    },
    identity::ID,
    list::INFO,
    kill::KILL,
    list::LIST,
    modes::NO_EVICT,
    modes::NO_TOUCH,
    pause::PAUSE,
    modes::REPLY,
    identity::SETINFO,
    identity::SETNAME,
    tracking::TRACKING,
    tracking::TRACKINGINFO,
    kill::UNBLOCK,
    pause::UNPAUSE,
];

fn help(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    reply_help(call, "CLIENT", HELP);
    Ok(())
}

const HELP: &[&str] = &[
    "CACHING (YES|NO)",
    "    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.",
    "GETREDIR",
    "    Return the client ID we are redirecting to when tracking is enabled.",
    "GETNAME",
    "    Return the name of the current connection.",
    "ID",
    "    Return the ID of the current connection.",
    "INFO",
    "    Return information about the current client connection.",
    "KILL <ip:port>",
    "    Kill connection made from <ip:port>.",
    "KILL <option> <value> [<option> <value> [...]]",
    "    Kill connections. Options are:",
    "    * ADDR (<ip:port>|<unixsocket>:0)",
    "      Kill connections made from the specified address",
    "    * LADDR (<ip:port>|<unixsocket>:0)",
    "      Kill connections made to specified local address",
    "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
    "      Kill connections by type.",
    "    * USER <username>",
    "      Kill connections authenticated by <username>.",
    "    * SKIPME (YES|NO)",
    "      Skip killing current connection (default: yes).",
    "LIST [options ...]",
    "    Return information about client connections. Options:",
    "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
    "      Return clients of specified type.",
    "UNPAUSE",
    "    Stop the current client pause, resuming traffic.",
    "PAUSE <timeout> [WRITE|ALL]",
    "    Suspend all, or just write, clients for <timeout> milliseconds.",
    "REPLY (ON|OFF|SKIP)",
    "    Control the replies sent to the current connection.",
    "SETNAME <name>",
    "    Assign the name <name> to the current connection.",
    "SETINFO <option> <value>",
    "    Set client meta attr. Options are:",
    "    * LIB-NAME: the client lib name.",
    "    * LIB-VER: the client lib version.",
    "UNBLOCK <clientid> [TIMEOUT|ERROR]",
    "    Unblock the specified blocked client.",
    "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
    "         [OPTIN] [OPTOUT] [NOLOOP]",
    "    Control server assisted client side caching.",
    "TRACKINGINFO",
    "    Report tracking status for the current connection.",
    "NO-EVICT (ON|OFF)",
    "    Protect current client connection from eviction.",
    "NO-TOUCH (ON|OFF)",
    "    Will not touch LRU/LFU stats when this mode is on.",
];
