//! Throughput and processor time per INCR, by how it is kept on disk.

use super::tools::load::{CONNECTIONS, Load, Numbers, Request};
use super::tools::server::{Program, Server};
use super::tools::{median, spread, table};
use super::{Extent, ratios};
use std::fmt::Write;
use std::io;
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const KEYS: usize = 100_000;
const PIPELINES: [usize; 2] = [16, 1];
/// What a second's writes cost comes after that second.
const REST: Duration = Duration::from_millis(1_200);
/// Not above this, of what the same server takes that keeps nothing.
const EVERYSEC_MAX: f64 = 1.10;

const SETTINGS: [(&str, &[&str]); 3] = [
    ("appendonly no", &["--appendonly", "no"]),
    ("everysec", &["--appendonly", "yes", "--appendfsync", "everysec"]),
    ("always", &["--appendonly", "yes", "--appendfsync", "always"]),
];

/// A server with a setting.
struct Side {
    program: Program,
    server: Server,
    _directory: TempDir,
    /// Requests that it answers in a millisecond, about.
    per_ms: f64,
    cpu_us: Vec<f64>,
    per_s: Vec<f64>,
}

impl Side {
    fn new(program: Program, flags: &[&str]) -> io::Result<Side> {
        let directory = TempDir::new()?;
        let flags = [&["--save", ""], flags].concat();
        let server = Server::in_directory(program, directory.path(), &flags)?;
        let (cpu_us, per_s) = (Vec::new(), Vec::new());
        Ok(Side { program, server, _directory: directory, per_ms: 0.0, cpu_us, per_s })
    }

    fn take(&self, pipeline: usize, numbers: Numbers, requests: usize) -> io::Result<Duration> {
        let request = Request::new(&["INCR", "key:#"]);
        let start = Instant::now();
        let load = Load { request: &request, numbers, pipeline, requests };
        load.run(&[self.server.address()])?;
        Ok(start.elapsed())
    }

    /// Finds out how fast it is, and forgets what was measured before.
    fn begin(&mut self, pipeline: usize) -> io::Result<()> {
        let requests = CONNECTIONS * pipeline * 20;
        let took = self.take(pipeline, Numbers::Below { bound: KEYS, seed: 0 }, requests)?;
        self.per_ms = requests as f64 / 1e3 / took.as_secs_f64();
        (self.cpu_us, self.per_s) = (Vec::new(), Vec::new());
        Ok(())
    }

    fn turn(&mut self, pipeline: usize, turn: usize, turn_ms: usize) -> io::Result<()> {
        let requests = (self.per_ms * turn_ms as f64) as usize;
        let before_ns = self.server.cpu_ns()?;
        let numbers = Numbers::Below { bound: KEYS, seed: turn as u64 };
        let took = self.take(pipeline, numbers, requests)?;
        sleep(REST);
        let used_ns = self.server.cpu_ns()? - before_ns;
        self.cpu_us.push(used_ns as f64 / 1e3 / requests as f64);
        self.per_s.push(requests as f64 / took.as_secs_f64());
        Ok(())
    }
}

/// Answers the tables.
///
/// # Errors
/// A server ended or answered an error.
pub fn compare(extent: &Extent) -> io::Result<String> {
    let mut sides = Vec::new();
    for (_, flags) in SETTINGS {
        for program in [Program::Redis, Program::Headcount] {
            let side = Side::new(program, flags)?;
            side.take(64, Numbers::RISING, KEYS)?;
            sides.push(side);
        }
    }
    let (mut rows, mut own) = (Vec::new(), Vec::new());
    for pipeline in PIPELINES {
        sides.iter_mut().try_for_each(|side| side.begin(pipeline))?;
        for turn in 0..extent.turns {
            // No side is always the first.
            for at in 0..sides.len() {
                let nth = (at + turn) % sides.len();
                sides[nth].turn(pipeline, turn, extent.turn_ms)?;
            }
        }
        for ((name, _), pair) in SETTINGS.iter().zip(sides.chunks(2)) {
            rows.push(row(name, pipeline, pair));
            println!("{}", rows[rows.len() - 1].join("  "));
        }
        own.extend((2..sides.len()).map(|nth| own_row(&sides, nth, pipeline)));
    }
    report(extent, &rows, &own).map_err(io::Error::other)
}

fn row(name: &str, pipeline: usize, pair: &[Side]) -> Vec<String> {
    let [redis, headcount] = pair else { return Vec::new() };
    vec![
        name.to_owned(),
        pipeline.to_string(),
        format!("{:.0}", median(&redis.per_s) / 1e3),
        format!("{:.0}", median(&headcount.per_s) / 1e3),
        spread(&ratios(&headcount.per_s, &redis.per_s)),
        format!("{:.2}", median(&redis.cpu_us)),
        format!("{:.2}", median(&headcount.cpu_us)),
        spread(&ratios(&headcount.cpu_us, &redis.cpu_us)),
    ]
}

/// What a side takes of what the same server takes that keeps nothing.
fn own_row(sides: &[Side], nth: usize, pipeline: usize) -> Vec<String> {
    let (side, (name, _)) = (&sides[nth], SETTINGS[nth / 2]);
    let ratios = ratios(&side.cpu_us, &sides[nth % 2].cpu_us);
    let has_goal = side.program == Program::Headcount && name == "everysec" && pipeline == 16;
    let goal = match has_goal {
        true if median(&ratios) <= EVERYSEC_MAX => format!("{EVERYSEC_MAX:.2}, reached"),
        true => format!("{EVERYSEC_MAX:.2}, missed"),
        false => String::new(),
    };
    let program = format!("{:?}", side.program).to_lowercase();
    vec![program, name.to_owned(), pipeline.to_string(), spread(&ratios), goal]
}

fn report(
    extent: &Extent,
    rows: &[Vec<String>],
    own: &[Vec<String>],
) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(text, "## What it costs to keep counts\n")?;
    writeln!(
        text,
        "INCR on 100k keys at random over {CONNECTIONS} connections, to redis-server and to headcount with the \
         same settings, neither of which snapshots by itself at set times. Thousands of requests a second, \
         and user and system time of the server process in µs per request, what is written a second later \
         included. All took turns {} times. Numbers are medians; a ratio is that of each turn: the median \
         (least–most).\n",
        extent.turns
    )?;
    let head = [
        "setting",
        "pipeline",
        "redis k/s",
        "headcount k/s",
        "ratio",
        "redis cpu µs",
        "headcount cpu µs",
        "cpu ratio",
    ];
    writeln!(text, "{}", table(&head, rows))?;
    writeln!(text, "Processor time of each, by that of the same server with `appendonly no`:\n")?;
    writeln!(text, "{}", table(&["server", "setting", "pipeline", "ratio", "goal"], own))?;
    Ok(text)
}
