//! The arguments of a subcommand that works with a file and a server.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::login::{Login, LoginOptions};

/// What they say, but for options of the subcommand's own.
pub struct Walked {
    pub login: Login,
    /// It may stand before, between and behind the options.
    pub file: Option<PathBuf>,
    /// Whether the switch is there.
    pub is_on: bool,
}

/// Reads them. `switch` is an option without a value; `own` takes an option with its value, and answers false if it is
/// none of its.
///
/// # Errors
/// An option is unknown, has no value or a bad one, two contradict, or there are two files.
pub fn walk(
    mut arguments: &[&[u8]],
    switch: &[u8],
    mut own: impl FnMut(&[u8], &[u8]) -> Result<bool, String>,
) -> Result<Walked, String> {
    let mut login = LoginOptions::default();
    let (mut file, mut is_on) = (None, false);
    while let [argument, rest @ ..] = arguments {
        arguments = rest;
        if *argument == switch {
            is_on = true;
            continue;
        }
        if !argument.starts_with(b"--") {
            if file.replace(PathBuf::from(OsStr::from_bytes(argument))).is_some() {
                return Err("one file at a time".to_owned());
            }
            continue;
        }
        let name = String::from_utf8_lossy(argument);
        let [value, rest @ ..] = rest else {
            return Err(format!("'{name}' is no option with a value"));
        };
        arguments = rest;
        if !own(argument, value)? && !login.take(argument, value)? {
            return Err(format!("unknown option '{name}'"));
        }
    }
    Ok(Walked { login: login.login()?, file, is_on })
}
