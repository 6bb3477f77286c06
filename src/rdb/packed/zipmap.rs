//! Zipmaps: a byte of count, fields and values in turn, 0xff. Behind the length of a value stands how
//! many bytes are free behind it.

use super::Blob;

const END: u8 = 0xff;

/// The length is in the four bytes behind; as a count, it is not known.
const LONG: u8 = 0xfe;

/// How many fields and values there are, together.
pub fn open(blob: &mut Blob) -> Option<Option<u64>> {
    let fields = blob.byte()?;
    Some((fields < LONG).then_some(2 * u64::from(fields)))
}

pub fn next(blob: &mut Blob, is_value: bool, into: &mut Vec<u8>) -> Option<bool> {
    let len = match blob.byte()? {
        END => return (blob.is_at_end() && !is_value).then_some(false),
        LONG => usize::try_from(u32::from_le_bytes(blob.array()?)).ok()?,
        len => len.into(),
    };
    let free = if is_value { blob.byte()? } else { 0 };
    into.extend_from_slice(blob.take(len)?);
    blob.take(free.into())?;
    Some(true)
}
