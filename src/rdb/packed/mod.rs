//! Small aggregates, which Redis keeps in one run of bytes and writes as one string: listpacks,
//! ziplists (before 7.0), intsets and zipmaps (before 2.6).

mod intset;
mod listpack;
mod ziplist;
mod zipmap;

use super::error::Problem;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Listpack,
    Ziplist,
    Intset,
    Zipmap,
}

impl Format {
    pub fn name(self) -> &'static str {
        match self {
            Format::Listpack => "listpack",
            Format::Ziplist => "ziplist",
            Format::Intset => "intset",
            Format::Zipmap => "zipmap",
        }
    }
}

/// A packed aggregate that is read from front to back.
#[derive(Debug)]
pub struct Packed {
    blob: Blob,
    format: Format,
    /// What its header says, if it does.
    count: Option<u64>,
    read: u64,
    int_bytes: usize,
}

impl Packed {
    pub fn open(format: Format, bytes: Vec<u8>) -> Result<Packed, Problem> {
        let mut blob = Blob { bytes, at: 0 };
        let mut int_bytes = 0;
        let count = match format {
            Format::Listpack => listpack::open(&mut blob),
            Format::Ziplist => ziplist::open(&mut blob),
            Format::Zipmap => zipmap::open(&mut blob),
            Format::Intset => intset::open(&mut blob).map(|(bytes, count)| {
                int_bytes = bytes;
                Some(count)
            }),
        };
        let count = count.ok_or(Problem::Packed(format.name()))?;
        Ok(Packed { blob, format, count, read: 0, int_bytes })
    }

    /// The bytes, to be used again.
    pub fn into_bytes(self) -> Vec<u8> {
        self.blob.bytes
    }

    pub fn format(&self) -> Format {
        self.format
    }

    /// Reads the next item into `into`, in the place of what was there; false behind the last one.
    pub fn next(&mut self, into: &mut Vec<u8>) -> Result<bool, Problem> {
        into.clear();
        let is_more = match self.format {
            Format::Listpack => listpack::next(&mut self.blob, into),
            Format::Ziplist => ziplist::next(&mut self.blob, into),
            Format::Zipmap => zipmap::next(&mut self.blob, self.read % 2 == 1, into),
            Format::Intset => intset::next(&mut self.blob, self.int_bytes, into),
        };
        self.read += 1;
        match is_more {
            Some(true) => Ok(true),
            Some(false) if self.count.is_none_or(|count| count == self.read - 1) => Ok(false),
            _ => Err(Problem::Packed(self.format.name())),
        }
    }
}

/// Bytes and a place in them; reading beyond the end is `None`.
#[derive(Debug)]
struct Blob {
    bytes: Vec<u8>,
    at: usize,
}

impl Blob {
    fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let bytes = *self.bytes.get(self.at..)?.first_chunk()?;
        self.at += N;
        Some(bytes)
    }

    fn take(&mut self, len: usize) -> Option<&[u8]> {
        let end = self.at.checked_add(len)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// Whether the header tells the length that there is.
    fn has_length(&self, told: u32) -> bool {
        usize::try_from(told) == Ok(self.bytes.len())
    }
}

fn push_integer(into: &mut Vec<u8>, value: i64) {
    into.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

fn int24([low, middle, high]: [u8; 3]) -> i64 {
    (i32::from_le_bytes([0, low, middle, high]) >> 8).into()
}

/// Of a count of 16 bits, which does not say more than this.
fn counted(count: u16) -> Option<u64> {
    (count != u16::MAX).then_some(count.into())
}
