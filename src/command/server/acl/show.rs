//! ACL LIST, USERS and GETUSER: who there is.

use super::{ADMINISTRATION, BASE};
use crate::acl::Selector;
use crate::command::permission::catalog;
use crate::command::table::Command;
use crate::command::{Call, CommandError};

pub const LIST: Command = Command {
    name: "list",
    arity: 2,
    flags: ADMINISTRATION,
    since: "6.0.0",
    summary: "Dumps the effective rules in ACL file format.",
    complexity: "O(N). Where N is the number of configured users.",
    run: list,
    ..BASE
};

pub const USERS: Command =
    Command { name: "users", summary: "Lists all ACL users.", run: users, ..LIST };

pub const GETUSER: Command = Command {
    name: "getuser",
    arity: 3,
    flags: ADMINISTRATION,
    since: "6.0.0",
    summary: "Lists the ACL rules of a user.",
    complexity: "O(N). Where N is the number of password, command and pattern rules that the user has.",
    syntax: "username",
    run: getuser,
    ..BASE
};

fn list(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let accounts = call.node.access.all();
    call.reply.array(accounts.len());
    for account in accounts {
        let rules = account.user().describe(catalog());
        call.reply.bulk(&[b"user ", &account.name[..], b" ", &rules].concat());
    }
    Ok(())
}

fn users(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let accounts = call.node.access.all();
    call.reply.array(accounts.len());
    accounts.iter().for_each(|account| call.reply.bulk(&account.name));
    Ok(())
}

fn getuser(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let Some(account) = call.node.access.get(&call.args[2]) else {
        call.reply.null();
        return Ok(());
    };
    let user = account.user();
    call.reply.map(6);
    call.reply.bulk(b"flags");
    let flags = user.flags();
    call.reply.set(flags.len());
    flags.iter().for_each(|flag| call.reply.bulk(flag.as_bytes()));
    call.reply.bulk(b"passwords");
    let hashes = user.password_hashes();
    call.reply.array(hashes.len());
    hashes.for_each(|hash| call.reply.bulk(hash.as_bytes()));
    let (root, selectors) = user.selectors();
    describe(call, root);
    call.reply.bulk(b"selectors");
    call.reply.array(selectors.len());
    for selector in selectors {
        call.reply.map(3);
        describe(call, selector);
    }
    Ok(())
}

/// Three fields.
fn describe(call: &mut Call<'_, '_>, selector: &Selector) {
    let fields = [
        ("commands", selector.describe_commands(catalog())),
        ("keys", selector.describe_keys()),
        ("channels", selector.describe_channels()),
    ];
    for (name, rules) in fields {
        call.reply.bulk(name.as_bytes());
        call.reply.bulk(&rules);
    }
}
