//! ZRANDMEMBER.

use super::reply::reply_members;
use crate::command::{Call, CommandError};
use crate::resp::Protocol;
use crate::store::SortedView;
use rand::seq::{IteratorRandom, index};

/// Redis's bounds: the least integer has no absolute value among them.
const COUNT_OUT_OF_RANGE: CommandError = CommandError::fixed(
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
);
const PAIRS_OUT_OF_RANGE: CommandError = CommandError::fixed("ERR value is out of range");

/// A negative count asks for as long a reply as it likes. It gets what the longest string may have;
/// Redis would go on until its memory is used up.
const MAX_REPEATED_BYTES: usize = 512 << 20;
const TOO_MANY_REPEATED: CommandError =
    CommandError::fixed("ERR value is out of range, the reply would be longer than 512 MiB");

/// An empty member's bytes in the reply: `$0\r\n\r\n`.
const SHORTEST_BULK_BYTES: usize = 6;

pub(super) fn zrandmember(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    if call.args.len() == 2 {
        return show_one(call);
    }
    let count = call.integer(2)?;
    if count == i64::MIN {
        return Err(COUNT_OUT_OF_RANGE);
    }
    let with_scores = match call.args.get(3) {
        None => false,
        Some(word) if call.args.len() == 4 && word.eq_ignore_ascii_case(b"withscores") => true,
        Some(_) => return Err(CommandError::SYNTAX),
    };
    if with_scores && count.unsigned_abs() > i64::MAX.unsigned_abs() / 2 {
        return Err(PAIRS_OUT_OF_RANGE);
    }
    let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if count < 0 {
        show_repeated(call, size, with_scores)
    } else {
        show_distinct(call, size, with_scores)
    }
}

fn show_one(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let set = call.keys.sorted(call.key(1))?;
    match set.as_ref().and_then(random_member) {
        Some((member, _)) => call.reply.bulk(member),
        None => call.reply.null(),
    }
    Ok(())
}

fn random_member<'v>(set: &'v SortedView<'_>) -> Option<(&'v [u8], f64)> {
    set.at((0..set.len()).choose(&mut rand::rng())?)
}

/// `count` members, every choice of so many with the same chance; all of them when there are fewer.
fn show_distinct(
    call: &mut Call<'_, '_>,
    count: usize,
    with_scores: bool,
) -> Result<(), CommandError> {
    let set = call.keys.sorted(call.key(1))?;
    let members: Vec<(&[u8], f64)> = match &set {
        None => Vec::new(),
        Some(set) if count >= set.len() => set.range(0..set.len()).collect(),
        Some(set) => {
            let indexes = index::sample(&mut rand::rng(), set.len(), count);
            indexes.into_iter().filter_map(|index| set.at(index)).collect()
        }
    };
    reply_members(&mut call.reply, members.into_iter(), with_scores);
    Ok(())
}

fn show_repeated(
    call: &mut Call<'_, '_>,
    count: usize,
    with_scores: bool,
) -> Result<(), CommandError> {
    let Some(set) = call.keys.sorted(call.key(1))? else {
        call.reply.array(0);
        return Ok(());
    };
    if count > MAX_REPEATED_BYTES / SHORTEST_BULK_BYTES {
        return Err(TOO_MANY_REPEATED);
    }
    let in_pairs = with_scores && call.reply.protocol() == Protocol::Resp3;
    let start = call.reply.len();
    call.reply.array(if with_scores && !in_pairs { 2 * count } else { count });
    for _ in 0..count {
        let (member, score) = random_member(&set).unwrap_or_default();
        if in_pairs {
            call.reply.array(2);
        }
        call.reply.bulk(member);
        if with_scores {
            call.reply.double(score);
        }
        if call.reply.len() - start > MAX_REPEATED_BYTES {
            return Err(TOO_MANY_REPEATED);
        }
    }
    Ok(())
}
