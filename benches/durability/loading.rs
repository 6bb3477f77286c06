//! How fast many keys come back after a restart, in how much memory, and what they take on disk.

use super::tools::load::{Load, Numbers, Request};
use super::tools::server::{Program, Server};
use super::tools::{median, process, short, spread, table};
use super::{Extent, ratios};
use headcount::client::Reply;
use std::fmt::Write;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// What the servers are filled with.
struct Case {
    name: &'static str,
    words: &'static [&'static str],
}

const CASES: [Case; 3] = [
    Case { name: "counters at 1", words: &["INCR", "key:#"] },
    Case { name: "counters at 1,000,000", words: &["INCRBY", "key:#", "1000000"] },
    Case { name: "strings of 16 bytes", words: &["SET", "key:#", "abcdefghijklmnop"] },
];

/// A server's files, and what its starts came to.
struct Side {
    program: Program,
    flags: &'static [&'static str],
    directory: TempDir,
    /// Before it was stopped.
    held_bytes: f64,
    disk_bytes: f64,
    s: Vec<f64>,
    cpu_s: Vec<f64>,
    peak_bytes: Vec<f64>,
    held_again_bytes: Vec<f64>,
}

impl Side {
    /// Fills a server, has it save all, and stops it.
    fn new(program: Program, case: &Case, keys: usize) -> io::Result<Side> {
        let flags: &[&str] = match program {
            Program::Redis => &["--save", "", "--appendonly", "no"],
            Program::Headcount => &["--save", "", "--appendonly", "yes", "--dir", "."],
        };
        let directory = TempDir::new()?;
        let server = Server::in_directory(program, directory.path(), flags)?;
        let (request, numbers) = (Request::new(case.words), Numbers::RISING);
        Load { request: &request, numbers, pipeline: 64, requests: keys }
            .run(&[server.address()])?;
        let held_bytes = server.resident_bytes()? as f64;
        save(&server)?;
        server.stop()?;
        let disk_bytes = bytes_in(directory.path())? as f64;
        let (s, cpu_s, peak_bytes, held_again_bytes) = Default::default();
        let side = Side {
            program,
            flags,
            directory,
            held_bytes,
            disk_bytes,
            s,
            cpu_s,
            peak_bytes,
            held_again_bytes,
        };
        Ok(side)
    }

    fn turn(&mut self, keys: usize) -> io::Result<()> {
        let start = Instant::now();
        let server = Server::in_directory(self.program, self.directory.path(), self.flags)?;
        self.s.push(start.elapsed().as_secs_f64());
        self.cpu_s.push(process::cpu_ns_of_all(server.pid())? as f64 / 1e9);
        self.peak_bytes.push(process::peak_bytes(server.pid())? as f64);
        self.held_again_bytes.push(server.resident_bytes()? as f64);
        if server.call(&["DBSIZE"])? != Reply::Integer(keys as i64) {
            return Err(io::Error::other("not all keys came back"));
        }
        server.stop()
    }
}

/// Has it save all, however long that takes.
fn save(server: &Server) -> io::Result<()> {
    let mut client = headcount::client::Client::connect(server.address())?;
    client.set_timeout(Some(PATIENCE))?;
    match client.call(&["SAVE"])? {
        Reply::Simple(_) => Ok(()),
        other => Err(io::Error::other(format!("SAVE: {other:?}"))),
    }
}

fn bytes_in(directory: &Path) -> io::Result<u64> {
    let mut sum = 0;
    for file in std::fs::read_dir(directory)? {
        sum += file?.metadata()?.len();
    }
    Ok(sum)
}

/// Answers the tables.
///
/// # Errors
/// A server ended or answered an error, or lost keys.
pub fn compare(extent: &Extent) -> io::Result<String> {
    let (mut speed, mut memory) = (Vec::new(), Vec::new());
    for case in &CASES {
        let name = format!("{} {}", short(extent.keys), case.name);
        let mut sides = [
            Side::new(Program::Redis, case, extent.keys)?,
            Side::new(Program::Headcount, case, extent.keys)?,
        ];
        for turn in 0..extent.loads {
            // Neither is always the first.
            for at in 0..2 {
                sides[(at + turn) % 2].turn(extent.keys)?;
            }
        }
        let [redis, headcount] = &sides;
        speed.push(vec![
            name.clone(),
            format!("{:.2}", median(&redis.s)),
            format!("{:.2}", median(&headcount.s)),
            spread(&ratios(&headcount.s, &redis.s)),
            spread(&ratios(&headcount.cpu_s, &redis.cpu_s)),
        ]);
        println!("{}", speed[speed.len() - 1].join("  "));
        memory.extend(sides.iter().map(|side| memory_row(&name, side, extent.keys)));
    }
    report(extent, &speed, &memory).map_err(io::Error::other)
}

fn memory_row(name: &str, side: &Side, keys: usize) -> Vec<String> {
    let each = |bytes: f64| format!("{:.1}", bytes / keys as f64);
    vec![
        name.to_owned(),
        format!("{:?}", side.program).to_lowercase(),
        each(side.disk_bytes),
        each(side.held_bytes),
        each(median(&side.peak_bytes)),
        each(median(&side.held_again_bytes)),
    ]
}

fn report(
    extent: &Extent,
    speed: &[Vec<String>],
    memory: &[Vec<String>],
) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(text, "## Coming back\n")?;
    writeln!(
        text,
        "From the start of the process until it answers PING, in seconds, with what it has saved by SAVE: \
         redis-server its RDB file, headcount its snapshot. Both took turns {} times, with the files in the \
         page cache. The ratio is that of each turn: the median (least–most); and the same of user and \
         system time.\n",
        extent.loads
    )?;
    let head = ["filled with", "redis s", "headcount s", "ratio", "cpu ratio"];
    writeln!(text, "{}", table(&head, speed))?;
    writeln!(
        text,
        "Bytes per key of what was saved, and of resident memory (RSS) when it was filled, at most while \
         it was loading, and when it was loaded; names such as `key:000000000001`:\n"
    )?;
    let head = ["filled with", "server", "on disk", "before", "loading", "loaded"];
    writeln!(text, "{}", table(&head, memory))?;
    Ok(text)
}
