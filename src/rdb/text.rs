//! Lengths, and strings with their encodings.

use super::error::{Damage, Problem};
use super::input::{Input, Result, Source};
use super::lzf;

/// The longest string that is read, in bytes: Redis's and Headcount's default of `proto-max-bulk-len`.
pub const TEXT_BYTES_MAX: u64 = 512 << 20;

/// A length, or what stands in its place.
enum Prefix {
    Length(u64),
    /// The number of a string's encoding.
    Encoding(u8),
}

/// How a string is stored.
enum Head {
    Plain(u64),
    Integer(i64),
    Lzf { packed_bytes: u64, raw_bytes: u64 },
}

impl<S: Source> Input<S> {
    pub fn length(&mut self) -> Result<u64, S> {
        let offset = self.offset();
        match self.prefix()? {
            Prefix::Length(length) => Ok(length),
            Prefix::Encoding(_) => Err(Damage { offset, problem: Problem::Length }.into()),
        }
    }

    /// Reads a string into `into`, in the place of what was there.
    pub fn text(&mut self, into: &mut Vec<u8>) -> Result<(), S> {
        let offset = self.offset();
        let damage = |problem| Damage { offset, problem };
        into.clear();
        match self.head()? {
            Head::Plain(len) if len <= TEXT_BYTES_MAX => self.append(len, into)?,
            Head::Integer(value) => {
                into.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
            }
            Head::Lzf { packed_bytes, raw_bytes }
                if packed_bytes.max(raw_bytes) <= TEXT_BYTES_MAX =>
            {
                let mut packed = std::mem::take(&mut self.packed);
                packed.clear();
                self.append(packed_bytes, &mut packed)?;
                lzf::decompress(&packed, raw_bytes as usize, into).ok_or(damage(Problem::Lzf))?;
                self.packed = packed;
            }
            Head::Plain(_) | Head::Lzf { .. } => return Err(damage(Problem::TooLong).into()),
        }
        Ok(())
    }

    pub fn skip_text(&mut self) -> Result<(), S> {
        match self.head()? {
            Head::Plain(len) => self.skip(len),
            Head::Integer(_) => Ok(()),
            Head::Lzf { packed_bytes, .. } => self.skip(packed_bytes),
        }
    }

    fn head(&mut self) -> Result<Head, S> {
        let offset = self.offset();
        Ok(match self.prefix()? {
            Prefix::Length(len) => Head::Plain(len),
            Prefix::Encoding(0) => Head::Integer(i8::from_le_bytes(self.array()?).into()),
            Prefix::Encoding(1) => Head::Integer(i16::from_le_bytes(self.array()?).into()),
            Prefix::Encoding(2) => Head::Integer(i32::from_le_bytes(self.array()?).into()),
            Prefix::Encoding(3) => {
                Head::Lzf { packed_bytes: self.length()?, raw_bytes: self.length()? }
            }
            Prefix::Encoding(_) => return Err(Damage { offset, problem: Problem::Text }.into()),
        })
    }

    /// Two bits say what the other six are.
    fn prefix(&mut self) -> Result<Prefix, S> {
        let offset = self.offset();
        let first = self.byte()?;
        let low = first & 0x3f;
        Ok(match (first >> 6, first) {
            (0, _) => Prefix::Length(low.into()),
            (1, _) => Prefix::Length(u16::from_be_bytes([low, self.byte()?]).into()),
            (_, 0x80) => Prefix::Length(u32::from_be_bytes(self.array()?).into()),
            (_, 0x81) => Prefix::Length(u64::from_be_bytes(self.array()?)),
            (3, _) => Prefix::Encoding(low),
            _ => return Err(Damage { offset, problem: Problem::Length }.into()),
        })
    }
}
