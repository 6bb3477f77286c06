//! CLIENT LIST and CLIENT INFO.

use super::describe::{Class, line};
use super::{OTHERS, OWN};
use crate::base::number::parse_i64;
use crate::command::connection::BASE;
use crate::command::table::Command;
use crate::command::{Args, Call, CommandError};
use crate::node::clock;

pub const LIST: Command = Command {
    name: "list",
    arity: -2,
    flags: OTHERS,
    since: "2.4.0",
    summary: "Lists open connections.",
    complexity: "O(N) where N is the number of client connections",
    syntax: "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]",
    run: list,
    ..BASE
};

pub const INFO: Command = Command {
    name: "info",
    arity: 2,
    flags: OWN,
    since: "6.2.0",
    summary: "Returns information about the connection.",
    run: info,
    ..BASE
};

/// Which clients are listed.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    All,
    Class(Class),
    /// In this order, as often as they are named.
    Ids(Vec<u64>),
}

fn list(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let clients = &call.node.clients;
    let listed = match parse(call.args)? {
        Wanted::All => clients.all(),
        Wanted::Class(class) => {
            let mut of_class = clients.all();
            of_class.retain(|client| Class::of(client) == class);
            of_class
        }
        Wanted::Ids(ids) => ids.into_iter().filter_map(|id| clients.get(id)).collect(),
    };
    let now_ms = clock::unix_ms();
    let mut text = String::new();
    // Who was killed is as good as gone: its thread has only not come to it yet.
    for client in listed.into_iter().filter(|client| !client.killed()) {
        text.push_str(&line(&client, now_ms));
        text.push('\n');
    }
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

fn parse(args: Args<'_>) -> Result<Wanted, CommandError> {
    let option = args.get(2).unwrap_or_default().to_ascii_lowercase();
    match (option.as_slice(), args.len()) {
        (_, 2) => Ok(Wanted::All),
        (b"type", 4) => class(&args[3]).map(Wanted::Class),
        (b"id", 4..) => {
            let invalid = || CommandError::fixed("ERR Invalid client ID");
            // An id that no client can have is asked for in vain.
            let id = |text| parse_i64(text).map(|id| u64::try_from(id).unwrap_or(0));
            let ids: Option<Vec<u64>> = args.from(3).iter().map(id).collect();
            ids.map(Wanted::Ids).ok_or_else(invalid)
        }
        _ => Err(CommandError::SYNTAX),
    }
}

/// The class that CLIENT LIST TYPE and CLIENT KILL TYPE name.
pub fn class(name: &[u8]) -> Result<Class, CommandError> {
    let shown = String::from_utf8_lossy(name);
    let unknown = || CommandError::text(format!("ERR Unknown client type '{shown}'"));
    Class::from_name(name).ok_or_else(unknown)
}

fn info(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let mut text = line(&call.session.client, clock::unix_ms());
    text.push('\n');
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}
