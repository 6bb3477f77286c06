//! Ziplists: 4 bytes of length, 4 of the last entry's place, 2 of count, entries, 0xff. An entry begins
//! with the length of the one before.

use super::{Blob, counted, int24, push_integer};

const END: u8 = 0xff;

/// The length of the entry before is in the four bytes behind.
const LONG: u8 = 0xfe;

pub fn open(blob: &mut Blob) -> Option<Option<u64>> {
    let bytes = u32::from_le_bytes(blob.array()?);
    let _tail: [u8; 4] = blob.array()?;
    let count = u16::from_le_bytes(blob.array()?);
    blob.has_length(bytes).then_some(counted(count))
}

pub fn next(blob: &mut Blob, into: &mut Vec<u8>) -> Option<bool> {
    match blob.byte()? {
        END => return blob.is_at_end().then_some(false),
        LONG => drop(blob.take(4)?),
        _ => {}
    }
    let first = blob.byte()?;
    let text_bytes = match first {
        0x00..=0x3f => usize::from(first),
        0x40..=0x7f => usize::from(u16::from_be_bytes([first & 0x3f, blob.byte()?])),
        0x80..=0xbf => usize::try_from(u32::from_be_bytes(blob.array()?)).ok()?,
        _ => {
            push_integer(into, integer(blob, first)?);
            0
        }
    };
    into.extend_from_slice(blob.take(text_bytes)?);
    Some(true)
}

fn integer(blob: &mut Blob, first: u8) -> Option<i64> {
    Some(match first {
        0xc0 => i16::from_le_bytes(blob.array()?).into(),
        0xd0 => i32::from_le_bytes(blob.array()?).into(),
        0xe0 => i64::from_le_bytes(blob.array()?),
        0xf0 => int24(blob.array()?),
        0xfe => i8::from_le_bytes(blob.array()?).into(),
        // 0 to 12, and one, in four bits.
        0xf1..=0xfd => i64::from(first & 0x0f) - 1,
        _ => return None,
    })
}
