//! What a command function is given.

use super::{Args, CommandError, Session};
use crate::node::{Node, Recorder};
use crate::resp::ReplyWriter;
use crate::store::{KeyRef, Keys};

/// One command being executed: its arguments, its locked keys, and where the reply goes.
///
/// A command function is synchronous and never touches a socket. It writes its whole reply, or
/// returns an error; what it had written before an error is taken back.
pub struct Call<'c, 'k> {
    /// The node's shared parts: configuration, registry of clients, statistics.
    pub node: &'k Node,
    /// Where this thread counts.
    pub recorder: &'k Recorder,
    /// What belongs to this connection.
    pub session: &'c mut Session,
    pub args: Args<'c>,
    /// The command's only key and where it stands, when it has just one: its hash is known.
    pub only_key: Option<(usize, KeyRef<'c>)>,
    /// The keys that the table says this command touches, locked as the table says.
    pub keys: &'c mut Keys<'k>,
    pub reply: ReplyWriter<'c>,
}

/// A command's code.
pub type Run = fn(&mut Call<'_, '_>) -> Result<(), CommandError>;

impl<'c> Call<'c, '_> {
    /// The key at argument `index` (which the arity guarantees), in the connection's database.
    pub fn key(&self, index: usize) -> KeyRef<'c> {
        if let Some((at, key)) = self.only_key
            && at == index
            && key.db == self.session.db
        {
            return key;
        }
        let name = self.args.get(index).unwrap_or_default();
        KeyRef::new(self.session.db, name)
    }

    /// Unix milliseconds at which this command sees the world.
    pub fn now_ms(&self) -> u64 {
        self.keys.now_ms()
    }

    /// Says what others have sent to this client: what comes after the reply would come too late.
    /// (A transaction's replies stand together: what came meanwhile follows them.)
    pub fn catch_up(&mut self) {
        if self.session.in_exec {
            return;
        }
        while let Some(message) = self.session.client.pop() {
            self.reply.written(&message);
        }
    }

    /// Argument `index` as a 64-bit integer, or Redis's error.
    pub fn integer(&self, index: usize) -> Result<i64, CommandError> {
        let text = self.args.get(index).ok_or(CommandError::SYNTAX)?;
        crate::base::number::parse_i64(text).ok_or(CommandError::NOT_INTEGER)
    }
}
