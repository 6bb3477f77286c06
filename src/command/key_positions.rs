//! Which arguments of a request are keys, after the row's [`KeySpec`]s.

use super::refusal::resolve;
use super::table::{Command, KeySpec, Place};
use super::{Args, sort_options};
use crate::base::number::parse_i64;
use smallvec::SmallVec;

/// The keys that a request names, in the order of its arguments; one named twice comes twice.
/// A request that cannot be read (`SINTERCARD zero`) names none: its command will say why.
pub fn keys_of<'a>(
    row: &Command,
    args: Args<'a>,
) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
    let specs = row.keys.iter().filter(|spec| spec.are_keys());
    specs.flat_map(move |spec| positions(*spec, args)).filter_map(move |at| args.get(at))
}

/// The indexes of the keys of one spec.
pub fn positions(spec: KeySpec, args: Args<'_>) -> impl Iterator<Item = usize> + Clone + use<> {
    row(spec.place, args).chain(nested(spec.place, args))
}

/// The indexes of a place that is a row of them.
fn row(place: Place, args: Args<'_>) -> impl Iterator<Item = usize> + Clone + use<> {
    let (first, last, step) = match place {
        Place::Range { first, last, step } => (from_end(first, args), from_end(last, args), step),
        Place::Counted { at } => {
            let at = from_end(at, args);
            (at + 1, at + counted(at, args), 1)
        }
        Place::StoreOption => {
            let at = sort_options::destination(args).map_or(0, |at| at as isize);
            (at.max(1), at, 1)
        }
        Place::Nested { .. } | Place::Unknown => (1, 0, 1),
    };
    let last = last.min(args.len() as isize - 1);
    (first.max(1)..=last).step_by(usize::from(step.unsigned_abs().max(1))).map(isize::unsigned_abs)
}

/// The indexes of the keys of a command among the arguments of another; none where it is such a one itself.
fn nested(place: Place, args: Args<'_>) -> SmallVec<[usize; 4]> {
    let Place::Nested { at } = place else { return SmallVec::new() };
    let at = usize::from(at.unsigned_abs());
    let request = args.from(at);
    let Ok(entry) = resolve(request, None) else { return SmallVec::new() };
    let plain = |spec: &&KeySpec| !matches!(spec.place, Place::Nested { .. });
    let specs = entry.command.keys.iter().filter(plain);
    specs.flat_map(|spec| row(spec.place, request)).map(|position| at + position).collect()
}

/// The index that a spec means: a negative one counts from the end.
fn from_end(index: i16, args: Args<'_>) -> isize {
    if index < 0 { args.len() as isize + index as isize } else { index as isize }
}

/// How many keys the argument at `at` announces, 0 when they cannot all be there.
fn counted(at: isize, args: Args<'_>) -> isize {
    let number = usize::try_from(at).ok().and_then(|at| args.get(at)).and_then(parse_i64);
    let room = args.len() as isize - 1 - at;
    match number.and_then(|number| isize::try_from(number).ok()) {
        Some(number) if (1..=room).contains(&number) => number,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::args::with_words;
    use super::super::registry;
    use super::*;

    /// The keys of a request, after the command's row.
    fn keys(request: &str) -> Vec<String> {
        with_words(request, |args| {
            let entry = registry::find(&args[0]).expect("a known command");
            let entry = args.get(1).and_then(|word| entry.subcommand(word)).unwrap_or(entry);
            let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
            keys_of(entry.command, args).map(text).collect()
        })
    }

    // As COMMAND GETKEYS of Redis 7.0.15 has them.
    #[test]
    fn keys_stand_where_the_row_says() {
        assert_eq!(keys("get a"), ["a"]);
        assert_eq!(keys("mget a b a"), ["a", "b", "a"]);
        assert_eq!(keys("mset a 1 b 2"), ["a", "b"]);
        assert_eq!(keys("rename a b"), ["a", "b"]);
        assert_eq!(keys("sdiffstore d a b"), ["d", "a", "b"]);
        assert_eq!(keys("object encoding a"), ["a"]);
        assert!(keys("ping a").is_empty());
        assert!(keys("spublish a b").is_empty());
    }

    #[test]
    fn the_keys_of_a_command_within_a_command_are_its_keys() {
        assert_eq!(keys("once token incr a"), ["a"]);
        assert_eq!(keys("once token lmpop 2 a b left"), ["a", "b"]);
        assert_eq!(keys("once token sinterstore a b c"), ["a", "b", "c"]);
        assert!(keys("once token once other incr a").is_empty());
        assert!(keys("once token nosuch a").is_empty());
        assert!(keys("once token incr").is_empty());
    }

    #[test]
    fn what_sort_stores_to_is_a_key() {
        assert_eq!(keys("sort a by b* store c"), ["a", "c"]);
        assert_eq!(keys("sort a store b store c"), ["a", "c"]);
        assert_eq!(keys("sort a store"), ["a"]);
    }

    #[test]
    fn counted_keys_are_those_that_are_there() {
        assert_eq!(keys("sintercard 2 a b limit 1"), ["a", "b"]);
        assert_eq!(keys("sintercard 2 a b"), ["a", "b"]);
        assert!(keys("sintercard 3 a b").is_empty());
        assert!(keys("sintercard 0 a b").is_empty());
        assert!(keys("sintercard -1 a b").is_empty());
        assert!(keys("sintercard x a b").is_empty());
        assert!(keys("sintercard 9223372036854775807 a b").is_empty());
    }
}
