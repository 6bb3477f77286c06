//! The file's bytes in order, with how many there were and their checksum.

use std::convert::Infallible;
use std::result;

use crc::{CRC_64_REDIS, Crc, Digest, Table};

use super::error::{Damage, Problem, ReadError};

static CRC: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_REDIS);

const BUFFER_BYTES: usize = 64 * 1024;

/// Where bytes come from.
pub trait Source {
    type Error;

    /// Puts the next bytes to the front of `buffer`, which is not empty, and says how many; 0 is the
    /// end.
    ///
    /// # Errors
    /// The source's own.
    fn read(&mut self, buffer: &mut [u8]) -> result::Result<usize, Self::Error>;
}

/// A file that lies in memory.
impl Source for &[u8] {
    type Error = Infallible;

    fn read(&mut self, buffer: &mut [u8]) -> result::Result<usize, Infallible> {
        let (now, later) = self.split_at(self.len().min(buffer.len()));
        if let Some(front) = buffer.get_mut(..now.len()) {
            front.copy_from_slice(now);
        }
        *self = later;
        Ok(now.len())
    }
}

pub type Result<T, S> = result::Result<T, ReadError<<S as Source>::Error>>;

/// A source that is read once, from front to back.
pub struct Input<S> {
    source: S,
    buffer: Box<[u8]>,
    /// Where what is still to be read begins and ends in the buffer.
    start: usize,
    end: usize,
    /// Up to where the buffer is in `digest`; never beyond `start`.
    hashed: usize,
    digest: Digest<'static, u64, Table<16>>,
    /// Bytes that were in the buffer before.
    before: u64,
    /// For a compressed string.
    pub(super) packed: Vec<u8>,
}

impl<S: Source> Input<S> {
    pub fn new(source: S) -> Input<S> {
        Input {
            source,
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            start: 0,
            end: 0,
            hashed: 0,
            digest: CRC.digest(),
            before: 0,
            packed: Vec::new(),
        }
    }

    /// How many bytes have been read.
    pub fn offset(&self) -> u64 {
        self.before + self.start as u64
    }

    /// The CRC-64 of all bytes that have been read.
    pub fn checksum(&mut self) -> u64 {
        self.hash();
        self.digest.clone().finalize()
    }

    pub fn damage<T>(&self, problem: Problem) -> Result<T, S> {
        Err(Damage { offset: self.offset(), problem }.into())
    }

    pub fn byte(&mut self) -> Result<u8, S> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], S> {
        if let Some(bytes) = self.ready().first_chunk() {
            let bytes = *bytes;
            self.start += N;
            return Ok(bytes);
        }
        let mut bytes = [0; N];
        for byte in &mut bytes {
            let next = self.some(1)?;
            *byte = next.first().copied().unwrap_or_default();
            self.start += 1;
        }
        Ok(bytes)
    }

    /// Appends the next `len` bytes; memory grows as they come.
    pub fn append(&mut self, len: u64, into: &mut Vec<u8>) -> Result<(), S> {
        self.each_part(len, |part| into.extend_from_slice(part))
    }

    pub fn skip(&mut self, len: u64) -> Result<(), S> {
        self.each_part(len, |_| ())
    }

    fn each_part(&mut self, len: u64, mut take: impl FnMut(&[u8])) -> Result<(), S> {
        let mut left = len;
        while left > 0 {
            let part = self.some(left)?;
            let taken = part.len();
            take(part);
            self.start += taken;
            left -= taken as u64;
        }
        Ok(())
    }

    /// What is in the buffer already.
    fn ready(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// At least one byte, at most `len`.
    fn some(&mut self, len: u64) -> Result<&[u8], S> {
        if self.start == self.end {
            self.hash();
            self.before += self.end as u64;
            (self.start, self.end, self.hashed) = (0, 0, 0);
            // A source that claims more than it was given room for gave no more.
            self.end = self.source.read(&mut self.buffer).map_err(ReadError::Source)?;
            self.end = self.end.min(self.buffer.len());
        }
        if self.end == 0 {
            return self.damage(Problem::CutShort);
        }
        let ready = self.ready();
        let len = usize::try_from(len).unwrap_or(usize::MAX).min(ready.len());
        Ok(ready.get(..len).unwrap_or_default())
    }

    fn hash(&mut self) {
        self.digest.update(self.buffer.get(self.hashed..self.start).unwrap_or_default());
        self.hashed = self.start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Drops<'a>(&'a [u8]);

    impl Source for Drops<'_> {
        type Error = Infallible;

        fn read(&mut self, buffer: &mut [u8]) -> result::Result<usize, Infallible> {
            self.0.read(&mut buffer[..1])
        }
    }

    #[test]
    fn the_checksum_is_redis_s_however_the_bytes_come() {
        // The value for "123456789" stands in Redis's crc64.c.
        let mut whole = Input::new(&b"123456789"[..]);
        whole.skip(9).expect("nine bytes");
        assert_eq!(whole.checksum(), 0xe9c6_d914_c4b8_d9ca);
        let mut drops = Input::new(Drops(b"123456789rest"));
        assert_eq!(drops.array::<5>().expect("five bytes"), *b"12345");
        drops.skip(4).expect("four more");
        assert_eq!((drops.checksum(), drops.offset()), (0xe9c6_d914_c4b8_d9ca, 9));
    }

    #[test]
    fn an_end_is_told_with_its_place() {
        let mut input = Input::new(Drops(b"abc"));
        let error = input.append(u64::MAX, &mut Vec::new()).expect_err("too few");
        let ReadError::Damaged(damage) = error;
        assert_eq!(damage, Damage { offset: 3, problem: Problem::CutShort });
    }
}
