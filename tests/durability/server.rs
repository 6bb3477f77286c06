//! A server whose directory outlives its process.

use crate::support::{PATIENCE, eventually, free_port, print, program};
use headcount::client::{Client, Reply};
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A directory, and the server that works in it, if one does.
pub struct Place {
    pub directory: TempDir,
    flags: Vec<String>,
    pub port: u16,
    child: Option<Child>,
}

impl Place {
    pub fn new(flags: &[&str]) -> Place {
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let directory = TempDir::new().expect("a temporary directory");
        Place { directory, flags, port: free_port(), child: None }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Starts the server and waits until it answers with its data.
    pub fn start(&mut self) {
        self.spawn();
        eventually("it answers with its data", || {
            let ended = self.child.as_mut().expect("a process").try_wait().expect("a child");
            assert!(ended.is_none(), "it ended: {ended:?}");
            let ping = Client::connect(self.address()).and_then(|mut it| it.call(&["PING"]));
            matches!(ping, Ok(Reply::Simple(_)))
        });
    }

    pub fn spawn(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        // A write beyond the largest size that files may have is to fail, not to kill.
        let child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", &program()])
            .args(["--dir", "."])
            .args(&self.flags)
            .args(["--port", &self.port.to_string(), "--appendonly", "yes"])
            .args(["--io-threads", "2"])
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        self.child = Some(child.expect("a process"));
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    pub fn connect(&self) -> Client {
        let mut client = Client::connect(self.address()).expect("a connection");
        client.set_timeout(Some(PATIENCE)).expect("a timeout");
        client
    }

    /// What a command answers, as redis-cli shows it.
    pub fn ask(&self, command: &[&str]) -> String {
        print::redis_cli(&self.connect().call(command).expect("a reply"))
    }

    pub fn signal(&mut self, signal: Signal) -> ExitStatus {
        let child = self.child.as_ref().expect("a process");
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, signal).expect("a process to signal");
        self.end()
    }

    /// Limits how large files may become; `None`: not at all.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let child = self.child.as_ref().expect("a process");
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(pid, Resource::Fsize, limit).expect("a limit");
    }

    /// Waits for the process to end.
    pub fn end(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("a process");
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = child.try_wait().expect("a child to ask about") {
                return status;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = child.kill();
        let _ = child.wait();
        panic!("the server did not stop");
    }

    /// Waits for the process to end, and returns what it said last.
    pub fn last_words(&mut self) -> (ExitStatus, String) {
        let child = self.child.take().expect("a process");
        let output = child.wait_with_output().expect("its end");
        (output.status, String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // Either may fail only because the process has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
