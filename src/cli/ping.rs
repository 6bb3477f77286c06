//! `headcount ping`: the options of the health check.

use super::error::CliError;
use super::target::{Target, TargetOptions};

/// Reads `[--host HOST] [--port PORT | --socket PATH]`.
///
/// # Errors
/// An option is unknown, has no value or a bad one, or two contradict each other.
pub fn parse(options: &[&[u8]]) -> Result<Target, CliError> {
    read(options).map_err(|problem| usage(&problem))
}

fn read(mut options: &[&[u8]]) -> Result<Target, String> {
    let mut target = TargetOptions::default();
    while let [option, rest @ ..] = options {
        let name = String::from_utf8_lossy(option);
        let [value, rest @ ..] = rest else {
            return Err(format!("'{name}' is no option with a value"));
        };
        if !target.take(option, value)? {
            return Err(format!("unknown option '{name}'"));
        }
        options = rest;
    }
    target.target()
}

fn usage(problem: &str) -> CliError {
    CliError::Usage(format!(
        "{problem}\nUsage: headcount ping [--host HOST] [--port PORT | --socket PATH]"
    ))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn parsed(options: &[&str]) -> Option<Target> {
        let options: Vec<&[u8]> = options.iter().map(|option| option.as_bytes()).collect();
        parse(&options).ok()
    }

    #[test]
    fn targets() {
        let tcp = |host: &str, port| Some(Target::Tcp { host: host.to_owned(), port });
        assert_eq!(parsed(&[]), tcp("127.0.0.1", 6379));
        assert_eq!(parsed(&["--port", "7001", "--host", "db"]), tcp("db", 7001));
        assert_eq!(parsed(&["--socket", "/run/s"]), Some(Target::Unix(PathBuf::from("/run/s"))));
        let refused: [&[&str]; 4] =
            [&["--port"], &["--port", "0"], &["--what", "1"], &["--socket", "s", "--port", "1"]];
        for options in refused {
            assert_eq!(parsed(options), None, "{options:?}");
        }
    }
}
