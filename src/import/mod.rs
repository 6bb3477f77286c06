//! `headcount import`: writes what is in a Redis RDB file to a running server, by ordinary commands.

mod error;
mod pipeline;
mod server;
mod summary;
mod writer;

use std::fs::File;
use std::io::{self, Read, Write};
use std::time::Instant;

pub use error::ImportError;

use crate::cli::ImportOptions;
use crate::node::clock::unix_ms;
use crate::rdb::{Element, Entry, Key, ReadError, Reader, Source};
use crate::remote::{self, Progress};
use server::Abilities;
use summary::Summary;
use writer::Writer;

const TOO_LONG: &str = "the server's proto-max-bulk-len leaves out some of it";

/// Imports one file: progress goes to standard error, the summary to standard output.
///
/// # Errors
/// The file or the server ended it, or the server refused some keys. The summary says what was imported
/// nevertheless.
pub fn run(options: &ImportOptions) -> Result<(), ImportError> {
    let failed = |error| ImportError::file(&options.file, error);
    let file = File::open(&options.file).map_err(|error| failed(ReadError::Source(error)))?;
    let file_bytes = file.metadata().map_or(0, |metadata| metadata.len());
    let reader = Reader::open(FileSource(file)).map_err(failed)?;
    let mut client = remote::connect(&options.login)?;
    let abilities = server::abilities(&mut client)?;
    let mut import = Import {
        options,
        reader,
        writer: Writer::new(client, options.keep_existing),
        abilities,
        database: Some(0),
        progress: Progress::begin(file_bytes),
    };
    let begun = Instant::now();
    let result = import.everything();
    let offset = import.reader.offset();
    import.progress.end();
    let summary = import.writer.into_summary();
    write!(io::stdout(), "{}", summary.report(offset, begun.elapsed())).ok();
    match result {
        Err(failure) => Err(ImportError::Ended(failure.into(), summary.keys())),
        Ok(()) if summary.errors() > 0 => Err(ImportError::Refusals(summary.errors())),
        Ok(()) => Ok(()),
    }
}

/// One import, on its way.
struct Import<'a> {
    options: &'a ImportOptions,
    reader: Reader<FileSource>,
    writer: Writer,
    abilities: Abilities,
    /// The database of the file that is being read; `None` when the server has none for it.
    database: Option<u64>,
    progress: Progress,
}

impl Import<'_> {
    fn everything(&mut self) -> Result<(), ImportError> {
        match self.entries() {
            // What was read before a damaged place is good, and counts.
            Err(error) if error.is_of_file() => self.writer.finish().and(Err(error)),
            Err(error) => Err(error),
            Ok(()) => self.writer.finish(),
        }
    }

    fn entries(&mut self) -> Result<(), ImportError> {
        self.select(0)?;
        loop {
            let entry = self.reader.next_entry();
            match entry.map_err(|error| ImportError::file(&self.options.file, error))? {
                None => return Ok(()),
                Some(Entry::Database(index)) => self.select(index)?,
                Some(Entry::Key(key)) => self.key(&key)?,
                Some(Entry::Library) => self.summary().skip("function library".to_owned()),
                Some(Entry::ModuleData(name)) => {
                    self.summary().skip(format!("data of module type {name}"));
                }
            }
            self.show_progress();
        }
    }

    fn select(&mut self, index: u64) -> Result<(), ImportError> {
        let to = self.options.databases.get(&index).copied().unwrap_or(index);
        self.database = self.writer.select(to)?.then_some(to);
        Ok(())
    }

    fn key(&mut self, key: &Key) -> Result<(), ImportError> {
        let is_past = |deadline_ms| deadline_ms <= unix_ms().cast_signed();
        if key.deadline_ms.is_some_and(is_past) {
            self.summary().expired += 1;
        } else if !self.abilities.take(key.kind) {
            self.summary().skip(key.kind.to_string());
        } else if self.database.is_none() {
            self.summary().refuse(&key.name, "the server has no such database");
        } else if key.name.len() > self.abilities.argument_bytes_max {
            self.summary().refuse(&key.name, TOO_LONG);
        } else {
            return self.write(key);
        }
        Ok(())
    }

    fn write(&mut self, key: &Key) -> Result<(), ImportError> {
        let mut is_whole = true;
        self.writer.begin();
        loop {
            match self.reader.next_element() {
                Ok(Some(element)) if longest(element) > self.abilities.argument_bytes_max => {
                    is_whole = false;
                }
                Ok(Some(element)) => self.writer.element(key, element)?,
                Ok(None) => break,
                Err(error) => {
                    self.summary().refuse(&key.name, "the file is damaged within it");
                    return Err(ImportError::file(&self.options.file, error));
                }
            }
            self.show_progress();
        }
        let is_begun = self.writer.end(key)?;
        if !is_whole {
            self.summary().refuse(&key.name, TOO_LONG);
        } else if !is_begun {
            // Redis has no empty aggregates either, and drops them when it loads.
            self.summary().skip(format!("empty {}", key.kind));
        }
        Ok(())
    }

    fn summary(&mut self) -> &mut Summary {
        self.writer.summary()
    }

    fn show_progress(&mut self) {
        let keys = self.writer.summary().keys();
        self.progress.show(self.reader.offset(), keys);
    }
}

/// The longest argument that an element becomes, in bytes.
fn longest(element: Element<'_>) -> usize {
    match element {
        Element::Text(one) | Element::Member(one) | Element::Scored { member: one, .. } => {
            one.len()
        }
        Element::Field { name, value, .. } => name.len().max(value.len()),
    }
}

/// The file as the reader wants it.
struct FileSource(File);

impl Source for FileSource {
    type Error = io::Error;

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}
