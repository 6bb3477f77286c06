//! HRANDFIELD.

use crate::command::{Call, CommandError};
use crate::resp::{Protocol, ReplyWriter};
use crate::store::HashView;
use rand::RngExt;
use rand::seq::index;

/// The least integer has no absolute value among them.
const COUNT_OUT_OF_RANGE: CommandError = CommandError::fixed(
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
);
/// With values twice as many are replied.
const PAIRS_OUT_OF_RANGE: CommandError = CommandError::fixed("ERR value is out of range");

/// A negative count asks for as long a reply as it likes. It gets what the longest string may have;
/// Redis would go on until its memory is used up.
const MAX_REPEATED_BYTES: usize = 512 << 20;
const TOO_MANY_REPEATED: CommandError =
    CommandError::fixed("ERR value is out of range, the reply would be longer than 512 MiB");
/// An empty field's bytes in the reply: `$0\r\n\r\n`.
const SHORTEST_BULK_BYTES: usize = 6;

pub(super) fn hrandfield(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    if call.args.len() == 2 {
        return show_one(call);
    }
    let count = call.integer(2)?;
    if count == i64::MIN {
        return Err(COUNT_OUT_OF_RANGE);
    }
    let with_values = match call.args.get(3) {
        None => false,
        Some(word) if word.eq_ignore_ascii_case(b"withvalues") && call.args.len() == 4 => true,
        Some(_) => return Err(CommandError::SYNTAX),
    };
    if with_values && count.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(PAIRS_OUT_OF_RANGE);
    }
    let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let Some(hash) = call.keys.hash(call.key(1))? else {
        call.reply.array(0);
        return Ok(());
    };
    match count < 0 {
        true => show_repeated(&mut call.reply, &hash, size, with_values),
        false => {
            show_distinct(&mut call.reply, &hash, size, with_values);
            Ok(())
        }
    }
}

fn show_one(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let hash = call.keys.hash(call.key(1))?.filter(|hash| !hash.is_empty());
    match hash.as_ref().and_then(|hash| hash.at(rand::rng().random_range(0..hash.len()))) {
        Some(name) => call.reply.bulk(name),
        None => call.reply.null(),
    }
    Ok(())
}

/// So many fields, every choice of them with the same chance; all of them when there are fewer.
fn show_distinct(
    reply: &mut ReplyWriter<'_>,
    hash: &HashView<'_>,
    count: usize,
    with_values: bool,
) {
    let count = count.min(hash.len());
    head(reply, count, with_values);
    if count == hash.len() {
        (0..count).for_each(|index| show(reply, hash, index, with_values));
    } else {
        let indexes = index::sample(&mut rand::rng(), hash.len(), count);
        indexes.into_iter().for_each(|index| show(reply, hash, index, with_values));
    }
}

fn show_repeated(
    reply: &mut ReplyWriter<'_>,
    hash: &HashView<'_>,
    count: usize,
    with_values: bool,
) -> Result<(), CommandError> {
    if count > MAX_REPEATED_BYTES / SHORTEST_BULK_BYTES {
        return Err(TOO_MANY_REPEATED);
    }
    let start = reply.len();
    head(reply, count, with_values);
    for _ in 0..count {
        show(reply, hash, rand::rng().random_range(0..hash.len().max(1)), with_values);
        if reply.len() - start > MAX_REPEATED_BYTES {
            return Err(TOO_MANY_REPEATED);
        }
    }
    Ok(())
}

/// RESP3 has a pair in an array of its own.
fn head(reply: &mut ReplyWriter<'_>, count: usize, with_values: bool) {
    let is_flat = with_values && reply.protocol() == Protocol::Resp2;
    reply.array(if is_flat { 2 * count } else { count });
}

fn show(reply: &mut ReplyWriter<'_>, hash: &HashView<'_>, index: usize, with_value: bool) {
    let Some((name, text)) = hash.field_at(index) else { return };
    if with_value && reply.protocol() == Protocol::Resp3 {
        reply.array(2);
    }
    reply.bulk(name);
    if with_value {
        reply.bulk(&text);
    }
}
