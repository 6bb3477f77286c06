//! ACL SETUSER and DELUSER.

use super::{ADMINISTRATION, BASE};
use crate::acl::{DEFAULT_USER, User, is_valid_name};
use crate::command::table::Command;
use crate::command::users::rules;
use crate::command::{After, Call, CommandError};
use crate::node::{Account, ClientHandle, Space};
use std::sync::Arc;

pub const SETUSER: Command = Command {
    name: "setuser",
    arity: -3,
    flags: ADMINISTRATION,
    since: "6.0.0",
    summary: "Creates and modifies an ACL user and its rules.",
    complexity: "O(N). Where N is the number of rules provided.",
    syntax: "username [rule [rule ...]]",
    run: setuser,
    ..BASE
};

pub const DELUSER: Command = Command {
    name: "deluser",
    arity: -3,
    flags: ADMINISTRATION,
    since: "6.0.0",
    summary: "Deletes ACL users, and terminates their connections.",
    complexity: "O(1) amortized time considering the typical user.",
    syntax: "username [username ...]",
    run: deluser,
    ..BASE
};

fn setuser(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let name = &call.args[2];
    if !is_valid_name(name) {
        let text = "ERR Usernames can't contain spaces or null characters";
        return Err(CommandError::fixed(text));
    }
    let words: Vec<&[u8]> = call.args.from(3).iter().collect();
    let rules = rules(call.node);
    let change = |old: Option<&User>| {
        let user = old.cloned().unwrap_or_else(|| User::new(rules.all_channels));
        user.with_rules(&words, rules)
    };
    let changed = call.node.access.change(name, change);
    let (account, old) =
        changed.map_err(|error| CommandError::text(format!("ERR {}", one_line(&error))))?;
    if let Some(old) = old {
        close_subscribers(call, &account, &old);
    }
    call.reply.ok();
    Ok(())
}

/// Closes who hears a channel that its user may not hear any more.
fn close_subscribers(call: &mut Call<'_, '_>, account: &Arc<Account>, old: &User) {
    let user = account.user();
    if !user.lost_channels_of(old) {
        return;
    }
    let hears_too_much = |client: &ClientHandle| {
        client.known_subscriptions().is_some_and(|subscriptions| {
            Space::ALL.iter().any(|space| {
                let is_pattern = matches!(space, Space::Patterns);
                let names = subscriptions.names(*space);
                names.iter().any(|name| !user.allows_channel(name, is_pattern))
            })
        })
    };
    for client in call.node.clients.all() {
        if client.is_of(account) && hears_too_much(&client) {
            close(call, &client);
        }
    }
}

/// What is quoted of a rule may have line ends, an error reply may not.
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

fn deluser(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    if call.args.from(2).iter().any(|name| name == DEFAULT_USER) {
        return Err(CommandError::fixed("ERR The 'default' user cannot be removed"));
    }
    let names = call.args.from(2);
    let gone: Vec<_> = names.iter().filter_map(|name| call.node.access.remove(name)).collect();
    close_clients(call, &gone);
    call.reply.integer(i64::try_from(gone.len()).unwrap_or(i64::MAX));
    Ok(())
}

/// Closes the connections of users that are no more; one's own when it has got the reply.
pub fn close_clients(call: &mut Call<'_, '_>, gone: &[Arc<Account>]) {
    if gone.is_empty() {
        return;
    }
    for client in call.node.clients.all() {
        if !gone.iter().any(|account| client.is_of(account)) {
            continue;
        }
        close(call, &client);
    }
}

fn close(call: &mut Call<'_, '_>, client: &ClientHandle) {
    if client.id == call.session.client.id {
        call.session.after = After::Close;
    } else {
        client.kill();
    }
}
