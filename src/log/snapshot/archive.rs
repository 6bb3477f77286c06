//! The same blocks in a file that is written and read from front to back: a backup, which may go through a
//! pipe.

use super::block::{Block, HEAD_BYTES, Head};
use super::footer::{Footer, Totals};
use crate::log::error::Problem;
use crate::log::frame::Salted;
use crate::log::header::{HEADER_BYTES, Header, Magic};
use std::io::{self, Read, Write};
use thiserror::Error;

const MAGIC: &Magic = b"HCBACKUP";

/// Why an archive cannot be read.
#[derive(Debug, Error)]
pub enum ArchiveError {
    #[error("byte {offset}: {problem}")]
    Damaged { offset: u64, problem: Problem },
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// An archive that is being written.
pub struct ArchiveWriter<W> {
    out: W,
    salted: Salted,
    bytes: u64,
    footer: Footer,
}

impl<W: Write> ArchiveWriter<W> {
    /// `header.number`: whatever the caller tells files apart by, from 1 on.
    ///
    /// # Errors
    /// As the system says.
    pub fn begin(out: W, header: &Header) -> io::Result<ArchiveWriter<W>> {
        let salted = Salted::new(header.salt);
        let mut writer = ArchiveWriter { out, salted, bytes: 0, footer: Footer::default() };
        writer.write(&header.encode_as(MAGIC))?;
        Ok(writer)
    }

    /// Adds a block.
    ///
    /// # Errors
    /// As the system says.
    pub fn add(&mut self, block: &Block) -> io::Result<()> {
        let head = Head::Block(block.head).encode(self.salted, self.bytes);
        self.write(&head)?;
        self.write(&block.stored)?;
        self.footer.add(&block.head);
        Ok(())
    }

    /// Bytes written so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes the end, without which nothing that was cut short is taken for whole.
    ///
    /// # Errors
    /// As the system says.
    pub fn finish(mut self) -> io::Result<Totals> {
        let footer = Head::Footer(self.footer).encode(self.salted, self.bytes);
        self.write(&footer)?;
        self.out.flush()?;
        Ok(self.footer.totals)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }
}

/// An archive that is being read.
pub struct ArchiveReader<R> {
    input: R,
    header: Header,
    salted: Salted,
    offset: u64,
    read: Footer,
    is_done: bool,
}

impl<R: Read> ArchiveReader<R> {
    /// # Errors
    /// It is no archive, or cannot be read.
    pub fn open(mut input: R) -> Result<ArchiveReader<R>, ArchiveError> {
        let begin = read_up_to(&mut input, HEADER_BYTES)?;
        let header = Header::read_as(MAGIC, &begin)
            .map_err(|problem| ArchiveError::Damaged { offset: 0, problem })?;
        Ok(ArchiveReader {
            input,
            header,
            salted: Salted::new(header.salt),
            offset: HEADER_BYTES as u64,
            read: Footer::default(),
            is_done: false,
        })
    }

    #[must_use]
    pub fn header(&self) -> Header {
        self.header
    }

    /// Bytes read so far.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// What was read so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.read.totals
    }

    /// The next block's kind, how many entries it has, and their bytes; `None`: that was all, and the end
    /// says so.
    ///
    /// # Errors
    /// What follows is damaged, or cannot be read.
    pub fn next_block(&mut self) -> Result<Option<(u8, u32, Vec<u8>)>, ArchiveError> {
        if self.is_done {
            return Ok(None);
        }
        let offset = self.offset;
        let damaged = |problem| ArchiveError::Damaged { offset, problem };
        let head = self.take(HEAD_BYTES)?.ok_or(damaged(Problem::CutShort))?;
        let head = match Head::read(&head, self.salted, offset).map_err(damaged)? {
            Head::Block(head) => head,
            Head::Footer(footer) => {
                let end = self.take(1)?;
                return match (footer == self.read, end) {
                    (false, _) => Err(damaged(Problem::Nonsense)),
                    (true, Some(_)) => Err(damaged(Problem::Trailing)),
                    (true, None) => {
                        self.is_done = true;
                        Ok(None)
                    }
                };
            }
        };
        let stored = self.take(head.stored_bytes as usize)?.ok_or(damaged(Problem::CutShort))?;
        let raw = Block { head, stored }.open().map_err(damaged)?;
        self.read.add(&head);
        Ok(Some((head.kind, head.entries, raw)))
    }

    /// So many bytes; `None`: there are fewer.
    fn take(&mut self, bytes: usize) -> io::Result<Option<Vec<u8>>> {
        let taken = read_up_to(&mut self.input, bytes)?;
        self.offset += taken.len() as u64;
        Ok((taken.len() == bytes).then_some(taken))
    }
}

/// Makes room for no more than what comes, whatever is announced.
fn read_up_to(input: &mut impl Read, bytes: usize) -> io::Result<Vec<u8>> {
    let mut taken = Vec::new();
    input.take(bytes as u64).read_to_end(&mut taken)?;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::header::Identity;
    use crate::log::snapshot::Compression;

    fn written() -> Vec<u8> {
        let header = Header { identity: Identity { node: 7, incarnation: 0 }, number: 9, salt: 3 };
        let mut out = Vec::new();
        let mut writer = ArchiveWriter::begin(&mut out, &header).expect("memory");
        for (entries, raw) in [(2, vec![1; 1_000]), (1, vec![5, 6]), (0, Vec::new())] {
            let block = Block::seal(0, entries, raw, Compression::Lz4).expect("a short one");
            writer.add(&block).expect("memory");
        }
        assert_eq!(writer.finish().expect("memory"), Totals { blocks: 3, entries: 3 });
        out
    }

    fn read(bytes: &[u8]) -> Result<Vec<Vec<u8>>, ArchiveError> {
        let mut reader = ArchiveReader::open(bytes)?;
        let mut blocks = Vec::new();
        while let Some((_, _, raw)) = reader.next_block()? {
            blocks.push(raw);
        }
        assert_eq!(reader.offset(), bytes.len() as u64);
        Ok(blocks)
    }

    #[test]
    fn an_archive_comes_back() {
        assert_eq!(read(&written()).expect("it is whole"), [vec![1; 1_000], vec![5, 6], vec![]]);
    }

    #[test]
    fn what_is_cut_short_flipped_or_longer_is_noticed() {
        let whole = written();
        for len in 0..whole.len() {
            let error = read(&whole[..len]).expect_err("it is cut short");
            let is_short =
                matches!(error, ArchiveError::Damaged { problem: Problem::CutShort, .. });
            assert!(is_short, "{len} bytes: {error}");
        }
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&flipped).is_err(), "bit {bit}");
        }
        let longer = [&whole[..], &[0]].concat();
        let error = read(&longer).expect_err("it is longer");
        assert!(matches!(error, ArchiveError::Damaged { problem: Problem::Trailing, .. }));
    }
}
