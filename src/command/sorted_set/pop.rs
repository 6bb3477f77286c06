//! ZPOPMIN, ZPOPMAX, ZMPOP.

use super::events;
use super::reply::reply_members;
use crate::base::number::parse_i64;
use crate::command::{Args, Call, CommandError};
use crate::resp::ReplyWriter;
use crate::store::{AccessError, Edge, KeyRef, Keys, Missing, SortedEdit};

const BAD_NUMKEYS: CommandError = CommandError::fixed("ERR numkeys should be greater than 0");
const BAD_COUNT: CommandError = CommandError::fixed("ERR count should be greater than 0");

pub type Popped = Vec<(Vec<u8>, f64)>;

pub(super) fn zpopmin(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    pop_from_one(call, Edge::Min)
}

pub(super) fn zpopmax(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    pop_from_one(call, Edge::Max)
}

fn pop_from_one(call: &mut Call<'_, '_>, edge: Edge) -> Result<(), CommandError> {
    if call.args.len() > 3 {
        return Err(CommandError::SYNTAX);
    }
    let count = match call.args.get(2) {
        None => None,
        Some(_) => {
            let count = call.integer(2).ok().and_then(|count| usize::try_from(count).ok());
            Some(count.ok_or(CommandError::OUT_OF_RANGE)?)
        }
    };
    let key = call.key(1);
    let popped = pop(call.keys, key, edge, count.unwrap_or(1))?.unwrap_or_default();
    if count.is_some() {
        reply_members(&mut call.reply, popped.into_iter(), true);
        return Ok(());
    }
    // Without a count there are no pairs in RESP3 either.
    call.reply.array(2 * popped.len());
    for (member, score) in popped {
        call.reply.bulk(&member);
        call.reply.double(score);
    }
    Ok(())
}

/// ZMPOP numkeys key… MIN|MAX [COUNT count]
pub(super) fn zmpop(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (names, edge, count) = parse_zmpop(call.args)?;
    if !pop_first(call, names, edge, count)? {
        call.reply.null_array();
    }
    Ok(())
}

/// Takes from the first set that is there; false, and nothing is answered: there is none.
pub(super) fn pop_first(
    call: &mut Call<'_, '_>,
    names: Args<'_>,
    edge: Edge,
    count: usize,
) -> Result<bool, CommandError> {
    for name in names.iter() {
        let key = KeyRef::new(call.session.db, name);
        if let Some(popped) = pop(call.keys, key, edge, count)? {
            reply_popped(&mut call.reply, name, &popped);
            return Ok(true);
        }
    }
    Ok(false)
}

/// Members and the key that they are from, as ZMPOP has them.
pub fn reply_popped(reply: &mut ReplyWriter<'_>, name: &[u8], popped: &Popped) {
    reply.array(2);
    reply.bulk(name);
    reply.array(popped.len());
    for (member, score) in popped {
        reply.array(2);
        reply.bulk(member);
        reply.double(*score);
    }
}

/// The same of one member, as BZPOPMIN has it.
pub fn reply_one_popped(reply: &mut ReplyWriter<'_>, name: &[u8], popped: &Popped) {
    reply.array(1 + 2 * popped.len());
    reply.bulk(name);
    for (member, score) in popped {
        reply.bulk(member);
        reply.double(*score);
    }
}

/// The names of the keys, where members are taken from, and how many.
pub(super) fn parse_zmpop(args: Args<'_>) -> Result<(Args<'_>, Edge, usize), CommandError> {
    let numkeys = args.get(1).and_then(parse_i64).filter(|count| *count > 0).ok_or(BAD_NUMKEYS)?;
    let (rest, numkeys) = (args.from(2), usize::try_from(numkeys).unwrap_or(usize::MAX));
    let edge = match rest.get(numkeys) {
        Some(word) if word.eq_ignore_ascii_case(b"min") => Edge::Min,
        Some(word) if word.eq_ignore_ascii_case(b"max") => Edge::Max,
        _ => return Err(CommandError::SYNTAX),
    };
    let count = match rest.from(numkeys + 1).iter().collect::<Vec<_>>()[..] {
        [] => 1,
        [word, count, ..] if word.eq_ignore_ascii_case(b"count") => {
            let count = parse_i64(count).filter(|count| *count > 0).ok_or(BAD_COUNT)?;
            usize::try_from(count).unwrap_or(usize::MAX)
        }
        _ => return Err(CommandError::SYNTAX),
    };
    if rest.len() > numkeys + 3 {
        return Err(CommandError::SYNTAX);
    }
    Ok((rest.first(numkeys), edge, count))
}

/// Takes out so many members; `None` when there is no such set.
pub fn pop(
    keys: &mut Keys<'_>,
    key: KeyRef<'_>,
    edge: Edge,
    count: usize,
) -> Result<Option<Popped>, AccessError> {
    let popped = keys.edit_sorted(key, Missing::Skip, |set| take(set, edge, count))?;
    if popped.as_ref().is_some_and(|popped| !popped.is_empty()) {
        let event = if edge == Edge::Min { "zpopmin" } else { "zpopmax" };
        events::removed(keys, event, key)?;
    }
    Ok(popped)
}

fn take(set: &mut SortedEdit<'_>, edge: Edge, count: usize) -> Popped {
    let view = set.view();
    let (len, count) = (view.len(), count.min(view.len()));
    let owned = |(member, score): (&[u8], f64)| (member.to_vec(), score);
    let popped: Popped = match edge {
        Edge::Min => view.range(0..count).map(owned).collect(),
        Edge::Max => view.range(len - count..len).rev().map(owned).collect(),
    };
    drop(view);
    for (member, _) in &popped {
        set.remove(member);
    }
    popped
}
