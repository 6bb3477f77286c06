//! SPOP and SRANDMEMBER.

use crate::command::random_count::{self, Picks};
use crate::command::{Call, CommandError, set_events};
use crate::resp::ReplyWriter;
use crate::store::{EventClasses, Missing, SetEdit, SetView};
use rand::seq::{IteratorRandom, index};

pub(super) fn spop(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    match call.args.len() {
        2 => pop_one(call),
        3 => pop_many(call),
        _ => Err(CommandError::SYNTAX),
    }
}

fn pop_one(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let key = call.key(1);
    match call.keys.edit_set(key, Missing::Skip, pop)?.flatten() {
        Some(member) => {
            set_events::removed(call.keys, "spop", key)?;
            call.reply.bulk(&member);
        }
        None => call.reply.null(),
    }
    Ok(())
}

fn pop_many(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let count = call.integer(2).ok().and_then(|count| usize::try_from(count).ok());
    let count = count.ok_or(CommandError::OUT_OF_RANGE)?;
    let key = call.key(1);
    if call.keys.set(key)?.is_some_and(|set| set.len() <= count) {
        show_distinct(call, count, |reply, len| reply.set(len))?;
        call.keys.delete(key);
        return Ok(set_events::removed(call.keys, "spop", key)?);
    }
    let popped = call.keys.edit_set(key, Missing::Skip, |set| {
        (0..count).map_while(|_| pop(set)).collect::<Vec<_>>()
    })?;
    let popped = popped.unwrap_or_default();
    if !popped.is_empty() {
        call.keys.notify(EventClasses::SET, "spop", key);
    }
    call.reply.set(popped.len());
    for member in &popped {
        call.reply.bulk(member);
    }
    Ok(())
}

/// Takes out one member, each with the same chance.
fn pop(set: &mut SetEdit<'_>) -> Option<Vec<u8>> {
    let member = random_member(&set.view())?.to_vec();
    set.remove(&member);
    Some(member)
}

fn random_member<'v>(set: &'v SetView<'_>) -> Option<&'v [u8]> {
    set.at((0..set.len()).choose(&mut rand::rng())?)
}

pub(super) fn srandmember(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    match call.args.len() {
        2 => show_one(call),
        3 => show_many(call),
        _ => Err(CommandError::SYNTAX),
    }
}

fn show_one(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let set = call.keys.set(call.key(1))?;
    match set.as_ref().and_then(random_member) {
        Some(member) => call.reply.bulk(member),
        None => call.reply.null(),
    }
    Ok(())
}

fn show_many(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    match random_count::parse(call, None)?.0 {
        Picks::Repeated(count) => show_repeated(call, count),
        Picks::Distinct(count) => show_distinct(call, count, |reply, len| reply.array(len)),
    }
}

fn show_distinct(
    call: &mut Call<'_, '_>,
    count: usize,
    head: impl FnOnce(&mut ReplyWriter<'_>, usize),
) -> Result<(), CommandError> {
    let set = call.keys.set(call.key(1))?;
    let members = set.as_ref().map(|set| distinct_members(set, count)).unwrap_or_default();
    head(&mut call.reply, members.len());
    for member in members {
        call.reply.bulk(member);
    }
    Ok(())
}

/// `count` members, every choice of so many with the same chance; all of them when there are fewer.
fn distinct_members<'v>(set: &'v SetView<'_>, count: usize) -> Vec<&'v [u8]> {
    if count >= set.len() {
        return set.iter().collect();
    }
    let indexes = index::sample(&mut rand::rng(), set.len(), count);
    indexes.into_iter().filter_map(|index| set.at(index)).collect()
}

fn show_repeated(call: &mut Call<'_, '_>, count: usize) -> Result<(), CommandError> {
    let Some(set) = call.keys.set(call.key(1))? else {
        call.reply.array(0);
        return Ok(());
    };
    let show = |reply: &mut ReplyWriter<'_>| {
        reply.bulk(random_member(&set).unwrap_or_default());
    };
    random_count::repeat(&mut call.reply, count, |reply| reply.array(count), show)
}
