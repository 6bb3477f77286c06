//! What can be wrong with a command line.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Where a line of configuration came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The file that the command line names.
    File,
    Included(PathBuf),
    Stdin,
    Flags,
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File => out.write_str("the configuration file"),
            Source::Included(path) => write!(out, "the included file '{}'", path.display()),
            Source::Stdin => out.write_str("the configuration from standard input"),
            Source::Flags => out.write_str("the command line"),
        }
    }
}

/// Why the command line was refused. The text is what a user is to see.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// A line of configuration, or a flag, which is a line too.
    #[error(transparent)]
    Line(Box<BadLine>),
    #[error("Fatal error, can't open config file '{}': {error}", path.display())]
    Open { path: PathBuf, error: io::Error },
    #[error("Fatal error, can't read the configuration from standard input: {0}")]
    Stdin(io::Error),
    /// A subcommand's own options.
    #[error("{0}")]
    Usage(String),
}

/// A line that was refused, told as Redis tells it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\n*** FATAL CONFIG FILE ERROR (Headcount {version}) ***\nReading {place}\n>>> '{line}'\n{reason}",
    version = env!("CARGO_PKG_VERSION"),
    place = self.place()
)]
pub struct BadLine {
    pub origin: Source,
    /// Counted from 1.
    pub number: usize,
    pub line: String,
    pub reason: String,
}

impl BadLine {
    /// Flags are lines to the parser only: their number says nothing to the user.
    fn place(&self) -> String {
        match &self.origin {
            Source::Flags => Source::Flags.to_string(),
            origin => format!("{origin}, at line {}", self.number),
        }
    }
}
