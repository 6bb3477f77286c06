//! PFCOUNT.

use super::add::{join, ranks};
use crate::base::hll::{self, REGISTERS};
use crate::command::{Call, CommandError};

pub(super) fn pfcount(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let count = if call.args.len() == 2 { count_one(call)? } else { count_many(call)? };
    call.reply.integer(count as i64);
    Ok(())
}

/// What was counted is noted in the string, as in Redis.
fn count_one(call: &mut Call<'_, '_>) -> Result<u64, CommandError> {
    let key = call.key(1);
    if let Some(ranks) = call.keys.held_ranks(key)? {
        return Ok(hll::estimate(&ranks));
    }
    let count = match call.keys.text(key)? {
        None => return Ok(0),
        Some(text) => {
            hll::form(&text)?;
            if let Some(known) = hll::cardinality(&text) {
                return Ok(known);
            }
            hll::estimate(&*hll::ranks(&text)?)
        }
    };
    call.keys.note_cardinality(key, count)?;
    Ok(count)
}

fn count_many(call: &Call<'_, '_>) -> Result<u64, CommandError> {
    let mut all = Box::new([0; REGISTERS]);
    for index in 1..call.args.len() {
        if let Some((ranks, _)) = ranks(call, call.key(index))? {
            join(&mut all, &ranks);
        }
    }
    Ok(hll::estimate(&all))
}
