//! ZUNION, ZINTER, ZDIFF, their STORE forms, and ZINTERCARD. Sets are inputs too, of members that score 1.

mod compute;
mod options;

use super::events;
use super::reply::{reply_count, reply_members};
use crate::command::{Call, CommandError};
use compute::{Source, difference, intersection, intersection_len, union};
use options::Query;

/// Calculates the members of the result, each once, in any order.
type Operation = for<'v> fn(&'v [Source<'_>], &Query) -> Vec<(&'v [u8], f64)>;

pub(super) fn zunion(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    show(call, "zunion", union)
}

pub(super) fn zinter(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    show(call, "zinter", intersection)
}

pub(super) fn zdiff(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    show(call, "zdiff", difference)
}

pub(super) fn zunionstore(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    store(call, "zunionstore", union)
}

pub(super) fn zinterstore(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    store(call, "zinterstore", intersection)
}

pub(super) fn zdiffstore(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    store(call, "zdiffstore", difference)
}

fn show(call: &mut Call<'_, '_>, name: &str, operation: Operation) -> Result<(), CommandError> {
    let names = options::names(call.args.from(1), name)?;
    let sources = compute::sources(call.keys, call.session.db, names)?;
    let takes = options::Takes { weights: name != "zdiff", scores: true };
    let query = Query::parse(call.args.from(2 + names.len()), names.len(), takes)?;
    let members = in_order(operation(&sources, &query));
    reply_members(&mut call.reply, members.into_iter(), query.with_scores);
    Ok(())
}

/// The destination may be a source and may hold any type: it is replaced once the result is known.
fn store(
    call: &mut Call<'_, '_>,
    name: &'static str,
    operation: Operation,
) -> Result<(), CommandError> {
    let destination = call.key(1);
    let names = options::names(call.args.from(2), name)?;
    let sources = compute::sources(call.keys, call.session.db, names)?;
    let takes = options::Takes { weights: name != "zdiffstore", scores: false };
    let query = Query::parse(call.args.from(3 + names.len()), names.len(), takes)?;
    let members = in_order(operation(&sources, &query)).into_iter();
    let members: Vec<(Vec<u8>, f64)> =
        members.map(|(name, score)| (name.to_vec(), score)).collect();
    drop(sources);
    events::store(call.keys, name, destination, &members);
    reply_count(call, members.len());
    Ok(())
}

/// ZINTERCARD numkeys key… [LIMIT limit]
pub(super) fn zintercard(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let names = options::names(call.args.from(1), "zintercard")?;
    let sources = compute::sources(call.keys, call.session.db, names)?;
    let limit = options::limit(call.args.from(2 + names.len()))?;
    let count = intersection_len(&sources, limit);
    reply_count(call, count);
    Ok(())
}

fn in_order(mut members: Vec<(&[u8], f64)>) -> Vec<(&[u8], f64)> {
    // No score is a NaN.
    members.sort_unstable_by(|(name, score), (other_name, other)| {
        let by_score = score.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal);
        by_score.then_with(|| name.cmp(other_name))
    });
    members
}
