//! AUTH: who a connection is.

use super::{BASE, GREETING};
use crate::acl::DEFAULT_USER;
use crate::command::permission::note_failed_auth;
use crate::command::table::Command;
use crate::command::{Call, CommandError};

pub const AUTH: Command = Command {
    name: "auth",
    arity: -2,
    flags: GREETING,
    since: "1.0.0",
    summary: "Authenticates the connection.",
    complexity: "O(N) where N is the number of passwords defined for the user",
    syntax: "[username] password",
    run: auth,
    ..BASE
};

const NO_PASSWORD_SET: CommandError = CommandError::fixed(
    "ERR AUTH <password> called without any password configured for the default user. Are you \
     sure your configuration is correct?",
);

fn auth(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let needs_none = || call.node.access.default_account().user().needs_no_password();
    let args = call.args;
    let (user, password) = match args.len() {
        2 if needs_none() => return Err(NO_PASSWORD_SET),
        2 => (DEFAULT_USER, &args[1]),
        3 => (&args[1], &args[2]),
        _ => return Err(CommandError::SYNTAX),
    };
    authenticate(call, user, password)?;
    call.reply.ok();
    Ok(())
}

/// The connection is `user` from now on, if the password is right.
///
/// # Errors
/// WRONGPASS, which does not say what was wrong.
pub fn authenticate(
    call: &mut Call<'_, '_>,
    user: &[u8],
    password: &[u8],
) -> Result<(), CommandError> {
    let account = call.node.access.get(user);
    match account.filter(|account| account.user().admits(password)) {
        Some(account) => {
            call.session.become_user(account);
            Ok(())
        }
        None => {
            note_failed_auth(call.node, call.session, user, &call.args[0], call.now_ms());
            let text = "WRONGPASS invalid username-password pair or user is disabled.";
            Err(CommandError::fixed(text))
        }
    }
}
