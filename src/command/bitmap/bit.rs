//! One bit: SETBIT, GETBIT.

use crate::base::number::parse_i64;
use crate::command::{Call, CommandError};
use crate::store::EventClasses;

const BAD_OFFSET: CommandError =
    CommandError::fixed("ERR bit offset is not an integer or out of range");
const BAD_BIT: CommandError = CommandError::fixed("ERR bit is not an integer or out of range");

pub(super) fn setbit(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let place = offset(call, &call.args[2], None)?;
    let bit = match parse_i64(&call.args[3]) {
        Some(0) => false,
        Some(1) => true,
        _ => return Err(BAD_BIT),
    };
    let key = call.key(1);
    let before = bit_at(call, place)?;
    let is_longer = call.keys.text_len(key)?.unwrap_or(0) <= place as usize / 8;
    call.keys.put_bits(key, [(place, bit)].into_iter())?;
    if before != bit || is_longer {
        call.keys.notify(EventClasses::STRING, "setbit", key);
    }
    call.reply.integer(before.into());
    Ok(())
}

pub(super) fn getbit(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let place = offset(call, &call.args[2], None)?;
    let bit = bit_at(call, place)?;
    call.reply.integer(bit.into());
    Ok(())
}

fn bit_at(call: &Call<'_, '_>, place: u32) -> Result<bool, CommandError> {
    let mut byte = [0];
    call.keys.read_at(call.key(1), place as usize / 8, &mut byte)?;
    Ok(byte[0] >> (7 - place % 8) & 1 != 0)
}

/// The place of a bit in a string that is no longer than allowed. `#n` is the `n`th field of so many
/// bits, where there are fields.
pub(super) fn offset(
    call: &Call<'_, '_>,
    text: &[u8],
    field_bits: Option<u32>,
) -> Result<u32, CommandError> {
    let (number, factor) = match (text.strip_prefix(b"#"), field_bits) {
        (Some(number), Some(bits)) => (number, i64::from(bits)),
        _ => (text, 1),
    };
    let place = parse_i64(number).and_then(|number| number.checked_mul(factor));
    let place = place.and_then(|place| u32::try_from(place).ok());
    let max_bytes = call.node.config().proto_max_bulk_len_bytes;
    place.filter(|place| u64::from(*place) / 8 < max_bytes).ok_or(BAD_OFFSET)
}
