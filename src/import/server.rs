//! The server that takes the keys: reaching it, and what it can take.

use std::io;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use super::error::ImportError;
use crate::cli::{ImportOptions, Target};
use crate::client::{Client, Reply};
use crate::rdb::Kind;

/// A server that takes longer for a batch is not well.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Where redis-cli finds the password when no flag has it.
const PASSWORD_VARIABLE: &str = "REDISCLI_AUTH";

/// A connection on which commands may be given.
pub fn connect(options: &ImportOptions) -> Result<Client, ImportError> {
    let mut client = match &options.target {
        Target::Tcp { host, port } => Client::connect((host.as_str(), *port)),
        Target::Unix(path) => Client::connect_unix(path),
    }
    .map_err(ImportError::Connect)?;
    client.set_timeout(Some(TIMEOUT)).map_err(ImportError::Connect)?;
    let from_environment = || std::env::var_os(PASSWORD_VARIABLE).map(OsStringExt::into_vec);
    let password = options.password.clone().or_else(from_environment);
    match (&options.user, password) {
        (Some(user), Some(password)) => call(&mut client, &[b"AUTH", user, &password])?,
        (None, Some(password)) => call(&mut client, &[b"AUTH", &password])?,
        (_, None) => Reply::Null,
    };
    call(&mut client, &[b"PING"])?;
    Ok(client)
}

/// Which types of values a server has commands for.
#[derive(Clone, Copy, Debug)]
pub struct Abilities {
    hashes: bool,
    sorted_sets: bool,
}

impl Abilities {
    pub fn take(self, kind: Kind) -> bool {
        match kind {
            Kind::String | Kind::Set => true,
            Kind::Hash => self.hashes,
            Kind::SortedSet => self.sorted_sets,
            Kind::TimedHash | Kind::List | Kind::Stream | Kind::Module(_) => false,
        }
    }
}

/// Asks the server what it knows.
pub fn abilities(client: &mut Client) -> Result<Abilities, ImportError> {
    let reply = call(client, &[b"COMMAND", b"INFO", b"HSET", b"ZADD"])?;
    let known = |at: usize| match &reply {
        Reply::Array(rows) => matches!(rows.get(at), Some(Reply::Array(_))),
        _ => false,
    };
    Ok(Abilities { hashes: known(0), sorted_sets: known(1) })
}

/// A command whose refusal ends the import.
fn call(client: &mut Client, command: &[&[u8]]) -> Result<Reply, ImportError> {
    match client.call(command).map_err(broken)? {
        Reply::Error(text) => {
            Err(ImportError::Refused(String::from_utf8_lossy(&text).into_owned()))
        }
        reply => Ok(reply),
    }
}

/// The connection ended; a server that closes one says nothing more.
pub fn broken(error: io::Error) -> ImportError {
    ImportError::Connection(error)
}
