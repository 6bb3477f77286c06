//! The file: keys as DUMP tells them, in blocks that are checked. docs/design/backup.md has every byte.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use super::error::BackupError;
use crate::base::codec::{Malformed, Reader, put_bytes, put_varint};
use crate::log::{ArchiveError, ArchiveReader, ArchiveWriter, Block, Compression, Header, Totals};

/// Blocks of keys; there are no others.
const KEYS: u8 = 0;
/// Blocks have about so many bytes.
const BLOCK_BYTES: usize = 256 << 10;

/// A key of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saved<'a> {
    pub db: u64,
    pub name: &'a [u8],
    /// As DUMP has answered it.
    pub payload: &'a [u8],
}

/// Writes a backup.
pub struct BackupWriter<W: Write> {
    archive: ArchiveWriter<W>,
    block: Vec<u8>,
    entries: u32,
}

impl<W: Write> BackupWriter<W> {
    pub fn begin(out: W, header: &Header) -> Result<BackupWriter<W>, BackupError> {
        let archive = ArchiveWriter::begin(out, header).map_err(BackupError::Write)?;
        Ok(BackupWriter { archive, block: Vec::new(), entries: 0 })
    }

    pub fn add(&mut self, key: Saved<'_>) -> Result<(), BackupError> {
        put_varint(&mut self.block, key.db);
        put_bytes(&mut self.block, key.name);
        put_bytes(&mut self.block, key.payload);
        self.entries += 1;
        match self.block.len() >= BLOCK_BYTES {
            true => self.end_block(&crate::remote::shown(key.name)),
            false => Ok(()),
        }
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.archive.bytes()
    }

    pub fn finish(mut self) -> Result<Totals, BackupError> {
        if self.entries > 0 {
            self.end_block("What is left")?;
        }
        self.archive.finish().map_err(BackupError::Write)
    }

    fn end_block(&mut self, last: &str) -> Result<(), BackupError> {
        let (entries, raw) = (std::mem::take(&mut self.entries), std::mem::take(&mut self.block));
        let block = Block::seal(KEYS, entries, raw, Compression::Lz4);
        let block = block.ok_or_else(|| BackupError::TooLarge(last.to_owned()))?;
        self.archive.add(&block).map_err(BackupError::Write)
    }
}

/// Reads a backup.
pub struct BackupReader<R: Read> {
    name: String,
    archive: ArchiveReader<R>,
}

impl<R: Read> BackupReader<R> {
    /// `name`: of the file, for errors.
    pub fn open(name: &str, input: R) -> Result<BackupReader<R>, BackupError> {
        let name = name.to_owned();
        match ArchiveReader::open(input) {
            Ok(archive) => Ok(BackupReader { name, archive }),
            Err(error) => Err(BackupError::Damaged { name, error }),
        }
    }

    pub fn header(&self) -> Header {
        self.archive.header()
    }

    /// Bytes read so far.
    pub fn offset(&self) -> u64 {
        self.archive.offset()
    }

    /// Hands over all that follows, key by key.
    pub fn each<E: From<BackupError>>(
        &mut self,
        mut take: impl FnMut(Saved<'_>, u64) -> Result<(), E>,
    ) -> Result<Totals, E> {
        loop {
            let block = self.archive.next_block();
            let block =
                block.map_err(|error| BackupError::Damaged { name: self.name.clone(), error })?;
            let Some((kind, entries, raw)) = block else { return Ok(self.archive.totals()) };
            let offset = self.archive.offset();
            let nonsense = || BackupError::Nonsense { name: self.name.clone(), offset };
            let mut reader = Reader::new(&raw);
            for _ in 0..entries {
                let key = read_key(&mut reader).map_err(|_| nonsense())?;
                take(key, offset)?;
            }
            if kind != KEYS || !reader.is_empty() {
                return Err(nonsense().into());
            }
        }
    }
}

fn read_key<'a>(reader: &mut Reader<'a>) -> Result<Saved<'a>, Malformed> {
    let (db, name) = (reader.varint()?, reader.bytes()?);
    Ok(Saved { db, name, payload: reader.bytes()? })
}

/// A backup to be read: a file by its name, or standard input.
pub struct Input {
    pub name: String,
    pub file: File,
    /// 0 if nobody knows, as of a pipe.
    pub bytes: u64,
}

impl Input {
    pub fn open(path: Option<&Path>) -> Result<Input, BackupError> {
        let (name, opened) = match path {
            Some(path) => (path.display().to_string(), File::open(path)),
            None => ("Standard input".to_owned(), standard_input()),
        };
        let sized = opened.and_then(|file| Ok((file.metadata()?, file)));
        match sized {
            Ok((metadata, file)) => {
                let bytes = if metadata.is_file() { metadata.len() } else { 0 };
                Ok(Input { name, file, bytes })
            }
            Err(error) => Err(BackupError::Open { name, error }),
        }
    }

    /// Reads a file through before anything of it is used. A pipe cannot be read twice: of one that is cut
    /// short this is noticed at its end.
    pub fn verify(&mut self) -> Result<(), BackupError> {
        if self.bytes == 0 {
            return Ok(());
        }
        let broken = |name: &str, error: io::Error| BackupError::Damaged {
            name: name.to_owned(),
            error: ArchiveError::Io(error),
        };
        let begin = self.file.stream_position().map_err(|error| broken(&self.name, error))?;
        let mut reader = BackupReader::open(&self.name, io::BufReader::new(&self.file))?;
        reader.each(|_, _| Ok::<(), BackupError>(()))?;
        let back = self.file.seek(io::SeekFrom::Start(begin));
        back.map(drop).map_err(|error| broken(&self.name, error))
    }
}

/// Its file, which may be read again.
fn standard_input() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}
