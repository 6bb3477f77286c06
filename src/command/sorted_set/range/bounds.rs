//! The bounds of ranges.

use crate::base::double::parse_bound;
use crate::base::number::parse_i64;
use crate::command::CommandError;
use crate::store::SortedView;
use std::ops::Range;

const NOT_A_SCORE: CommandError = CommandError::fixed("ERR min or max is not a float");
const NOT_A_NAME: CommandError = CommandError::fixed("ERR min or max not valid string range item");

/// By what a range is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Rank,
    Score,
    Name,
}

/// Where a range begins and ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bounds<'a> {
    /// First and last; from the end where negative.
    Ranks(i64, i64),
    Scores {
        min: Bound<f64>,
        max: Bound<f64>,
    },
    Names {
        min: Edge<'a>,
        max: Edge<'a>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bound<T> {
    value: T,
    is_exclusive: bool,
}

/// A bound of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge<'a> {
    BeforeAll,
    AfterAll,
    At(Bound<&'a [u8]>),
}

impl<'a> Bounds<'a> {
    pub fn parse(by: By, min: &'a [u8], max: &'a [u8]) -> Result<Bounds<'a>, CommandError> {
        match by {
            By::Rank => {
                let rank = |text| parse_i64(text).ok_or(CommandError::NOT_INTEGER);
                Ok(Bounds::Ranks(rank(min)?, rank(max)?))
            }
            By::Score => Ok(Bounds::Scores { min: parse_score(min)?, max: parse_score(max)? }),
            By::Name => Ok(Bounds::Names { min: parse_edge(min)?, max: parse_edge(max)? }),
        }
    }

    /// The ranks that it covers of a set; counted from the other end if `reverse`.
    pub fn of(&self, set: &SortedView<'_>, reverse: bool) -> Range<usize> {
        let len = set.len();
        let (from, to) = match self {
            Bounds::Ranks(first, last) => {
                let (from, to) = (from_end(*first, len), from_end(last.saturating_add(1), len));
                // One past the last, where the last is the end itself.
                let to = if *last == -1 { len } else { to };
                if reverse { (len - to.max(from), len - from) } else { (from, to) }
            }
            Bounds::Scores { min, max } => (
                set.partition_point(|score, _| !min.lets_begin(&score)),
                set.partition_point(|score, _| max.lets_end(&score)),
            ),
            Bounds::Names { min, max } => (
                set.partition_point(|_, name| !min.lets_begin(name)),
                set.partition_point(|_, name| max.lets_end(name)),
            ),
        };
        from..to.max(from)
    }
}

/// An index within the length; one before the beginning is the beginning, one past the end the end.
fn from_end(index: i64, len: usize) -> usize {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let index = if index < 0 { index.saturating_add(len) } else { index };
    usize::try_from(index.clamp(0, len)).unwrap_or(0)
}

impl<T: PartialOrd> Bound<T> {
    fn lets_begin(&self, value: &T) -> bool {
        if self.is_exclusive { *value > self.value } else { *value >= self.value }
    }

    fn lets_end(&self, value: &T) -> bool {
        if self.is_exclusive { *value < self.value } else { *value <= self.value }
    }
}

impl Edge<'_> {
    fn lets_begin(&self, name: &[u8]) -> bool {
        match self {
            Edge::BeforeAll => true,
            Edge::AfterAll => false,
            Edge::At(bound) => bound.lets_begin(&name),
        }
    }

    fn lets_end(&self, name: &[u8]) -> bool {
        match self {
            Edge::BeforeAll => false,
            Edge::AfterAll => true,
            Edge::At(bound) => bound.lets_end(&name),
        }
    }
}

/// `(1.5` leaves 1.5 out.
fn parse_score(text: &[u8]) -> Result<Bound<f64>, CommandError> {
    let (is_exclusive, number) = match text {
        [b'(', number @ ..] => (true, number),
        number => (false, number),
    };
    Ok(Bound { value: parse_bound(number).ok_or(NOT_A_SCORE)?, is_exclusive })
}

/// `[name`, `(name`, `-`, `+`
fn parse_edge(text: &[u8]) -> Result<Edge<'_>, CommandError> {
    match text {
        b"-" => Ok(Edge::BeforeAll),
        b"+" => Ok(Edge::AfterAll),
        [b'(', name @ ..] => Ok(Edge::At(Bound { value: name, is_exclusive: true })),
        [b'[', name @ ..] => Ok(Edge::At(Bound { value: name, is_exclusive: false })),
        _ => Err(NOT_A_NAME),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_count_from_either_end() {
        for (index, from) in [(0, 0), (2, 2), (9, 3), (-1, 2), (-3, 0), (-9, 0), (i64::MIN, 0)] {
            assert_eq!(from_end(index, 3), from, "{index}");
        }
        assert_eq!(from_end(i64::MAX, 3), 3);
    }

    #[test]
    fn edges_are_read_as_in_redis() {
        assert_eq!(parse_edge(b"-"), Ok(Edge::BeforeAll));
        assert_eq!(parse_edge(b"+"), Ok(Edge::AfterAll));
        let at = |value, is_exclusive| Ok(Edge::At(Bound { value, is_exclusive }));
        assert_eq!(parse_edge(b"["), at(&b""[..], false));
        assert_eq!(parse_edge(b"(a"), at(&b"a"[..], true));
        for refused in ["", "a", "--", "+a", "1"] {
            assert_eq!(parse_edge(refused.as_bytes()), Err(NOT_A_NAME), "{refused}");
        }
    }
}
