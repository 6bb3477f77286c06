//! Which server a subcommand talks to.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::config::Config;

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

/// `[--host HOST] [--port PORT | --socket PATH]`, as far as they have been read.
#[derive(Debug, Default)]
pub struct TargetOptions {
    host: Option<String>,
    port: Option<u16>,
    socket: Option<PathBuf>,
}

impl TargetOptions {
    /// Takes an option with its value; false if it is none of these.
    ///
    /// # Errors
    /// What is wrong with the value.
    pub fn take(&mut self, option: &[u8], value: &[u8]) -> Result<bool, String> {
        match option {
            b"--host" => self.host = Some(String::from_utf8_lossy(value).into_owned()),
            b"--port" => self.port = Some(parse_port(value)?),
            b"--socket" => self.socket = Some(PathBuf::from(OsStr::from_bytes(value))),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// # Errors
    /// The options contradict each other.
    pub fn target(self) -> Result<Target, String> {
        match (self.socket, self.host, self.port) {
            (Some(path), None, None) => Ok(Target::Unix(path)),
            (Some(_), _, _) => Err("--socket excludes --host and --port".to_owned()),
            (None, host, port) => Ok(Target::Tcp {
                host: host.unwrap_or_else(|| "127.0.0.1".to_owned()),
                port: port.unwrap_or(Config::default().port),
            }),
        }
    }
}

fn parse_port(value: &[u8]) -> Result<u16, String> {
    let port = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
    port.filter(|port| *port != 0).ok_or_else(|| "--port takes a number from 1 to 65535".to_owned())
}
