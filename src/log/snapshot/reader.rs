//! Reads a snapshot, block by block.

use super::block::{Block, HEAD_BYTES, Head};
use super::footer::{Footer, Totals};
use crate::log::error::{Problem, ReadError};
use crate::log::frame::Salted;
use crate::log::header::{FileKind, Header};
use crate::log::segment_reader;
use crate::log::storage::{ReadAt, Storage};
use crate::log::window::Window;
use std::sync::Arc;

/// A place in a snapshot.
#[derive(Debug)]
pub struct SnapshotReader<R> {
    file: Arc<str>,
    window: Window<R>,
    header: Header,
    salted: Salted,
    read: Footer,
    is_done: bool,
}

/// A block that was read. Whether it is what was written shows when it is opened, by any thread.
#[derive(Clone, Debug)]
pub struct StoredBlock {
    file: Arc<str>,
    /// From the beginning of the file.
    pub offset: u64,
    pub kind: u8,
    pub entries: u32,
    block: Block,
}

impl StoredBlock {
    /// Its entries.
    ///
    /// # Errors
    /// It is damaged.
    pub fn open(&self) -> Result<Vec<u8>, ReadError> {
        self.block.open().map_err(|problem| ReadError::damaged(&self.file, self.offset, problem))
    }

    /// As it was written.
    #[must_use]
    pub fn sealed(&self) -> &Block {
        &self.block
    }

    /// Bytes that it takes in the file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        (HEAD_BYTES + self.block.stored.len()) as u64
    }
}

impl<R: ReadAt> SnapshotReader<R> {
    /// # Errors
    /// The file cannot be read, or is no snapshot.
    pub fn open<S: Storage<Source = R>>(
        storage: &S,
        name: &str,
    ) -> Result<SnapshotReader<R>, ReadError> {
        let (window, header) = segment_reader::open(storage, name, FileKind::Snapshot)?;
        Ok(SnapshotReader {
            file: name.into(),
            window,
            header,
            salted: Salted::new(header.salt),
            read: Footer::default(),
            is_done: false,
        })
    }

    #[must_use]
    pub fn header(&self) -> Header {
        self.header
    }

    /// Where it is in the file.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.window.position()
    }

    /// Bytes that follow.
    #[must_use]
    pub fn rest(&self) -> u64 {
        self.window.rest()
    }

    /// What was read so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.read.totals
    }

    /// The next block; `None`: that was all, and the footer says so.
    ///
    /// # Errors
    /// The file cannot be read, or what follows is damaged.
    pub fn next_block(&mut self) -> Result<Option<StoredBlock>, ReadError> {
        if self.is_done {
            return Ok(None);
        }
        let offset = self.offset();
        match self.read_block(offset)? {
            Ok(block) => Ok(block),
            Err(problem) => Err(ReadError::damaged(&self.file, offset, problem)),
        }
    }

    /// Opens every block that follows; returns what was read.
    ///
    /// # Errors
    /// As [`SnapshotReader::next_block`], and a block that cannot be opened.
    pub fn read_through(mut self) -> Result<Totals, ReadError> {
        while let Some(block) = self.next_block()? {
            block.open()?;
        }
        Ok(self.read.totals)
    }

    /// Goes to the next block behind this place; false: none follows. What is between is damaged, so
    /// the footer will not match.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn resume(&mut self) -> Result<bool, ReadError> {
        self.window.peek_some().map_err(ReadError::io(&self.file))?;
        self.window.skip(1);
        loop {
            let (position, salted) = (self.offset(), self.salted);
            let head = self.window.peek(HEAD_BYTES).map_err(ReadError::io(&self.file))?;
            let Some(head) = head.map(|head| Head::read(head, salted, position)) else {
                return Ok(false);
            };
            if matches!(head, Ok(Head::Block(_))) {
                return Ok(true);
            }
            self.window.skip(1);
        }
    }

    fn read_block(
        &mut self,
        offset: u64,
    ) -> Result<Result<Option<StoredBlock>, Problem>, ReadError> {
        let salted = self.salted;
        let head = self.window.peek(HEAD_BYTES).map_err(ReadError::io(&self.file))?;
        let Some(head) = head else {
            return Ok(Err(Problem::CutShort));
        };
        let head = match Head::read(head, salted, offset) {
            Ok(Head::Block(head)) => head,
            Ok(Head::Footer(footer)) => return Ok(self.end(footer == self.read)),
            Err(problem) => return Ok(Err(problem)),
        };
        let bytes = HEAD_BYTES + head.stored_bytes as usize;
        let block = self.window.take(bytes).map_err(ReadError::io(&self.file))?;
        let Some(block) = block else {
            return Ok(Err(Problem::CutShort));
        };
        let stored = block.get(HEAD_BYTES..).unwrap_or_default().to_vec();
        self.read.add(&head);
        let (file, block) = (self.file.clone(), Block { head, stored });
        let (kind, entries) = (head.kind, head.entries);
        Ok(Ok(Some(StoredBlock { file, offset, kind, entries, block })))
    }

    fn end(&mut self, is_right: bool) -> Result<Option<StoredBlock>, Problem> {
        if !is_right {
            return Err(Problem::Nonsense);
        }
        if self.rest() > HEAD_BYTES as u64 {
            return Err(Problem::Trailing);
        }
        self.is_done = true;
        Ok(None)
    }
}
