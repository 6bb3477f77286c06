//! LLEN, LRANGE, LINDEX.

use super::{place, places, reply_count};
use crate::command::{Call, CommandError};

pub(super) fn llen(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let len = call.keys.list(call.key(1))?.map_or(0, |list| list.len());
    reply_count(call, len);
    Ok(())
}

pub(super) fn lrange(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (start, stop) = (call.integer(2)?, call.integer(3)?);
    let Some(list) = call.keys.list(call.key(1))? else {
        call.reply.empty_array();
        return Ok(());
    };
    let places = places(start, stop, list.len());
    call.reply.array(places.len());
    list.range(places).for_each(|text| call.reply.bulk(text));
    Ok(())
}

/// A missing list is answered before the index is looked at, as Redis does.
pub(super) fn lindex(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let index = call.integer(2);
    let Some(list) = call.keys.list(call.key(1))? else {
        call.reply.null();
        return Ok(());
    };
    match place(index?, list.len()).and_then(|place| list.get(place)) {
        Some(text) => call.reply.bulk(text),
        None => call.reply.null(),
    }
    Ok(())
}
