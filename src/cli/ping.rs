//! `headcount ping`: the options of the health check.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::error::CliError;
use crate::config::Config;

/// The server to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

/// Reads `[--host HOST] [--port PORT | --socket PATH]`.
///
/// # Errors
/// An option is unknown, has no value or a bad one, or two contradict each other.
pub fn parse(mut options: &[&[u8]]) -> Result<Target, CliError> {
    let (mut host, mut port, mut socket) = (None, None, None);
    while let [option, rest @ ..] = options {
        let name = String::from_utf8_lossy(option);
        let [value, rest @ ..] = rest else {
            return Err(usage(&format!("'{name}' is no option with a value")));
        };
        match *option {
            b"--host" => host = Some(String::from_utf8_lossy(value).into_owned()),
            b"--port" => port = Some(parse_port(value)?),
            b"--socket" => socket = Some(PathBuf::from(OsStr::from_bytes(value))),
            _ => return Err(usage(&format!("unknown option '{name}'"))),
        }
        options = rest;
    }
    match (socket, host, port) {
        (Some(path), None, None) => Ok(Target::Unix(path)),
        (Some(_), _, _) => Err(usage("--socket excludes --host and --port")),
        (None, host, port) => Ok(Target::Tcp {
            host: host.unwrap_or_else(|| "127.0.0.1".to_owned()),
            port: port.unwrap_or(Config::default().port),
        }),
    }
}

fn parse_port(value: &[u8]) -> Result<u16, CliError> {
    let port = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
    port.filter(|port| *port != 0).ok_or_else(|| usage("--port takes a number from 1 to 65535"))
}

fn usage(problem: &str) -> CliError {
    CliError::Usage(format!(
        "{problem}\nUsage: headcount ping [--host HOST] [--port PORT | --socket PATH]"
    ))
}

#[cfg(test)]
mod tests {
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
