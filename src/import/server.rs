//! What the server that takes the keys can take.

use crate::client::{Client, Reply};
use crate::rdb::Kind;
use crate::remote::{RemoteError, call, longest_argument};

/// What a server has commands for, and how much it takes at once.
#[derive(Clone, Copy, Debug)]
pub struct Abilities {
    /// What is longer than this, in bytes, makes it close the connection.
    pub argument_bytes_max: usize,
    hashes: bool,
    timed_fields: bool,
    sorted_sets: bool,
    lists: bool,
}

impl Abilities {
    pub fn take(self, kind: Kind) -> bool {
        match kind {
            Kind::String | Kind::Set => true,
            Kind::Hash => self.hashes,
            Kind::SortedSet => self.sorted_sets,
            Kind::List => self.lists,
            Kind::TimedHash => self.hashes && self.timed_fields,
            Kind::Stream | Kind::Module(_) => false,
        }
    }
}

/// Asks the server what it knows.
pub fn abilities(client: &mut Client) -> Result<Abilities, RemoteError> {
    let asked: [&[u8]; 6] = [b"COMMAND", b"INFO", b"HSET", b"ZADD", b"RPUSH", b"HPEXPIREAT"];
    let reply = call(client, &asked)?;
    let known = |at: usize| match &reply {
        Reply::Array(rows) => matches!(rows.get(at), Some(Reply::Array(_))),
        _ => false,
    };
    let argument_bytes_max = longest_argument(client)?;
    let (hashes, sorted_sets, lists, timed_fields) = (known(0), known(1), known(2), known(3));
    Ok(Abilities { argument_bytes_max, hashes, timed_fields, sorted_sets, lists })
}
