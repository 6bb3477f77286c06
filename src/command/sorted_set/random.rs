//! ZRANDMEMBER.

use super::reply::reply_members;
use crate::command::random_count::{self, Picks};
use crate::command::{Call, CommandError};
use crate::resp::{Protocol, ReplyWriter};
use crate::store::SortedView;
use rand::seq::{IteratorRandom, index};

pub(super) fn zrandmember(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    if call.args.len() == 2 {
        return show_one(call);
    }
    match random_count::parse(call, Some(b"withscores"))? {
        (Picks::Repeated(count), with_scores) => show_repeated(call, count, with_scores),
        (Picks::Distinct(count), with_scores) => show_distinct(call, count, with_scores),
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
    let in_pairs = with_scores && call.reply.protocol() == Protocol::Resp3;
    let show = |reply: &mut ReplyWriter<'_>| {
        let (member, score) = random_member(&set).unwrap_or_default();
        if in_pairs {
            reply.array(2);
        }
        reply.bulk(member);
        if with_scores {
            reply.double(score);
        }
    };
    let len = if with_scores && !in_pairs { 2 * count } else { count };
    random_count::repeat(&mut call.reply, count, |reply| reply.array(len), show)
}
