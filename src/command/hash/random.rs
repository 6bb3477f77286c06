//! HRANDFIELD.

use crate::command::random_count::{self, Picks};
use crate::command::{Call, CommandError};
use crate::resp::{Protocol, ReplyWriter};
use crate::store::HashView;
use rand::RngExt;
use rand::seq::index;

pub(super) fn hrandfield(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    if call.args.len() == 2 {
        return show_one(call);
    }
    let (picks, with_values) = random_count::parse(call, Some(b"withvalues"))?;
    let Some(hash) = call.keys.hash(call.key(1))? else {
        call.reply.array(0);
        return Ok(());
    };
    match picks {
        Picks::Repeated(count) => {
            let draw = |reply: &mut ReplyWriter<'_>| {
                let index = rand::rng().random_range(0..hash.len().max(1));
                show(reply, &hash, index, with_values);
            };
            let head = |reply: &mut ReplyWriter<'_>| head(reply, count, with_values);
            random_count::repeat(&mut call.reply, count, head, draw)
        }
        Picks::Distinct(count) => {
            show_distinct(&mut call.reply, &hash, count, with_values);
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
