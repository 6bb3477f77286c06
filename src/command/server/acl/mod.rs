//! ACL: the users, and what each may do.

mod categories;
mod dryrun;
mod edit;
mod file;
mod log;
mod show;

use super::{ADMINISTRATION, ALWAYS, BASE, HELP};
use crate::base::number::parse_i64;
use crate::command::table::{Command, Flags};
use crate::command::{Call, CommandError, reply_help, subcommand_refused};

pub const ACL: Command = Command {
    name: "acl",
    since: "6.0.0",
    summary: "A container for Access List Control commands.",
    complexity: "Depends on subcommand.",
    subcommands: &[
        categories::CAT,
        edit::DELUSER,
        dryrun::DRYRUN,
        GENPASS,
        show::GETUSER,
        Command { since: "6.0.0", run: help, ..HELP },
        show::LIST,
        file::LOAD,
        log::LOG,
        file::SAVE,
        edit::SETUSER,
        show::USERS,
        WHOAMI,
    ],
    run: help,
    ..BASE
};

/// The flags of what tells nothing of others.
const OWN: Flags = ALWAYS.or(Flags::NOSCRIPT);

const WHOAMI: Command = Command {
    name: "whoami",
    arity: 2,
    flags: OWN,
    since: "6.0.0",
    summary: "Returns the authenticated username of the current connection.",
    run: whoami,
    ..BASE
};

const GENPASS: Command = Command {
    name: "genpass",
    arity: -2,
    flags: OWN,
    since: "6.0.0",
    summary: "Generates a pseudorandom, secure password that can be used to identify ACL users.",
    syntax: "[bits]",
    run: genpass,
    ..BASE
};

const GENPASS_BITS: i64 = 256;
const GENPASS_MAX_BITS: i64 = 4096;

/// A subcommand that takes no more than `most` arguments, its names included.
fn at_most(call: &Call<'_, '_>, most: usize) -> Result<(), CommandError> {
    let fits = call.args.len() <= most;
    if fits { Ok(()) } else { Err(subcommand_refused("ACL", &call.args[1])) }
}

fn whoami(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.reply.bulk(&call.session.account.name);
    Ok(())
}

fn genpass(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    at_most(call, 3)?;
    let bits = match call.args.get(2) {
        Some(text) => parse_i64(text).ok_or(CommandError::NOT_INTEGER)?,
        None => GENPASS_BITS,
    };
    if !(1..=GENPASS_MAX_BITS).contains(&bits) {
        return Err(CommandError::text(format!(
            "ERR ACL GENPASS argument must be the number of bits for the output password, a positive \
             number up to {GENPASS_MAX_BITS}"
        )));
    }
    // Whole digits.
    let digits = (bits.unsigned_abs() as usize).div_ceil(4);
    let bytes: [u8; GENPASS_MAX_BITS as usize / 8] = rand::random();
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    call.reply.bulk(text.get(..digits).unwrap_or(&text).as_bytes());
    Ok(())
}

fn help(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    reply_help(
        call,
        "ACL",
        &[
            "CAT [<category>]",
            "    List all commands that belong to <category>, or all command categories",
            "    when no category is specified.",
            "DELUSER <username> [<username> ...]",
            "    Delete a list of users.",
            "DRYRUN <username> <command> [<arg> ...]",
            "    Returns whether the user can execute the given command without executing the command.",
            "GETUSER <username>",
            "    Get the user's details.",
            "GENPASS [<bits>]",
            "    Generate a secure 256-bit user password. The optional `bits` argument can",
            "    be used to specify a different size.",
            "LIST",
            "    Show users details in config file format.",
            "LOAD",
            "    Reload users from the ACL file.",
            "LOG [<count> | RESET]",
            "    Show the ACL log entries.",
            "SAVE",
            "    Save the current config to the ACL file.",
            "SETUSER <username> <attribute> [<attribute> ...]",
            "    Create or modify a user with the specified attributes.",
            "USERS",
            "    List all the registered usernames.",
            "WHOAMI",
            "    Return the current connection username.",
        ],
    );
    Ok(())
}
