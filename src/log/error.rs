//! What can be wrong with files.

use super::header::VERSION;
use std::io;
use thiserror::Error;

/// What is wrong at a place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    #[error("this is not a file of Headcount's")]
    NotOurs,
    #[error("format version {version}; this version of Headcount reads up to {VERSION}")]
    NewerVersion { version: u16 },
    #[error("a damaged header")]
    Header,
    #[error("the header says {number}, the name something else")]
    Misnamed { number: u64 },
    #[error("this is of node {node}, the rest of the directory of another")]
    OtherNode { node: u32 },
    #[error("it is cut short")]
    CutShort,
    #[error("what stands there does not match its checksum")]
    Checksum,
    #[error("what stands there makes no sense, though its checksum is right")]
    Nonsense,
    #[error("bytes after the end")]
    Trailing,
    #[error("it ends before record {number}, which was durable")]
    EndsBefore { number: u64 },
    #[error("the segment of the log that goes on from here is not there")]
    NoLog,
    #[error("no file has records {from} to {to}")]
    Missing { from: u64, to: u64 },
}

/// Damage that is not the mere end of what was being written at a crash.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}, byte {offset}: {problem}; {}", self.advice())]
pub struct Damage {
    pub file: String,
    /// From the beginning of the file.
    pub offset: u64,
    pub problem: Problem,
}

/// Why something cannot be read.
#[derive(Debug, Error)]
pub enum ReadError {
    #[error(transparent)]
    Damaged(#[from] Damage),
    #[error("{file} cannot be read: {error}")]
    Io { file: String, error: io::Error },
}

impl Damage {
    pub(super) fn new(file: &str, offset: u64, problem: Problem) -> Damage {
        Damage { file: file.to_owned(), offset, problem }
    }

    fn advice(&self) -> &'static str {
        match self.problem {
            Problem::NewerVersion { .. } => "start the version of Headcount that wrote it",
            _ => {
                "`headcount check` tells what else is damaged, `headcount repair` keeps what is not"
            }
        }
    }
}

impl ReadError {
    /// For errors of the system about a file.
    pub(super) fn io(file: &str) -> impl Fn(io::Error) -> ReadError {
        move |error| ReadError::Io { file: file.to_owned(), error }
    }

    pub(super) fn damaged(file: &str, offset: u64, problem: Problem) -> ReadError {
        ReadError::Damaged(Damage::new(file, offset, problem))
    }
}
