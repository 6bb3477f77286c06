//! Unions, intersections and differences of sorted sets.

use super::options::{Aggregate, Query, number_or_zero};
use crate::command::Args;
use crate::store::{AccessError, AnySet, KeyRef, Keys};
use foldhash::{HashMap, HashMapExt};

/// A source of an operation; `None` is a missing key.
pub(super) type Source<'v> = Option<AnySet<'v>>;

/// Every source is looked at, so that one of a wrong type is an error even after a missing one.
pub(super) fn sources<'v>(
    keys: &'v Keys<'_>,
    db: u16,
    names: Args<'_>,
) -> Result<Vec<Source<'v>>, AccessError> {
    names.iter().map(|name| keys.any_set(KeyRef::new(db, name))).collect()
}

/// The sources that are there with their weights, smaller ones first: the order in which Redis adds up.
fn by_len<'v>(sources: &'v [Source<'_>], query: &Query) -> Vec<(&'v AnySet<'v>, f64)> {
    let there = sources.iter().enumerate();
    let there = there.filter_map(|(at, source)| Some((source.as_ref()?, query.weight(at))));
    let mut there: Vec<_> = there.collect();
    there.sort_by_key(|(source, _)| source.len());
    there
}

pub(super) fn union<'v>(sources: &'v [Source<'_>], query: &Query) -> Vec<(&'v [u8], f64)> {
    let sources = by_len(sources, query);
    let largest = sources.last().map_or(0, |(source, _)| source.len());
    let mut scores: HashMap<&[u8], f64> = HashMap::with_capacity(largest);
    for (source, weight) in sources {
        for (name, score) in source.iter() {
            let score = number_or_zero(weight * score);
            let together = scores.entry(name);
            together.and_modify(|sum| *sum = query.aggregate.of(*sum, score)).or_insert(score);
        }
    }
    scores.into_iter().collect()
}

/// Goes through the smallest set and looks each member up in the others, smaller ones first.
pub(super) fn intersection<'v>(sources: &'v [Source<'_>], query: &Query) -> Vec<(&'v [u8], f64)> {
    common(sources, query).collect()
}

/// How many members all sources have, counted up to `limit`.
pub(super) fn intersection_len(sources: &[Source<'_>], limit: usize) -> usize {
    common(sources, &Query::default()).take(limit).count()
}

fn common<'v>(
    sources: &'v [Source<'_>],
    query: &Query,
) -> impl Iterator<Item = (&'v [u8], f64)> + use<'v> {
    let any_missing = sources.iter().any(Option::is_none);
    let mut sources = if any_missing { Vec::new() } else { by_len(sources, query) };
    let others = sources.split_off(sources.len().min(1));
    let aggregate: Aggregate = query.aggregate;
    sources
        .into_iter()
        .flat_map(|(source, weight)| source.iter().map(move |m| (m, weight)))
        .filter_map(move |((name, score), weight)| {
            let mut sum = number_or_zero(weight * score);
            for (other, weight) in &others {
                sum = aggregate.of(sum, other.score(name)? * weight);
            }
            Some((name, sum))
        })
}

pub(super) fn difference<'v>(sources: &'v [Source<'_>], _: &Query) -> Vec<(&'v [u8], f64)> {
    let Some((Some(first), others)) = sources.split_first() else { return Vec::new() };
    let others: Vec<&AnySet<'_>> = others.iter().flatten().collect();
    let others_len: usize = others.iter().map(|source| source.len()).sum();
    // Many small sets are gathered into one, else every member of the first were looked up in each.
    if first.len().saturating_mul(others.len()) > first.len() + others_len {
        let taken: HashMap<&[u8], f64> = others.iter().flat_map(|source| source.iter()).collect();
        return first.iter().filter(|(name, _)| !taken.contains_key(name)).collect();
    }
    let is_taken = |name: &[u8]| others.iter().any(|source| source.score(name).is_some());
    first.iter().filter(|(name, _)| !is_taken(name)).collect()
}
