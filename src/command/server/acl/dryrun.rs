//! ACL DRYRUN: would this be allowed?

use super::{ADMINISTRATION, BASE};
use crate::command::permission::{check, text};
use crate::command::refusal::fits;
use crate::command::registry;
use crate::command::table::Command;
use crate::command::{Call, CommandError};

pub const DRYRUN: Command = Command {
    name: "dryrun",
    arity: -4,
    flags: ADMINISTRATION,
    since: "7.0.0",
    summary: "Simulates the execution of a command by a user, without executing the command.",
    complexity: "O(1).",
    syntax: "username command [arg [arg ...]]",
    run: dryrun,
    ..BASE
};

fn dryrun(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (name, request) = (&call.args[2], call.args.from(3));
    let not_found = |what: &str, name: &[u8]| {
        let name = String::from_utf8_lossy(name);
        CommandError::text(format!("ERR {what} '{name}' not found"))
    };
    let account = call.node.access.get(name).ok_or_else(|| not_found("User", name))?;
    let entry = registry::named(request).ok_or_else(|| not_found("Command", &request[0]))?;
    if !fits(entry.command.arity, request.len()) {
        return Err(CommandError::arity(&entry.full_name));
    }
    match check(&account, entry, request) {
        Ok(()) => call.reply.ok(),
        Err(denied) => {
            let text = text(denied, &account.name, entry, request, true);
            call.reply.bulk(text.as_bytes());
        }
    }
    Ok(())
}
