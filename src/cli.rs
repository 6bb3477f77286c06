//! The command line, in redis-server's manner: `headcount [file] [--directive value …] [-]`.
//!
//! Flags are turned into lines of redis.conf and read after the file, so a flag means exactly what
//! the line means and is refused in the same words.

mod backup;
mod error;
mod flags;
mod import;
mod load;
mod login;
mod ping;
mod target;
mod walk;

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub use backup::RestoreOptions;
pub use error::{CliError, Source};
pub use import::ImportOptions;
pub use login::Login;
pub use target::Target;

use crate::config::{self, Config};

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Invocation {
    /// Run the server, with the absolute path of its configuration file for CONFIG REWRITE.
    Serve(Box<Config>, Option<PathBuf>),
    /// Ask a running server whether it is well.
    Ping(Target),
    /// Write what is in a Redis RDB file to a running server.
    Import(Box<ImportOptions>),
    /// Write all that is in a running server to standard output.
    Dump(Box<Login>),
    /// Write what `Dump` has written to a running server.
    Restore(Box<RestoreOptions>),
    /// Say what is in a directory of a log, or in a file that `Dump` has written.
    Check(PathBuf),
    /// Copy what verifies of a log to another directory.
    Repair { from: PathBuf, into: PathBuf },
    /// Print `help()`.
    Help,
    /// Print `version()`.
    Version,
}

/// Reads the arguments (without the program's name), the files that they name, and `stdin` where
/// they say `-`.
///
/// # Errors
/// What cannot be understood or read. Print it to standard error and exit with code 1.
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    stdin: impl Read,
) -> Result<Invocation, CliError> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let words: Vec<&[u8]> = arguments.iter().map(|argument| argument.as_bytes()).collect();
    match words.as_slice() {
        [b"--help" | b"-h", ..] => Ok(Invocation::Help),
        [b"--version" | b"-v", ..] => Ok(Invocation::Version),
        [b"ping", options @ ..] => ping::parse(options).map(Invocation::Ping),
        [b"import", arguments @ ..] => {
            import::parse(arguments).map(|options| Invocation::Import(Box::new(options)))
        }
        [b"dump", arguments @ ..] => {
            backup::parse_dump(arguments).map(|login| Invocation::Dump(Box::new(login)))
        }
        [b"restore", arguments @ ..] => {
            backup::parse_restore(arguments).map(|options| Invocation::Restore(Box::new(options)))
        }
        [b"check", path] => Ok(Invocation::Check(path_of(path))),
        [b"repair", from, into] => {
            Ok(Invocation::Repair { from: path_of(from), into: path_of(into) })
        }
        [b"check" | b"repair", ..] => Err(CliError::Usage(LOG_USAGE.to_owned())),
        words => serve(words, stdin),
    }
}

fn path_of(word: &[u8]) -> PathBuf {
    OsStr::from_bytes(word).into()
}

fn serve(words: &[&[u8]], mut stdin: impl Read) -> Result<Invocation, CliError> {
    let plan = flags::plan(words);
    let mut config = Config::default();
    let file = plan.file.map(absolute).transpose()?;
    if let Some(path) = &file {
        load::load_file(&mut config, path)?;
    }
    if plan.reads_stdin {
        let mut text = Vec::new();
        stdin.read_to_end(&mut text).map_err(CliError::Stdin)?;
        load::load_text(&mut config, &text, &Source::Stdin)?;
    }
    load::load_text(&mut config, plan.lines.as_bytes(), &Source::Flags)?;
    Ok(Invocation::Serve(Box::new(config), file))
}

/// CONFIG REWRITE must find the file again after the working folder changed.
fn absolute(path: &Path) -> Result<PathBuf, CliError> {
    let open = |error: io::Error| CliError::Open { path: path.to_owned(), error };
    std::path::absolute(path).map_err(open)
}

/// The text of `--version`.
#[must_use]
pub fn version() -> String {
    format!("Headcount server v={}", env!("CARGO_PKG_VERSION"))
}

/// The text of `--help`.
#[must_use]
pub fn help() -> String {
    format!("{USAGE}{}", config::flags_help())
}

const LOG_USAGE: &str = "\
Usage: headcount check DIRECTORY | FILE
       headcount repair DIRECTORY NEW-DIRECTORY";

const USAGE: &str = "\
Usage: headcount [/path/to/redis.conf] [--directive value …] [-]
       headcount - < redis.conf
       headcount ping [--host HOST] [--port PORT | --socket PATH]
       headcount import DUMP.rdb [--host HOST] [--port PORT | --socket PATH]
                 [--user NAME] [--pass PASSWORD] [--db-map FROM:TO]… [--keep-existing]
       headcount dump [--host HOST] [--port PORT | --socket PATH]
                 [--user NAME] [--pass PASSWORD] > FILE
       headcount restore [FILE] [--new] [--host HOST] [--port PORT | --socket PATH]
                 [--user NAME] [--pass PASSWORD]
       headcount check DIRECTORY | FILE
       headcount repair DIRECTORY NEW-DIRECTORY
       headcount --help | --version

The file is read first, then standard input (-), then the flags; the last one wins.
Every directive of the file is a flag:
";
