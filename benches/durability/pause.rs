//! How long a client waits at most while a snapshot is taken.

use super::Extent;
use super::tools::load::{Load, Numbers, Request};
use super::tools::pace::Pace;
use super::tools::server::{Program, Server};
use super::tools::{median, short, spread, table};
use headcount::client::{Client, Reply};
use std::fmt::Write;
use std::io;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// INCRs beside the one that is measured.
const PER_S: usize = 40_000;
/// As long is looked when no snapshot is taken.
const REST: Duration = Duration::from_secs(3);

struct Side {
    server: Server,
    keys: usize,
    _directory: TempDir,
    rest_ms: Waits,
    saving_ms: Waits,
    saving_s: Vec<f64>,
}

/// Of each turn the longest, and what one in a thousand exceeds.
#[derive(Default)]
struct Waits {
    most: Vec<f64>,
    thousandth: Vec<f64>,
}

impl Waits {
    fn note(&mut self, mut waits_ms: Vec<f64>) {
        waits_ms.sort_by(f64::total_cmp);
        let last = waits_ms.len().saturating_sub(1);
        self.most.extend(waits_ms.get(last));
        self.thousandth.extend(waits_ms.get(last * 999 / 1_000));
    }

    fn cells(&self) -> [String; 2] {
        [format!("{:.2}", median(&self.thousandth)), spread(&self.most)]
    }
}

impl Side {
    fn new(program: Program, keys: usize) -> io::Result<Side> {
        let directory = TempDir::new()?;
        let appendonly = if program == Program::Redis { "no" } else { "yes" };
        let flags = ["--save", "", "--appendonly", appendonly, "--dir", "."];
        let server = Server::in_directory(program, directory.path(), &flags)?;
        let (request, numbers) = (Request::new(&["INCR", "key:#"]), Numbers::RISING);
        Load { request: &request, numbers, pipeline: 64, requests: keys }
            .run(&[server.address()])?;
        let (rest_ms, saving_ms) = Default::default();
        Ok(Side { server, keys, _directory: directory, rest_ms, saving_ms, saving_s: Vec::new() })
    }

    fn turn(&mut self) -> io::Result<()> {
        let pace = Pace::start(&[self.server.address()], self.keys, PER_S);
        let mut client = Client::connect(self.server.address())?;
        let start = Instant::now();
        let rest = waits_ms(&mut client, || Ok(start.elapsed() < REST))?;
        self.rest_ms.note(rest);
        let last_save = self.last_save()?;
        // It is told by the second.
        std::thread::sleep(Duration::from_millis(1_100));
        let start = Instant::now();
        let mut saving = vec![wait_ms(&mut client, &["BGSAVE"])?];
        let mut asked = start;
        saving.extend(waits_ms(&mut client, || {
            if asked.elapsed() < Duration::from_millis(50) {
                return Ok(true);
            }
            asked = Instant::now();
            Ok(self.last_save()? == last_save)
        })?);
        self.saving_s.push(start.elapsed().as_secs_f64());
        self.saving_ms.note(saving);
        pace.stop()
    }

    fn last_save(&self) -> io::Result<Reply> {
        self.server.call(&["LASTSAVE"])
    }
}

fn wait_ms(client: &mut Client, words: &[&str]) -> io::Result<f64> {
    let start = Instant::now();
    match client.call(words)? {
        Reply::Error(error) => Err(io::Error::other(format!("{words:?}: {error:?}"))),
        _ => Ok(start.elapsed().as_secs_f64() * 1e3),
    }
}

/// How long each of INCRs waits that follow one another, as long as `goes_on` says.
fn waits_ms(
    client: &mut Client,
    mut goes_on: impl FnMut() -> io::Result<bool>,
) -> io::Result<Vec<f64>> {
    let mut waits = Vec::new();
    while goes_on()? {
        waits.push(wait_ms(client, &["INCR", "key:000000000001"])?);
    }
    Ok(waits)
}

/// Answers the table.
///
/// # Errors
/// A server ended or answered an error.
pub fn compare(extent: &Extent) -> io::Result<String> {
    let keys = extent.saved_keys;
    let mut sides = [Side::new(Program::Redis, keys)?, Side::new(Program::Headcount, keys)?];
    for turn in 0..extent.saves {
        // Neither is always the first.
        for at in 0..2 {
            sides[(at + turn) % 2].turn()?;
        }
    }
    let [redis, headcount] = &sides;
    let mut rows = Vec::new();
    for (name, side) in [("redis", redis), ("headcount", headcount)] {
        let mut row = vec![name.to_owned(), format!("{:.2}", median(&side.saving_s))];
        row.extend(side.rest_ms.cells());
        row.extend(side.saving_ms.cells());
        println!("{}", row.join("  "));
        rows.push(row);
    }
    let ratio = spread(&super::ratios(&headcount.saving_ms.most, &redis.saving_ms.most));
    report(extent, &rows, &ratio).map_err(io::Error::other)
}

fn report(extent: &Extent, rows: &[Vec<String>], ratio: &str) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(text, "## The longest wait during a snapshot\n")?;
    writeln!(
        text,
        "BGSAVE of {} counters while {}k INCRs a second change them. One client sends INCR after INCR; how long \
         a reply takes, in ms, in {} seconds without a snapshot and while one is taken: what one in a \
         thousand exceeds, and the most (least–most of the turns). Both took turns {} times, headcount with \
         `appendonly yes`, redis-server without.\n",
        short(extent.saved_keys),
        PER_S / 1_000,
        REST.as_secs(),
        extent.saves
    )?;
    let head =
        ["server", "snapshot s", "at rest 99.9%", "at rest most", "saving 99.9%", "saving most"];
    writeln!(text, "{}", table(&head, rows))?;
    writeln!(text, "The most of headcount by that of redis-server: {ratio}.\n")?;
    Ok(text)
}
