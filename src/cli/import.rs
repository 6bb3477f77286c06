//! `headcount import`: the options.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::error::CliError;
use super::login::{LOGIN_SYNOPSIS, Login};
use super::walk::{Walked, walk};
use crate::base::number::parse_u64;

/// What to import, where to, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportOptions {
    pub file: PathBuf,
    pub login: Login,
    /// Databases of the file that go to others; the rest keep their numbers.
    pub databases: BTreeMap<u64, u64>,
    /// Leave keys alone that the server has.
    pub keep_existing: bool,
}

/// Reads the file's name, and options before and behind it.
///
/// # Errors
/// There is not one file, or an option is unknown, has no value or a bad one, or two contradict.
pub fn parse(arguments: &[&[u8]]) -> Result<ImportOptions, CliError> {
    read(arguments).map_err(|problem| usage(&problem))
}

fn read(arguments: &[&[u8]]) -> Result<ImportOptions, String> {
    let mut databases = BTreeMap::new();
    let Walked { login, file, is_on } = walk(arguments, b"--keep-existing", |option, value| {
        if option != b"--db-map" {
            return Ok(false);
        }
        let (from, to) = pair(value).ok_or("--db-map takes two numbers, as in 0:3")?;
        databases.insert(from, to);
        Ok(true)
    })?;
    let file = file.ok_or("which file?")?;
    Ok(ImportOptions { file, login, databases, keep_existing: is_on })
}

fn pair(value: &[u8]) -> Option<(u64, u64)> {
    let colon = value.iter().position(|byte| *byte == b':')?;
    let (from, to) = value.split_at(colon);
    Some((parse_u64(from)?, parse_u64(to.get(1..)?)?))
}

fn usage(problem: &str) -> CliError {
    CliError::Usage(format!(
        "{problem}\n\
         Usage: headcount import DUMP.rdb {LOGIN_SYNOPSIS} [--db-map FROM:TO]… [--keep-existing]"
    ))
}

#[cfg(test)]
mod tests {
    use super::super::target::Target;
    use super::*;

    fn parsed(arguments: &str) -> Result<ImportOptions, CliError> {
        let arguments: Vec<&[u8]> = arguments.split_whitespace().map(str::as_bytes).collect();
        parse(&arguments)
    }

    #[test]
    fn options_stand_before_and_behind_the_file() {
        let all =
            "--port 7001 dump.rdb --user u --pass p --db-map 0:3 --db-map 1:4 --keep-existing";
        let expected = ImportOptions {
            file: "dump.rdb".into(),
            login: Login {
                target: Target::Tcp { host: "127.0.0.1".to_owned(), port: 7001 },
                user: Some(b"u".to_vec()),
                password: Some(b"p".to_vec()),
            },
            databases: BTreeMap::from([(0, 3), (1, 4)]),
            keep_existing: true,
        };
        assert_eq!(parsed(all).expect("options"), expected);
        let least = parsed("d").expect("a file");
        assert!(
            !least.keep_existing && least.login.password.is_none() && least.databases.is_empty()
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (arguments, problem) in [
            ("", "which file?"),
            ("a b", "one file"),
            ("a --port", "'--port' is no option with a value"),
            ("a --port x", "--port takes"),
            ("a --what x", "unknown option '--what'"),
            ("a --db-map 1", "--db-map takes"),
            ("a --db-map 1:", "--db-map takes"),
            ("a --user u", "--user needs"),
            ("a --socket s --host h", "--socket excludes"),
        ] {
            let error = parsed(arguments).expect_err(arguments).to_string();
            assert!(error.starts_with(problem) && error.contains("\nUsage: "), "{error}");
        }
    }
}
