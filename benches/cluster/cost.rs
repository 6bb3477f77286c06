//! Processor time and bytes on the wire per acknowledged INCR.

use super::Extent;
use super::group::Group;
use super::tools::load::{CONNECTIONS, Load, Numbers, Request};
use super::tools::{median, short, spread, table};
use std::fmt::Write;
use std::io;
use std::thread::sleep;
use std::time::Duration;

/// A row of the table.
struct Case {
    keys: usize,
    pipeline: usize,
}

const CASES: [Case; 4] = [
    Case { keys: 1, pipeline: 16 },
    Case { keys: 100_000, pipeline: 16 },
    Case { keys: 1, pipeline: 1 },
    Case { keys: 100_000, pipeline: 1 },
];

/// What takes turns.
struct Side {
    name: &'static str,
    group: Group,
    cpu_us: Vec<f64>,
    wire_bytes: Vec<f64>,
    /// Of a core.
    idle_percent: Vec<f64>,
}

const REDIS: usize = 0;
const NODES: usize = 1;
const ALONE: usize = 2;
const MARKING: usize = 3;

impl Side {
    fn new(name: &'static str, group: Group) -> Side {
        Side { name, group, cpu_us: vec![], wire_bytes: vec![], idle_percent: vec![] }
    }

    fn turn(&mut self, load: &Load<'_>) -> io::Result<()> {
        let (cpu_ns, wire) = (self.group.cpu_ns()?, self.group.wire_bytes()?);
        self.group.take(load)?;
        let count = load.requests as f64;
        self.cpu_us.push((self.group.cpu_ns()? - cpu_ns) as f64 / 1_000.0 / count);
        self.wire_bytes.push((self.group.wire_bytes()? - wire) as f64 / count);
        Ok(())
    }

    fn rest(&mut self, rest: Duration) -> io::Result<()> {
        let cpu_ns = self.group.cpu_ns()?;
        sleep(rest);
        let used_ns = (self.group.cpu_ns()? - cpu_ns) as f64;
        self.idle_percent.push(used_ns / rest.as_nanos() as f64 * 100.0);
        Ok(())
    }
}

/// Answers the tables.
///
/// # Errors
/// A server ended or answered an error.
pub fn compare(extent: &Extent) -> io::Result<String> {
    let mut sides = [
        Side::new("redis-server and two replicas", Group::redis(2)?),
        Side::new("three nodes", Group::nodes(3, &[])?),
        Side::new("a node alone", Group::alone(false)?),
        Side::new("the same with a cluster-port", Group::alone(true)?),
    ];
    let mut rows = Vec::new();
    for case in &CASES {
        run(case, &mut sides, extent)?;
        let row = row(case, &sides);
        println!("{}", row.join("  "));
        rows.push(row);
    }
    report(extent, &rows, &sides)
}

fn run(case: &Case, sides: &mut [Side], extent: &Extent) -> io::Result<()> {
    let request = Request::new(if case.keys == 1 { &["INCR", "hot"] } else { &["INCR", "key:#"] });
    let fill =
        Load { request: &request, numbers: Numbers::RISING, pipeline: 64, requests: case.keys };
    for side in sides.iter_mut() {
        side.group.take(&fill)?;
        (side.cpu_us, side.wire_bytes) = (vec![], vec![]);
    }
    let per_ms = if case.pipeline == 1 { 50 } else { 300 };
    for turn in 0..extent.turns {
        let load = Load {
            request: &request,
            numbers: Numbers::Below { bound: case.keys, seed: turn as u64 },
            pipeline: case.pipeline,
            requests: per_ms * extent.turn_ms,
        };
        // No side is always the first.
        for at in 0..sides.len() {
            let nth = (at + turn) % sides.len();
            sides[nth].turn(&load)?;
            sides[nth].rest(Duration::from_millis(extent.turn_ms as u64 / 3))?;
        }
    }
    Ok(())
}

fn row(case: &Case, sides: &[Side]) -> Vec<String> {
    let ratio = |ours: usize, theirs: usize| {
        let pairs = sides[ours].cpu_us.iter().zip(&sides[theirs].cpu_us);
        spread(&pairs.map(|(ours, theirs)| ours / theirs).collect::<Vec<_>>())
    };
    let mut row = vec![short(case.keys), case.pipeline.to_string()];
    row.extend(sides.iter().map(|side| format!("{:.2}", median(&side.cpu_us))));
    row.extend([ratio(NODES, REDIS), ratio(NODES, ALONE), ratio(MARKING, ALONE)]);
    row.extend([REDIS, NODES].map(|side| format!("{:.1}", median(&sides[side].wire_bytes))));
    row
}

fn report(extent: &Extent, rows: &[Vec<String>], sides: &[Side]) -> io::Result<String> {
    let speed: Vec<Vec<String>> = rows.iter().map(|row| row[..9].to_vec()).collect();
    let wire = rows.iter().map(|row| [&row[..2], &row[9..]].concat()).collect::<Vec<_>>();
    let idle = sides.iter().map(|side| vec![side.name.to_owned(), spread(&side.idle_percent)]);
    let mut text = String::new();
    let write = || -> std::fmt::Result {
        writeln!(text, "## Processor time per acknowledged INCR\n")?;
        writeln!(
            text,
            "User and system time of all server processes of a side, in µs per INCR, until all of \
             them have all of it, over {CONNECTIONS} connections: to the master of redis-server and \
             two replicas (`--appendonly no --save ''`), evenly to all of three nodes, to a node \
             alone without and with a cluster-port. The sides took turns {} times. Times are \
             medians; a ratio is that of each turn: the median (least–most).\n",
            extent.turns
        )?;
        let head = [
            "keys",
            "pipeline",
            "redis ×3",
            "nodes ×3",
            "alone",
            "with port",
            "nodes / redis",
            "nodes / alone",
            "port / alone",
        ];
        writeln!(text, "{}", table(&head, &speed))?;
        writeln!(
            text,
            "Bytes that a side's servers sent each other in the same turns, per INCR:\n"
        )?;
        writeln!(text, "{}", table(&["keys", "pipeline", "redis ×3", "nodes ×3"], &wire))?;
        writeln!(text, "All processes of a side at rest, in percent of one core:\n")?;
        writeln!(text, "{}", table(&["at rest", "% of a core"], &idle.collect::<Vec<_>>()))
    };
    write().map_err(io::Error::other)?;
    Ok(text)
}
