//! Headcount against redis-server: processor time per request, and memory per key.
//!
//! `cargo bench --bench against_redis` takes some minutes and keeps the result in
//! docs/benchmarks/one-node.md. `cargo bench --bench against_redis -- --quick` only shows that it
//! works, and `-- "INCR key:# 100k"` measures no more than the rows that begin so.
//!
//! Both servers run all the time, and take turns with one load from this process: what it costs to
//! make the load is not counted.

mod memory;
mod speed;
#[path = "../support/mod.rs"]
mod tools;

use speed::Effort;
use std::error::Error;
use std::fmt::Write;
use std::io;
use tools::server::Server;
use tools::{document, load, machine, short};

/// How far a run goes.
struct Extent {
    effort: Effort,
    memory_elements: usize,
}

const FULL: Extent =
    Extent { effort: Effort { rounds: 7, round_ms: 1_000 }, memory_elements: 1_000_000 };
const QUICK: Extent =
    Extent { effort: Effort { rounds: 2, round_ms: 20 }, memory_elements: 20_000 };

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let is_quick = words.iter().any(|word| word == "--quick");
    let extent = if is_quick { QUICK } else { FULL };
    let filter = words.into_iter().find(|word| !word.starts_with('-'));
    let redis = match Server::redis() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            println!("skipped: no redis-server in PATH to compare with");
            return Ok(());
        }
        started => started?,
    };
    let headcount = Server::headcount()?;
    if let Err(error) = redis.cpu_ns() {
        println!("skipped: this system does not tell a process's time in /proc: {error}");
        return Ok(());
    }
    let versions = versions(&redis)?;

    let speed = speed::compare(&redis, &headcount, &extent.effort, filter.as_deref())?;
    drop((redis, headcount));
    if filter.is_some() {
        println!("{speed}");
        return Ok(());
    }
    let memory = memory::compare(extent.memory_elements)?;

    let text = report(&versions, &extent, &speed, &memory)?;
    println!("\n{text}");
    if !is_quick {
        document::put_part(&document::ONE_NODE, "against_redis", &text)?;
    }
    Ok(())
}

fn versions(redis: &Server) -> io::Result<String> {
    Ok(format!(
        "redis-server {} against headcount {}, both as they come",
        redis.info("redis_version")?,
        env!("CARGO_PKG_VERSION")
    ))
}

fn report(
    versions: &str,
    extent: &Extent,
    speed: &str,
    memory: &str,
) -> Result<String, std::fmt::Error> {
    let Effort { rounds, .. } = extent.effort;
    let mut text = String::new();
    writeln!(text, "## Against redis-server\n")?;
    writeln!(text, "`cargo bench --bench against_redis`: {versions}.  ")?;
    writeln!(text, "{}.\n", machine::describe())?;
    writeln!(text, "### Processor time per request\n")?;
    writeln!(
        text,
        "User and system time of the server process per request, all threads, over {} connections; \
         both servers took turns {rounds} times. Times are medians; the ratio is that of each turn: \
         the median (least–most). `#` is one of so many numbers at random, all there before.\n",
        load::CONNECTIONS
    )?;
    writeln!(text, "{speed}")?;
    writeln!(text, "### Memory\n")?;
    writeln!(
        text,
        "Bytes per key or member by which the process grew: resident (RSS), and as INFO's \
         used_memory has it. {} of each, in a new process, names such as `key:000000000001`.\n",
        short(extent.memory_elements)
    )?;
    write!(text, "{memory}")?;
    Ok(text)
}
