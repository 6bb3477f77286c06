//! What a command answers instead of its reply.

use crate::script::Failure;
use crate::store::AccessError;
use std::borrow::Cow;

/// An error reply: its code and text as the client reads them after the `-`.
///
/// Redis's texts are part of its interface (clients match on them), so they are written as in Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// The text, beginning with the code: `ERR …`, `WRONGTYPE …`.
    Reply(Cow<'static, str>),
    /// The error of a script.
    Script(Failure),
    /// Not an answer: the dispatcher runs the command again with exclusive access to its keys.
    NeedsExclusive,
}

impl CommandError {
    pub const SYNTAX: CommandError = CommandError::fixed("ERR syntax error");
    pub const NOT_INTEGER: CommandError =
        CommandError::fixed("ERR value is not an integer or out of range");
    pub const NOT_FLOAT: CommandError = CommandError::fixed("ERR value is not a valid float");
    pub const OUT_OF_RANGE: CommandError =
        CommandError::fixed("ERR value is out of range, must be positive");
    pub const OVERFLOW: CommandError =
        CommandError::fixed("ERR increment or decrement would overflow");
    pub const WRONG_TYPE: CommandError =
        CommandError::fixed("WRONGTYPE Operation against a key holding the wrong kind of value");
    /// A script holds what is asked for, and has done so for too long.
    pub const BUSY: CommandError = CommandError::fixed(
        "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
    );
    pub const NO_SUCH_KEY: CommandError = CommandError::fixed("ERR no such key");

    /// An error whose text is known when compiling.
    #[must_use]
    pub const fn fixed(text: &'static str) -> CommandError {
        CommandError::Reply(Cow::Borrowed(text))
    }

    /// An error whose text is made from the request.
    pub fn text(text: impl Into<String>) -> CommandError {
        CommandError::Reply(Cow::Owned(text.into()))
    }

    /// `ERR wrong number of arguments for 'NAME' command`
    #[must_use]
    pub fn arity(name: &str) -> CommandError {
        CommandError::text(format!("ERR wrong number of arguments for '{name}' command"))
    }
}

impl From<AccessError> for CommandError {
    fn from(error: AccessError) -> CommandError {
        match error {
            AccessError::WrongType => CommandError::WRONG_TYPE,
            AccessError::NotInteger => CommandError::NOT_INTEGER,
            AccessError::NotFloat => CommandError::NOT_FLOAT,
            AccessError::Overflow => CommandError::OVERFLOW,
            AccessError::NeedsExclusive => CommandError::NeedsExclusive,
        }
    }
}
