//! Intsets: 4 bytes of how many bytes an integer takes, 4 of count, integers.

use super::{Blob, push_integer};

/// How many bytes an integer takes, and how many there are.
pub fn open(blob: &mut Blob) -> Option<(usize, u64)> {
    let int_bytes = u32::from_le_bytes(blob.array()?);
    let count = u32::from_le_bytes(blob.array()?);
    matches!(int_bytes, 2 | 4 | 8).then_some((int_bytes as usize, count.into()))
}

pub fn next(blob: &mut Blob, int_bytes: usize, into: &mut Vec<u8>) -> Option<bool> {
    if blob.is_at_end() {
        return Some(false);
    }
    let value = match int_bytes {
        2 => i16::from_le_bytes(blob.array()?).into(),
        4 => i32::from_le_bytes(blob.array()?).into(),
        _ => i64::from_le_bytes(blob.array()?),
    };
    push_integer(into, value);
    Some(true)
}
