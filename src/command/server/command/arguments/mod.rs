//! A command's arguments as a tree, read from the synopsis of its row. COMMAND DOCS tells clients of
//! them; redis-cli's hints come from there.

mod names;
mod synopsis;
mod tree;

use crate::command::registry::Entry;

/// One argument, or a group of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    pub name: String,
    pub kind: Kind,
    /// As the synopsis writes it; a group is not written by itself.
    pub display_text: Option<String>,
    /// Which of the command's key specs it belongs to, if it is a key.
    pub key_spec: Option<usize>,
    /// The word that stands before it, or that it consists of.
    pub token: Option<&'static str>,
    /// The version of Redis that has it first, if the command is older.
    pub since: Option<&'static str>,
    pub deprecated_since: Option<&'static str>,
    pub optional: bool,
    pub multiple: bool,
    /// Whether each one of multiple has the token before it.
    pub multiple_token: bool,
    /// What a group consists of.
    pub arguments: Vec<Argument>,
}

/// What an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    String,
    Integer,
    Double,
    Key,
    Pattern,
    UnixTime,
    /// Only its token.
    PureToken,
    /// One of several.
    OneOf,
    /// Several, together.
    Block,
}

impl Kind {
    /// As COMMAND DOCS names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::String => "string",
            Kind::Integer => "integer",
            Kind::Double => "double",
            Kind::Key => "key",
            Kind::Pattern => "pattern",
            Kind::UnixTime => "unix-time",
            Kind::PureToken => "pure-token",
            Kind::OneOf => "oneof",
            Kind::Block => "block",
        }
    }
}

impl Argument {
    /// The flags that are set, as COMMAND DOCS names them.
    #[must_use]
    pub fn flags(&self) -> Vec<&'static str> {
        let all = [
            (self.optional, "optional"),
            (self.multiple, "multiple"),
            (self.multiple_token, "multiple_token"),
        ];
        all.into_iter().filter(|(set, _)| *set).map(|(_, name)| name).collect()
    }
}

/// The arguments of a command, or of a subcommand after its name.
#[must_use]
pub fn arguments(entry: &Entry) -> Vec<Argument> {
    tree::read(entry)
}
