//! Running a comparison part by part, each of which has a place in a document.

use super::document::{self, Document};
use super::machine;
use super::server::Server;
use std::error::Error;
use std::fmt::Write;
use std::io;

/// A part's name, and what measures it and returns its text.
pub type Part<E> = (&'static str, fn(&E) -> io::Result<String>);

/// Runs the parts that the command line names, all if it names none, and keeps what they say in the document. With
/// `--quick`, or HEADCOUNT_BENCH_SHORT in the environment, they go less far, and nothing is kept.
///
/// # Errors
/// A part fails, or the document cannot be written.
pub fn run<E>(
    bench: &str,
    document: &Document,
    (full, quick): (E, E),
    parts: &[Part<E>],
) -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let is_quick = words.iter().any(|word| word == "--quick")
        || std::env::var_os("HEADCOUNT_BENCH_SHORT").is_some();
    let extent = if is_quick { quick } else { full };
    let wanted: Vec<_> = words.iter().filter(|word| !word.starts_with('-')).collect();
    if let Some(why) = why_not()? {
        println!("skipped: {why}");
        return Ok(());
    }
    for (name, measure) in parts {
        if !wanted.is_empty() && !wanted.iter().any(|word| word == name) {
            continue;
        }
        let text = format!("{}\n{}", measure(&extent)?, under(bench, name)?);
        println!("\n{text}");
        if !is_quick {
            document::put_part(document, name, &text)?;
        }
    }
    Ok(())
}

/// Why nothing can be measured here.
fn why_not() -> io::Result<Option<String>> {
    match Server::redis() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok(Some("no redis-server in PATH to compare with".to_owned()))
        }
        Err(error) => Err(error),
        Ok(redis) => Ok(redis
            .cpu_ns()
            .err()
            .map(|error| format!("this system does not tell a process's time in /proc: {error}"))),
    }
}

/// The line below each part's tables: how, when and on what.
fn under(bench: &str, name: &str) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    write!(text, "`cargo bench --bench {bench} -- {name}`, {}.", machine::today())?;
    write!(text, " {}.", machine::describe())?;
    Ok(text)
}
