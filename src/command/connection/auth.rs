//! AUTH, and the check of passwords.

use super::{BASE, GREETING};
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

/// The only user there is.
pub const DEFAULT_USER: &[u8] = b"default";

const NO_PASSWORD_SET: CommandError = CommandError::fixed(
    "ERR AUTH <password> called without any password configured for the default user. Are you \
     sure your configuration is correct?",
);

fn auth(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (user, password) = match call.args.len() {
        2 if call.node.config().requirepass.is_none() => return Err(NO_PASSWORD_SET),
        2 => (DEFAULT_USER, &call.args[1]),
        3 => (&call.args[1], &call.args[2]),
        _ => return Err(CommandError::SYNTAX),
    };
    call.session.authenticated |= authenticate(call, user, password)?;
    call.reply.ok();
    Ok(())
}

/// `Ok(true)` when `user` may come in with `password`; any password is right when none is required.
///
/// # Errors
/// WRONGPASS, which does not say what was wrong.
pub fn authenticate(
    call: &Call<'_, '_>,
    user: &[u8],
    password: &[u8],
) -> Result<bool, CommandError> {
    let config = call.node.config();
    let right = config.requirepass.as_ref().is_none_or(|wanted| same_password(wanted, password));
    if right && user == DEFAULT_USER {
        return Ok(true);
    }
    Err(CommandError::fixed("WRONGPASS invalid username-password pair or user is disabled."))
}

/// Compares in a time that does not tell how much of the guess is right.
fn same_password(wanted: &[u8], guess: &[u8]) -> bool {
    let mut difference = wanted.len() ^ guess.len();
    for (at, byte) in guess.iter().enumerate() {
        let expected = wanted.get(at).copied().unwrap_or_default();
        difference |= usize::from(byte ^ expected);
    }
    std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::same_password;

    #[test]
    fn only_the_password_is_the_password() {
        assert!(same_password(b"secret", b"secret"));
        for guess in [&b""[..], b"secre", b"secret\0", b"Secret", b"secrets"] {
            assert!(!same_password(b"secret", guess));
        }
    }
}
