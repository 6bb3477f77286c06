//! Listpacks: 4 bytes of length, 2 of count, entries, 0xff. An entry ends with its own length.

use super::{Blob, counted, int24, push_integer};

const END: u8 = 0xff;

pub fn open(blob: &mut Blob) -> Option<Option<u64>> {
    let bytes = u32::from_le_bytes(blob.array()?);
    let count = u16::from_le_bytes(blob.array()?);
    blob.has_length(bytes).then_some(counted(count))
}

pub fn next(blob: &mut Blob, into: &mut Vec<u8>) -> Option<bool> {
    let start = blob.at;
    let first = blob.byte()?;
    let text_bytes = match first {
        END => return blob.is_at_end().then_some(false),
        0x80..=0xbf => usize::from(first & 0x3f),
        0xe0..=0xef => usize::from(u16::from_be_bytes([first & 0x0f, blob.byte()?])),
        0xf0 => usize::try_from(u32::from_le_bytes(blob.array()?)).ok()?,
        _ => {
            push_integer(into, integer(blob, first)?);
            0
        }
    };
    into.extend_from_slice(blob.take(text_bytes)?);
    blob.take(back_bytes(blob.at - start))?;
    Some(true)
}

fn integer(blob: &mut Blob, first: u8) -> Option<i64> {
    Some(match first {
        0..=0x7f => first.into(),
        // 13 bits, of which the first is the sign.
        0xc0..=0xdf => {
            let bits = u16::from_be_bytes([first & 0x1f, blob.byte()?]);
            i64::from((bits << 3).cast_signed() >> 3)
        }
        0xf1 => i16::from_le_bytes(blob.array()?).into(),
        0xf2 => int24(blob.array()?),
        0xf3 => i32::from_le_bytes(blob.array()?).into(),
        0xf4 => i64::from_le_bytes(blob.array()?),
        _ => return None,
    })
}

/// How many bytes tell the length of an entry. The bounds are Redis's, which leaves out the last number
/// of all but the first.
fn back_bytes(entry_bytes: usize) -> usize {
    match entry_bytes {
        0..=127 => 1,
        128..16_383 => 2,
        16_383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        _ => 5,
    }
}
