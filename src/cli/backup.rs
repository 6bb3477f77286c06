//! `headcount dump` and `headcount restore`: the options.

use std::path::PathBuf;

use super::error::CliError;
use super::login::{LOGIN_SYNOPSIS, Login};
use super::walk::{Walked, walk};

/// What to restore, where to, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreOptions {
    pub login: Login,
    /// `None`: standard input.
    pub file: Option<PathBuf>,
    /// As new writes, in place of what is there.
    pub new: bool,
}

/// Reads the options of `dump`.
///
/// # Errors
/// An option is unknown, has no value or a bad one, or two contradict.
pub fn parse_dump(arguments: &[&[u8]]) -> Result<Login, CliError> {
    match read(arguments) {
        Ok(RestoreOptions { login, file: None, new: false }) => Ok(login),
        Ok(_) => Err(usage("it writes to standard output, whatever there is")),
        Err(problem) => Err(usage(&problem)),
    }
}

/// Reads the options of `restore`, and the file's name, which may stand before and behind them.
///
/// # Errors
/// As [`parse_dump`], or there are two files.
pub fn parse_restore(arguments: &[&[u8]]) -> Result<RestoreOptions, CliError> {
    read(arguments).map_err(|problem| usage(&problem))
}

fn read(arguments: &[&[u8]]) -> Result<RestoreOptions, String> {
    let Walked { login, file, is_on } = walk(arguments, b"--new", |_, _| Ok(false))?;
    Ok(RestoreOptions { login, file, new: is_on })
}

fn usage(problem: &str) -> CliError {
    CliError::Usage(format!(
        "{problem}\n\
         Usage: headcount dump {LOGIN_SYNOPSIS} > FILE\n       \
         headcount restore [FILE] [--new] {LOGIN_SYNOPSIS}"
    ))
}

#[cfg(test)]
mod tests {
    use super::super::target::Target;
    use super::*;

    fn words(arguments: &str) -> Vec<&[u8]> {
        arguments.split_whitespace().map(str::as_bytes).collect()
    }

    #[test]
    fn options_stand_before_and_behind_the_file() {
        let parsed = parse_restore(&words("--new --port 7001 f --pass p")).expect("options");
        let target = Target::Tcp { host: "127.0.0.1".to_owned(), port: 7001 };
        let login = Login { target, user: None, password: Some(b"p".to_vec()) };
        assert_eq!(
            parsed,
            RestoreOptions { login: login.clone(), file: Some("f".into()), new: true }
        );
        assert_eq!(parse_dump(&words("--port 7001 --pass p")).expect("options"), login);
        assert_eq!(parse_restore(&[]).expect("nothing").file, None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (arguments, problem) in [
            ("a b", "one file"),
            ("--port", "'--port' is no option with a value"),
            ("--what x", "unknown option '--what'"),
            ("--user u", "--user needs"),
        ] {
            let error = parse_restore(&words(arguments)).expect_err(arguments).to_string();
            assert!(error.starts_with(problem) && error.contains("\nUsage: "), "{error}");
        }
        for arguments in ["f", "--new"] {
            let error = parse_dump(&words(arguments)).expect_err(arguments).to_string();
            assert!(error.starts_with("it writes to standard output"), "{error}");
        }
    }
}
