//! `headcount check` and `headcount repair`: what is in a directory, in words.

use crate::log::{
    Contents, Directory, Dropped, FileReport, ReadError, RepairError, RepairedFile, check, repair,
};
use std::fmt::Write;
use std::path::Path;

/// What is in a directory, file by file, and whether a node would start with it.
///
/// # Errors
/// The directory cannot be read.
pub fn check_directory(path: &Path) -> Result<(String, bool), ReadError> {
    let report = check(&Directory::new(path))?;
    let mut text = String::new();
    for file in &report.files {
        file_line(&mut text, file);
    }
    let starts = report.start.is_ok();
    // Writing to a string cannot fail.
    let _ = match &report.start {
        Ok(start) => {
            if let Some(torn) = &start.torn_tail {
                let _ = writeln!(text, "{torn}");
            }
            writeln!(text, "A node starts with it, up to record {}", start.last)
        }
        Err(error) => writeln!(text, "A node does not start with it: {error}"),
    };
    Ok((text, starts))
}

/// Copies what verifies of `from` to the directory `into`, and says what was dropped.
///
/// # Errors
/// Nothing can be read, or the copy cannot be written.
pub fn repair_directory(from: &Path, into: &Path) -> Result<String, RepairError> {
    let copy = Directory::create(into).map_err(|error| {
        RepairError::Read(ReadError::Io { file: into.display().to_string(), error })
    })?;
    let repaired = repair(&Directory::new(from), &copy, rand::random())?;
    let mut text = String::new();
    for file in &repaired.files {
        repaired_line(&mut text, file);
    }
    let _ = writeln!(
        text,
        "A node starts with {}, up to record {}",
        into.display(),
        repaired.start.last
    );
    Ok(text)
}

fn file_line(text: &mut String, file: &FileReport) {
    let FileReport { file, bytes, contents, bad } = file;
    let what = match contents {
        Contents::Segment { records, last, left_out: 0, .. } => {
            format!("{records} records, the last is {last}")
        }
        Contents::Segment { records, last, left_out, .. } => {
            format!("{records} records, the last is {last}; a repair had left out {left_out}")
        }
        Contents::Snapshot { totals, .. } => {
            format!("a snapshot of {} entries in {} blocks", totals.entries, totals.blocks)
        }
        Contents::Unfinished => "was not finished, and is not used".to_owned(),
        Contents::Unreadable(problem) => format!("cannot be read: {problem}"),
    };
    let _ = writeln!(text, "{file}: {bytes} bytes: {what}");
    bad.iter().for_each(|dropped| dropped_line(text, dropped));
}

fn repaired_line(text: &mut String, file: &RepairedFile) {
    let RepairedFile { file, kept, dropped, unreadable, left_out } = file;
    let _ = match unreadable {
        Some(problem) => writeln!(text, "{file}: nothing was kept: {problem}"),
        None => writeln!(text, "{file}: {kept} records or blocks kept, {left_out} left out"),
    };
    dropped.iter().for_each(|dropped| dropped_line(text, dropped));
}

fn dropped_line(text: &mut String, dropped: &Dropped) {
    let Dropped { offset, bytes, problem, records, was_durable } = dropped;
    let records = match records {
        Some((first, last)) if first <= last => format!(", records {first} to {last}"),
        _ => String::new(),
    };
    let durable = if *was_durable { "" } else { "; a crash may have left it so" };
    let _ = writeln!(text, "  byte {offset}, {bytes} bytes{records}: {problem}{durable}");
}
