//! Server processes, as they come: nothing is set but the port, that nothing is saved, and what a
//! comparison asks for.

use super::process;
use headcount::client::{Client, Reply};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a server may take to start, and to load what it has on disk.
const PATIENCE: Duration = Duration::from_secs(120);

/// What both are given, in either's own words.
const NOTHING_SAVED: [&str; 4] = ["--save", "", "--appendonly", "no"];

/// A port that nobody has at the moment.
///
/// # Errors
/// The system has none.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Redis,
    Headcount,
}

impl Program {
    fn path(self) -> &'static str {
        match self {
            Program::Redis => "redis-server",
            Program::Headcount => env!("CARGO_BIN_EXE_headcount"),
        }
    }
}

/// A server on a port of its own; it ends with the value.
pub struct Server {
    port: u16,
    child: Child,
    /// In which it works, if that ends with it.
    _directory: Option<TempDir>,
}

impl Server {
    /// # Errors
    /// The program cannot be started, or does not answer.
    pub fn headcount() -> io::Result<Server> {
        Server::headcount_with(&[])
    }

    /// # Errors
    /// As [`Server::headcount`].
    pub fn headcount_with(flags: &[&str]) -> io::Result<Server> {
        Server::start(Program::Headcount, &[&NOTHING_SAVED[..], flags].concat())
    }

    /// # Errors
    /// As [`Server::headcount`]; `NotFound` when there is no redis-server in PATH.
    pub fn redis() -> io::Result<Server> {
        Server::redis_with(&[])
    }

    /// # Errors
    /// As [`Server::redis`].
    pub fn redis_with(flags: &[&str]) -> io::Result<Server> {
        Server::start(Program::Redis, &[&NOTHING_SAVED[..], flags].concat())
    }

    /// One of the two that works in a directory which stays, with no more set than its port and `flags`.
    ///
    /// # Errors
    /// As [`Server::redis`].
    pub fn in_directory(program: Program, directory: &Path, flags: &[&str]) -> io::Result<Server> {
        let port = free_port()?;
        let child = Command::new(program.path())
            .args(["--port", &port.to_string()])
            .args(flags)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let mut server = Server { port, child, _directory: None };
        server.wait_until_up()?;
        Ok(server)
    }

    fn start(program: Program, flags: &[&str]) -> io::Result<Server> {
        let directory = TempDir::new()?;
        let mut server = Server::in_directory(program, directory.path(), flags)?;
        server._directory = Some(directory);
        Ok(server)
    }

    fn wait_until_up(&mut self) -> io::Result<()> {
        let start = Instant::now();
        // Whoever else might have taken the port is not this process.
        let mine = self.pid().to_string();
        while self.info("process_id").ok().as_deref() != Some(&mine) || !self.is_loaded() {
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("the server ended with {status}")));
            }
            if start.elapsed() > PATIENCE {
                return Err(io::ErrorKind::TimedOut.into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn is_loaded(&self) -> bool {
        matches!(self.call(&["PING"]), Ok(Reply::Simple(_)))
    }

    /// Ends it, saving nothing more than it does by itself.
    ///
    /// # Errors
    /// It does not end by itself.
    pub fn stop(mut self) -> io::Result<()> {
        // It answers only if it does not end.
        let _ = self.call(&["SHUTDOWN", "NOSAVE"]);
        self.child.wait().map(drop)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// # Errors
    /// The server does not answer.
    pub fn call(&self, words: &[&str]) -> io::Result<Reply> {
        Client::connect(self.address())?.call(words)
    }

    /// A section of INFO.
    ///
    /// # Errors
    /// The server does not answer.
    pub fn report(&self, section: &str) -> io::Result<String> {
        match self.call(&["INFO", section])? {
            Reply::Bulk(text) | Reply::Verbatim(text) => {
                Ok(String::from_utf8_lossy(&text).into_owned())
            }
            _ => Err(io::Error::other("INFO is no text")),
        }
    }

    /// One field of INFO, as text.
    ///
    /// # Errors
    /// The server does not answer, or not with that field.
    pub fn info(&self, field: &str) -> io::Result<String> {
        let text = self.report("default")?;
        let value = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        value.map(str::to_owned).ok_or_else(|| io::Error::other(format!("INFO without {field}")))
    }

    /// Bytes that the process says it uses.
    ///
    /// # Errors
    /// As [`Server::info`].
    pub fn used_bytes(&self) -> io::Result<u64> {
        self.info("used_memory")?.parse().map_err(io::Error::other)
    }

    /// Nanoseconds of processor time used so far.
    ///
    /// # Errors
    /// As [`process::cpu_ns`].
    pub fn cpu_ns(&self) -> io::Result<u64> {
        process::cpu_ns(self.pid())
    }

    /// Bytes of the machine's memory.
    ///
    /// # Errors
    /// As [`process::resident_bytes`].
    pub fn resident_bytes(&self) -> io::Result<u64> {
        process::resident_bytes(self.pid())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Either may fail only because the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
