//! Configuration: text in, values out. No files, no clock.
//!
//! The table (`table`) holds every directive once. From it come the parser of redis.conf lines, the
//! command line's flags, CONFIG GET, SET and REWRITE, redis.conf.example and docs/configuration.md.

mod choice;
mod cluster;
mod commands;
mod docs;
mod encodings;
mod events;
mod kind;
mod line;
mod number;
mod once;
mod rewrite;
mod settings;
mod special;
pub mod table;
mod users;

pub use choice::{AppendFsync, LogLevel, MaxmemoryPolicy, Permission, PubsubDefault};
pub use cluster::{Announce, peer_address};
pub use commands::SetError;
pub use docs::{example, flags_help, reference};
pub use events::EventClasses;
pub use line::{Line, lines, quote, split_words};
pub use rewrite::rewrite;
pub use settings::{BindAddress, BufferLimit, BufferLimits, Config, SavePoint};
pub use users::{UserLine, Users};

/// Why a directive was refused. The texts are Redis's where Redis has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No directive has this name.
    #[error("Bad directive or wrong number of arguments")]
    UnknownDirective,
    /// The directive takes exactly one argument.
    #[error("wrong number of arguments")]
    WrongNumberOfArguments,
    /// A line with a quote that nothing closes, or that is followed by more than a space.
    #[error("Unbalanced quotes in configuration line")]
    UnbalancedQuotes,
    /// The value does not fit the directive; the text says why.
    #[error("{0}")]
    InvalidValue(String),
}

impl ConfigError {
    fn invalid(reason: impl Into<String>) -> ConfigError {
        ConfigError::InvalidValue(reason.into())
    }
}

impl Config {
    /// Sets one directive from its arguments, as a line of redis.conf does.
    ///
    /// # Errors
    /// The name is unknown, or the arguments do not fit; `self` is then as it was.
    pub fn apply<A: AsRef<[u8]>>(
        &mut self,
        name: impl AsRef<[u8]>,
        arguments: &[A],
    ) -> Result<(), ConfigError> {
        let directive = table::find(name.as_ref()).ok_or(ConfigError::UnknownDirective)?;
        let arguments: Vec<&[u8]> = arguments.iter().map(AsRef::as_ref).collect();
        directive.set(self, &arguments)
    }
}
