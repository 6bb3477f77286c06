//! Reads a file from its beginning to its end, a piece in memory at a time.

use super::storage::ReadAt;
use std::io;

/// Bytes read at once, if there are so many.
const CHUNK_BYTES: usize = 256 << 10;

/// A place in a file, and what follows there. Makes no more room than for what the file has.
#[derive(Debug)]
pub(super) struct Window<R> {
    source: R,
    /// Where the file ends.
    end: u64,
    /// Where `buffer` begins in the file.
    start: u64,
    buffer: Vec<u8>,
    /// Bytes of `buffer` before the place.
    passed: usize,
}

impl<R: ReadAt> Window<R> {
    pub(super) fn new(source: R) -> io::Result<Window<R>> {
        let end = source.bytes()?;
        Ok(Window { source, end, start: 0, buffer: Vec::new(), passed: 0 })
    }

    /// Bytes before the place.
    pub(super) fn position(&self) -> u64 {
        self.start + self.passed as u64
    }

    /// Bytes behind the place.
    pub(super) fn rest(&self) -> u64 {
        self.end - self.position()
    }

    /// The next `len` bytes; `None` if the file ends before that.
    pub(super) fn peek(&mut self, len: usize) -> io::Result<Option<&[u8]>> {
        if len as u64 > self.rest() {
            return Ok(None);
        }
        if self.buffer.len() - self.passed < len {
            self.fill(len)?;
        }
        Ok(self.buffer.get(self.passed..self.passed + len))
    }

    /// The same, and goes on behind them.
    pub(super) fn take(&mut self, len: usize) -> io::Result<Option<&[u8]>> {
        if self.peek(len)?.is_none() {
            return Ok(None);
        }
        let from = self.passed;
        self.passed += len;
        Ok(self.buffer.get(from..from + len))
    }

    /// What follows, some of it at least unless the file ends here.
    pub(super) fn peek_some(&mut self) -> io::Result<&[u8]> {
        let len = self.rest().min(CHUNK_BYTES as u64) as usize;
        Ok(self.peek(len)?.unwrap_or_default())
    }

    /// Goes on `len` bytes further, of which no more were seen than [`Window::peek`] gave.
    pub(super) fn skip(&mut self, len: usize) {
        self.passed = (self.passed + len).min(self.buffer.len());
    }

    fn fill(&mut self, len: usize) -> io::Result<()> {
        self.start = self.position();
        self.buffer.drain(..self.passed);
        self.passed = 0;
        if self.buffer.is_empty() {
            self.buffer.shrink_to(CHUNK_BYTES);
        }
        let wanted = (self.end - self.start).min(len.max(CHUNK_BYTES) as u64) as usize;
        let mut filled = self.buffer.len();
        self.buffer.resize(wanted, 0);
        while let Some(room) = self.buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.source.read_at(self.start + filled as u64, room)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => filled += read,
            }
        }
        Ok(())
    }
}
