//! What subcommands share that work on a running server: reaching it, and saying how far they are.

mod progress;

pub use progress::Progress;

use std::io;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use thiserror::Error;

use crate::base::number::parse_u64;
use crate::cli::{Login, Target};
use crate::client::{Client, Reply};

/// A server that takes longer for a batch is not well.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Where redis-cli finds the password when no flag has it.
const PASSWORD_VARIABLE: &str = "REDISCLI_AUTH";
/// Redis's `proto-max-bulk-len`, for servers that do not tell theirs.
const ARGUMENT_BYTES_MAX: usize = 512 << 20;
/// How much of a key's name is shown.
const NAME_BYTES: usize = 128;
/// Refusals after which nothing else will be taken either.
const LASTING: [&[u8]; 5] = [b"OOM ", b"MISCONF ", b"READONLY ", b"LOADING ", b"NOAUTH "];

/// Why a server cannot be worked on. The text is what a user is to see.
#[derive(Debug, Error)]
pub enum RemoteError {
    #[error("Cannot connect: {0}")]
    Connect(io::Error),
    #[error("The server says: {0}")]
    Refused(String),
    /// The connection ended; a server that closes one says nothing more.
    #[error("The connection to the server broke: {0}")]
    Broken(io::Error),
}

/// A connection on which commands may be given.
///
/// # Errors
/// There is no server, or it refuses the user.
pub fn connect(login: &Login) -> Result<Client, RemoteError> {
    let mut client = match &login.target {
        Target::Tcp { host, port } => Client::connect((host.as_str(), *port)),
        Target::Unix(path) => Client::connect_unix(path),
    }
    .map_err(RemoteError::Connect)?;
    client.set_timeout(Some(TIMEOUT)).map_err(RemoteError::Connect)?;
    let from_environment = || std::env::var_os(PASSWORD_VARIABLE).map(OsStringExt::into_vec);
    let password = login.password.clone().or_else(from_environment);
    match (&login.user, password) {
        (Some(user), Some(password)) => call(&mut client, &[b"AUTH", user, &password])?,
        (None, Some(password)) => call(&mut client, &[b"AUTH", &password])?,
        (_, None) => Reply::Null,
    };
    call(&mut client, &[b"PING"])?;
    Ok(client)
}

/// A command that has to go well.
///
/// # Errors
/// It is refused, or the connection broke.
pub fn call(client: &mut Client, command: &[&[u8]]) -> Result<Reply, RemoteError> {
    match client.call(command).map_err(RemoteError::Broken)? {
        Reply::Error(text) => {
            Err(RemoteError::Refused(String::from_utf8_lossy(&text).into_owned()))
        }
        reply => Ok(reply),
    }
}

/// What is longer than this, in bytes, makes the server close the connection.
///
/// # Errors
/// The connection broke.
pub fn longest_argument(client: &mut Client) -> Result<usize, RemoteError> {
    let asked = client.call(&["CONFIG", "GET", "proto-max-bulk-len"]);
    let told = match &asked.map_err(RemoteError::Broken)? {
        Reply::Array(pair) => match pair.get(1) {
            Some(Reply::Bulk(digits)) => {
                parse_u64(digits).and_then(|bytes| usize::try_from(bytes).ok())
            }
            _ => None,
        },
        _ => None,
    };
    Ok(told.unwrap_or(ARGUMENT_BYTES_MAX))
}

/// Whether an error's text says that nothing else will be taken either.
#[must_use]
pub fn is_lasting(error: &[u8]) -> bool {
    LASTING.iter().any(|code| error.starts_with(code))
}

/// A key's name as it is shown: not longer than a line or two, and without what a terminal would obey.
#[must_use]
pub fn shown(key: &[u8]) -> String {
    let start = key.get(..NAME_BYTES).unwrap_or(key);
    let dots = if start.len() < key.len() { "…" } else { "" };
    format!("'{}{dots}'", start.escape_ascii())
}

/// A number with commas between its thousands.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_and_escaped() {
        assert_eq!(shown(b"a\nb"), "'a\\nb'");
        assert_eq!(shown(&[b'x'; 200]), format!("'{}…'", "x".repeat(NAME_BYTES)));
    }

    #[test]
    fn thousands_are_told_apart() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
