//! What the tests from outside share: servers to talk to, and replies as people read them.

// Each test binary uses a part of this.
#![allow(dead_code)]

mod ports;
pub mod print;
pub mod words;

pub use ports::free_port;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use headcount::client::{Client, Reply};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long a server may take to start, a condition to come true, a process to stop.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How often a server is started again when another process took its port in between.
const STARTS: usize = 5;

/// What a test that says nothing else starts Headcount with: on disk nothing is kept, and so nothing has to be
/// loaded. `tests/durability` is about what is.
const OWN_FLAGS: [[&str; 2]; 2] = [["--dir", "."], ["--appendonly", "no"]];
/// Where a server's configuration file is, from its directory.
pub const CONFIG_FILE: &str = "conf/redis.conf";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Headcount,
    Redis,
}

/// A server process on a port of its own; it ends with the value, also when a test panics.
pub struct Server {
    pub kind: Kind,
    pub port: u16,
    /// It may have to ask its peers or the disk for the data before it answers clients.
    loads: bool,
    child: Child,
    directory: TempDir,
}

impl Server {
    /// Starts Headcount with these further flags.
    ///
    /// With `HEADCOUNT_TESTS_AGAINST=redis` in the environment it is a redis-server instead: that
    /// checks the tests' expectations against the original.
    pub fn headcount(flags: &[&str]) -> Server {
        if std::env::var("HEADCOUNT_TESTS_AGAINST").is_ok_and(|name| name == "redis") {
            return Server::redis(flags)
                .expect("a redis-server in PATH, as the environment asks for");
        }
        Server::start(Kind::Headcount, &program(), flags)
    }

    /// Starts Headcount with these further flags, once: `None` when it ends at once, for something
    /// that a flag names was taken by another process, perhaps.
    pub fn try_headcount(flags: &[&str]) -> Option<Server> {
        let directory = TempDir::new().expect("a temporary directory");
        let mut server = Server::spawn(Kind::Headcount, &program(), directory, flags);
        server.is_up().then_some(server)
    }

    /// Starts Headcount with a configuration file of this text.
    pub fn headcount_with_file(text: &str) -> Server {
        Server::start_with_file(Kind::Headcount, &program(), text)
    }

    /// Starts the real one with a configuration file of this text, or says that there is none.
    pub fn redis_with_file(text: &str) -> Option<Server> {
        is_redis_installed().then(|| Server::start_with_file(Kind::Redis, "redis-server", text))
    }

    /// Starts the real one, or says that there is none.
    pub fn redis(flags: &[&str]) -> Option<Server> {
        if !is_redis_installed() {
            return None;
        }
        let mut all = vec!["--save", "", "--appendonly", "no", "--loglevel", "warning"];
        all.extend_from_slice(flags);
        Some(Server::start(Kind::Redis, "redis-server", &all))
    }

    fn start(kind: Kind, program: &str, flags: &[&str]) -> Server {
        Server::start_in(kind, program, flags, |_| Vec::new())
    }

    fn start_with_file(kind: Kind, program: &str, text: &str) -> Server {
        Server::start_in(kind, program, &[], |directory| {
            let folder = directory.path().join(CONFIG_FILE);
            let folder = folder.parent().expect("a folder");
            std::fs::create_dir(folder).expect("a folder for the file");
            std::fs::write(directory.path().join(CONFIG_FILE), text).expect("a file");
            vec![CONFIG_FILE]
        })
    }

    /// `prepare` may leave something in the server's directory, and answers the first arguments.
    fn start_in(
        kind: Kind,
        program: &str,
        flags: &[&str],
        prepare: impl Fn(&TempDir) -> Vec<&'static str>,
    ) -> Server {
        for _ in 0..STARTS {
            let directory = TempDir::new().expect("a temporary directory");
            let all = [&prepare(&directory), flags].concat();
            let mut server = Server::spawn(kind, program, directory, &all);
            if server.is_up() {
                return server;
            }
        }
        panic!("{program} {flags:?} did not start, {STARTS} times");
    }

    fn spawn(kind: Kind, program: &str, directory: TempDir, arguments: &[&str]) -> Server {
        let port = free_port();
        // Several serving threads wherever the tests run, so that they get in each other's way. (Those
        // of redis-server only read and write, and spin.)
        let threads: &[&str] = match kind {
            Kind::Headcount => &["--io-threads", "3"],
            Kind::Redis => &[],
        };
        let own: Vec<&str> = OWN_FLAGS
            .into_iter()
            .filter(|[name, _]| kind == Kind::Headcount && !arguments.contains(name))
            .flatten()
            .collect();
        let child = Command::new(program)
            .args(arguments)
            .args(["--port", &port.to_string(), "--enable-debug-command", "yes"])
            .args(threads)
            .args(own)
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let loads = arguments.contains(&"--cluster-port")
            || arguments.windows(2).any(|flag| flag == ["--appendonly", "yes"]);
        Server { kind, port, loads, child, directory }
    }

    /// Waits until the process answers; false when it ended, or when another answers at its port.
    fn is_up(&mut self) -> bool {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if self.child.try_wait().expect("a child to ask about").is_some() {
                return false;
            }
            if let Ok(reply) =
                Client::connect(self.address()).and_then(|mut it| it.call(&["INFO", "server"]))
            {
                return self.is_mine(&reply);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    fn is_mine(&self, info: &Reply) -> bool {
        let mine = format!("process_id:{}\r", self.child.id());
        // A server that wants a password first says NOAUTH instead.
        print::text(info).contains(&mine) || matches!(info, Reply::Error(_))
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// A connection to a server that answers clients.
    pub fn connect(&self) -> Client {
        let mut client = self.connect_early();
        if self.loads {
            eventually("it has loaded", || !is_loading(&client.call(&["PING"])));
        }
        client
    }

    /// A connection, whether the server answers clients already or not.
    pub fn connect_early(&self) -> Client {
        let mut client = Client::connect(self.address()).expect("a connection");
        client.set_timeout(Some(PATIENCE)).expect("a timeout");
        client
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// One field of INFO, as text.
    pub fn info(&self, field: &str) -> Option<String> {
        let info = print::text(&self.connect_early().call(&["INFO", "everything"]).expect("INFO"));
        info.lines().find_map(|line| Some(line.strip_prefix(field)?.strip_prefix(':')?.to_owned()))
    }

    /// The version that it claims to be, such as (7, 2).
    pub fn version(&self) -> (u32, u32) {
        let version = self.info("redis_version").expect("redis_version");
        let mut parts = version.split('.').map(|part| part.parse().expect("a number"));
        (parts.next().expect("major"), parts.next().expect("minor"))
    }

    /// Sends a signal and waits for the end.
    pub fn signal(self, signal: Signal) -> ExitStatus {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, signal).expect("a process to signal");
        self.end()
    }

    /// Waits for the process to end by itself.
    pub fn end(mut self) -> ExitStatus {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().expect("a child to ask about") {
                return status;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the server did not stop");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Either may fail only because the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is tested: the program that was built with the tests, or `HEADCOUNT_TESTS_PROGRAM` (a path from
/// the package's root), for what must be as fast as users have it.
pub fn program() -> String {
    match std::env::var("HEADCOUNT_TESTS_PROGRAM") {
        Ok(path) => format!("{}/{path}", env!("CARGO_MANIFEST_DIR")),
        Err(_) => env!("CARGO_BIN_EXE_headcount").to_owned(),
    }
}

fn is_redis_installed() -> bool {
    let version = Command::new("redis-server").arg("--version").output();
    let installed = version.is_ok_and(|output| output.status.success());
    if !installed {
        println!("skipped: no redis-server in PATH to compare with");
    }
    installed
}

/// Asks again and again until the answer is true.
pub fn eventually(what: &str, mut is_true: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_true() {
        assert!(start.elapsed() < PATIENCE, "in {PATIENCE:?} it never came true that {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_loading(reply: &io::Result<Reply>) -> bool {
    matches!(reply, Ok(Reply::Error(text)) if text.starts_with(b"LOADING "))
}

/// Runs a test's script against Headcount, and against the original when it is installed.
pub fn against_both(flags: &[&str], script: impl Fn(&Server)) {
    script(&Server::headcount(flags));
    if let Some(redis) = Server::redis(flags) {
        println!("Headcount passed; now the same script against redis-server");
        script(&redis);
    }
}

/// The reply, or what became of the connection, as redis-cli would show it.
pub fn show(reply: &io::Result<Reply>) -> String {
    match reply {
        Ok(reply) => print::redis_cli(reply),
        Err(error) => match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe => "(closed)".to_owned(),
            _ => format!("({error})"),
        },
    }
}
