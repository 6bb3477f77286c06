//! Bytes on the wire and on disk: varints and lengths, written to a vector and read back with every
//! length checked against what is there.

use thiserror::Error;

/// Bytes that cannot be what they should be; says what they are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("malformed: {0}")]
pub struct Malformed(pub &'static str);

/// Appends a LEB128 varint: 7 bits a byte, the lowest first.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The same of 128 bits.
pub fn put_varint_128(out: &mut Vec<u8>, mut value: u128) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed number as a varint that is short for small ones of either sign (zigzag).
pub fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// Appends bytes with their length before them.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads what the functions above wrote.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    /// What is not read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// # Errors
    /// Nothing is left.
    pub fn byte(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.rest.split_first().ok_or(CUT_SHORT)?;
        self.rest = rest;
        Ok(*first)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// There are not so many.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(CUT_SHORT)?;
        self.rest = rest;
        Ok(*array)
    }

    /// # Errors
    /// Cut short, or more than 64 bits.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, Malformed> {
        u64::try_from(self.varint_128()?).map_err(|_| TOO_LARGE)
    }

    /// # Errors
    /// Cut short, or more than 128 bits.
    #[inline]
    pub fn varint_128(&mut self) -> Result<u128, Malformed> {
        // Nearly all are short, and a start reads many.
        let mut value = 0u64;
        for shift in (0..NARROW_BITS).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(u128::from(value));
            }
        }
        self.wide_varint(u128::from(value))
    }

    /// Goes on behind as many bytes as make no more than 64 bits.
    #[cold]
    fn wide_varint(&mut self, mut value: u128) -> Result<u128, Malformed> {
        for shift in (NARROW_BITS..).step_by(7) {
            let byte = self.byte()?;
            let bits = u128::from(byte & 0x7f);
            let shifted = bits.checked_shl(shift).filter(|shifted| shifted >> shift == bits);
            value |= shifted.ok_or(TOO_LARGE)?;
            if byte & 0x80 == 0 {
                break;
            }
        }
        Ok(value)
    }

    /// # Errors
    /// Cut short, or more than 64 bits.
    pub fn signed(&mut self) -> Result<i64, Malformed> {
        let zigzag = self.varint()?;
        Ok((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    /// Bytes with their length before them.
    ///
    /// # Errors
    /// There are not so many.
    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let len = usize::try_from(self.varint()?).map_err(|_| CUT_SHORT)?;
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(CUT_SHORT)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// How many things follow that take `min_bytes` each at least. So whoever makes room for them
    /// makes no more than a multiple of what has come.
    ///
    /// # Errors
    /// What is left cannot hold so many.
    pub fn count(&mut self, min_bytes: usize) -> Result<usize, Malformed> {
        let count = usize::try_from(self.varint()?).map_err(|_| CUT_SHORT)?;
        let most = self.rest.len() / min_bytes.max(1);
        if count <= most { Ok(count) } else { Err(CUT_SHORT) }
    }
}

/// A varint's first bytes that cannot exceed 64 bits have so many.
const NARROW_BITS: u32 = 63;

const CUT_SHORT: Malformed = Malformed("cut short");
const TOO_LARGE: Malformed = Malformed("a number too large");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_small_ones_are_short() {
        let mut out = Vec::new();
        let numbers = [0, 1, 127, 128, 16_383, 16_384, 1 << 56, 1 << 63, u64::MAX];
        numbers.iter().for_each(|number| put_varint(&mut out, *number));
        assert_eq!(out.len(), 1 + 1 + 1 + 2 + 2 + 3 + 9 + 10 + 10);
        let mut reader = Reader::new(&out);
        numbers.iter().for_each(|number| assert_eq!(reader.varint(), Ok(*number)));
        assert!(reader.is_empty());

        for number in [0, 1 << 64, u128::MAX] {
            let mut out = Vec::new();
            put_varint_128(&mut out, number);
            assert_eq!(Reader::new(&out).varint_128(), Ok(number));
            let narrow = u64::try_from(number).map_err(|_| TOO_LARGE);
            assert_eq!(Reader::new(&out).varint(), narrow);
        }
        for (number, len) in [(0, 1), (-1, 1), (63, 1), (-64, 1), (64, 2), (i64::MIN, 10)] {
            let mut out = Vec::new();
            put_signed(&mut out, number);
            assert_eq!((Reader::new(&out).signed(), out.len()), (Ok(number), len));
        }
    }

    #[test]
    fn what_is_cut_short_or_too_large_is_refused() {
        assert_eq!(Reader::new(&[]).byte(), Err(CUT_SHORT));
        assert_eq!(Reader::new(&[0x80]).varint(), Err(CUT_SHORT));
        assert_eq!(Reader::new(&[0xff; 30]).varint_128(), Err(TOO_LARGE));
        assert_eq!(Reader::new(&[1, 2]).array::<3>(), Err(CUT_SHORT));
        assert_eq!(Reader::new(&[3, 1, 2]).bytes(), Err(CUT_SHORT));
        assert_eq!(Reader::new(&[2, 1, 2]).bytes(), Ok(&[1, 2][..]));
        assert_eq!(Reader::new(&[2, 1, 2, 3]).count(2), Err(CUT_SHORT));
        assert_eq!(Reader::new(&[2, 1, 2, 3, 4]).count(2), Ok(2));
    }
}
