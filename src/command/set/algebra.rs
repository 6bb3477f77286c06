//! SUNION, SINTER, SDIFF, their STORE forms, and SINTERCARD.

use super::reply_count;
use crate::base::number::parse_i64;
use crate::command::{Args, Call, CommandError};
use crate::store::{AccessError, EventClasses, KeyRef, Keys, SetView};
use foldhash::{HashSet, HashSetExt};

const BAD_NUMKEYS: CommandError = CommandError::fixed("ERR numkeys should be greater than 0");
const TOO_MANY_KEYS: CommandError =
    CommandError::fixed("ERR Number of keys can't be greater than number of args");
const BAD_LIMIT: CommandError = CommandError::fixed("ERR LIMIT can't be negative");

/// The sources of an operation in the order of the arguments; `None` is a missing key.
type Sources<'v> = [Option<SetView<'v>>];

/// Calculates the members of the result, each once.
type Operation = for<'v> fn(&'v Sources<'_>) -> Vec<&'v [u8]>;

pub(super) fn sunion(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    show(call, union)
}

pub(super) fn sinter(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    show(call, |sources| intersection(sources).collect())
}

pub(super) fn sdiff(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    show(call, difference)
}

pub(super) fn sunionstore(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    store(call, "sunionstore", union)
}

pub(super) fn sinterstore(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    store(call, "sinterstore", |sources| intersection(sources).collect())
}

pub(super) fn sdiffstore(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    store(call, "sdiffstore", difference)
}

fn show(call: &mut Call<'_, '_>, operation: Operation) -> Result<(), CommandError> {
    let sources = sources(call.keys, call.session.db, call.args.from(1))?;
    let members = operation(&sources);
    call.reply.set(members.len());
    for member in members {
        call.reply.bulk(member);
    }
    Ok(())
}

/// The destination may be a source and may hold any type: it is replaced once the result is known.
fn store(
    call: &mut Call<'_, '_>,
    event: &'static str,
    operation: Operation,
) -> Result<(), CommandError> {
    let destination = call.key(1);
    let sources = sources(call.keys, call.session.db, call.args.from(2))?;
    let members: Vec<Vec<u8>> = operation(&sources).into_iter().map(<[u8]>::to_vec).collect();
    call.keys.notify_missed(true);
    let was_there = call.keys.replace_set(destination, members.iter().map(|member| &member[..]));
    match members.is_empty() {
        true => call.keys.notify_deleted(was_there, destination),
        false => call.keys.notify(EventClasses::SET, event, destination),
    }
    reply_count(call, members.len());
    Ok(())
}

/// SINTERCARD numkeys key… [LIMIT limit]
pub(super) fn sintercard(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (names, limit) = parse_intercard(call.args)?;
    let sources = sources(call.keys, call.session.db, names)?;
    let count = intersection(&sources).take(limit).count();
    reply_count(call, count);
    Ok(())
}

/// The keys' names, and the limit (`usize::MAX` when there is none).
fn parse_intercard(args: Args<'_>) -> Result<(Args<'_>, usize), CommandError> {
    let numkeys = args.get(1).and_then(parse_i64).filter(|count| *count > 0).ok_or(BAD_NUMKEYS)?;
    let rest = args.from(2);
    let numkeys = usize::try_from(numkeys).unwrap_or(usize::MAX);
    if numkeys > rest.len() {
        return Err(TOO_MANY_KEYS);
    }
    let limit = parse_limit(rest.from(numkeys))?;
    Ok((rest.first(numkeys), limit))
}

/// LIMIT may come more than once, the last one counts; 0 is no limit.
fn parse_limit(options: Args<'_>) -> Result<usize, CommandError> {
    let mut limit = 0;
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let value = options.next().ok_or(CommandError::SYNTAX)?;
        if !option.eq_ignore_ascii_case(b"limit") {
            return Err(CommandError::SYNTAX);
        }
        let number = parse_i64(value).ok_or(BAD_LIMIT)?;
        limit = usize::try_from(number).map_err(|_| BAD_LIMIT)?;
    }
    Ok(if limit == 0 { usize::MAX } else { limit })
}

/// Every source is looked at, so that one of a wrong type is an error even after a missing one.
fn sources<'v>(
    keys: &'v Keys<'_>,
    db: u16,
    names: Args<'_>,
) -> Result<Vec<Option<SetView<'v>>>, AccessError> {
    names.iter().map(|name| keys.set(KeyRef::new(db, name))).collect()
}

fn union<'v>(sources: &'v Sources<'_>) -> Vec<&'v [u8]> {
    let largest = sources.iter().flatten().map(|set| set.len()).max();
    let mut seen = HashSet::with_capacity(largest.unwrap_or(0));
    sources
        .iter()
        .flatten()
        .flat_map(|set| set.iter())
        .filter(|member| seen.insert(*member))
        .collect()
}

/// Goes through the smallest set and looks each member up in the others, smaller ones first.
fn intersection<'v>(sources: &'v Sources<'_>) -> impl Iterator<Item = &'v [u8]> {
    let all: Option<Vec<&SetView<'_>>> = sources.iter().map(Option::as_ref).collect();
    let mut sets = all.unwrap_or_default();
    sets.sort_by_key(|set| set.len());
    let others = sets.split_off(sets.len().min(1));
    let smallest = sets.into_iter().flat_map(|set| set.iter());
    smallest.filter(move |member| others.iter().all(|set| set.contains(member)))
}

fn difference<'v>(sources: &'v Sources<'_>) -> Vec<&'v [u8]> {
    let Some((Some(first), others)) = sources.split_first() else { return Vec::new() };
    let others: Vec<&SetView<'_>> = others.iter().flatten().collect();
    let others_len: usize = others.iter().map(|set| set.len()).sum();
    // Many small sets are gathered into one, else every member of the first were looked up in each.
    if first.len().saturating_mul(others.len()) > first.len() + others_len {
        let taken: HashSet<&[u8]> = others.iter().flat_map(|set| set.iter()).collect();
        return first.iter().filter(|member| !taken.contains(member)).collect();
    }
    first.iter().filter(|member| !others.iter().any(|set| set.contains(member))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::Span;

    fn parse(words: &str) -> Result<(Vec<String>, usize), CommandError> {
        let mut spans = Vec::new();
        for word in words.split(' ') {
            let start = word.as_ptr() as usize - words.as_ptr() as usize;
            spans.push(Span { start: start as u32, len: word.len() as u32 });
        }
        let (names, limit) = parse_intercard(Args::new(words.as_bytes(), &spans))?;
        Ok((names.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect(), limit))
    }

    #[test]
    fn intercard_takes_keys_and_a_limit() {
        let names =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(parse("sintercard 2 a b"), Ok((names(&["a", "b"]), usize::MAX)));
        assert_eq!(parse("sintercard 2 a b LIMIT 1"), Ok((names(&["a", "b"]), 1)));
        assert_eq!(parse("sintercard 1 a limit 1 limit 0"), Ok((names(&["a"]), usize::MAX)));
        assert_eq!(parse("sintercard 2 a limit"), Ok((names(&["a", "limit"]), usize::MAX)));
    }

    /// The replies of Redis 7.0.15.
    #[test]
    fn intercard_refuses_what_redis_refuses() {
        let refused = [
            ("sintercard 0 a", BAD_NUMKEYS),
            ("sintercard -1 a", BAD_NUMKEYS),
            ("sintercard x a", BAD_NUMKEYS),
            ("sintercard 99999999999999999999 a", BAD_NUMKEYS),
            ("sintercard 3 a b", TOO_MANY_KEYS),
            ("sintercard 4294967297 a", TOO_MANY_KEYS),
            ("sintercard 2 a b limit -1", BAD_LIMIT),
            ("sintercard 2 a b limit x", BAD_LIMIT),
            ("sintercard 2 a b limit", CommandError::SYNTAX),
            ("sintercard 2 a b foo 1", CommandError::SYNTAX),
            ("sintercard 2 a b limit 1 foo", CommandError::SYNTAX),
        ];
        for (words, error) in refused {
            assert_eq!(parse(words), Err(error), "{words}");
        }
    }
}
