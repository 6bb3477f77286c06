//! The server that takes the keys: reaching it, and what it can take.

use std::io;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use super::error::ImportError;
use crate::base::number::parse_u64;
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

/// Redis's `proto-max-bulk-len`, for servers that do not tell theirs.
const ARGUMENT_BYTES_MAX: usize = 512 << 20;

/// What a server has commands for, and how much it takes at once.
#[derive(Clone, Copy, Debug)]
pub struct Abilities {
    /// What is longer than this, in bytes, makes it close the connection.
    pub argument_bytes_max: usize,
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
    let argument_bytes_max = longest_argument(client)?.unwrap_or(ARGUMENT_BYTES_MAX);
    Ok(Abilities { argument_bytes_max, hashes: known(0), sorted_sets: known(1) })
}

/// `None` if the server does not tell.
fn longest_argument(client: &mut Client) -> Result<Option<usize>, ImportError> {
    let reply = client.call(&["CONFIG", "GET", "proto-max-bulk-len"]).map_err(broken)?;
    Ok(match &reply {
        Reply::Array(pair) => match pair.get(1) {
            Some(Reply::Bulk(digits)) => {
                parse_u64(digits).and_then(|bytes| usize::try_from(bytes).ok())
            }
            _ => None,
        },
        _ => None,
    })
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
