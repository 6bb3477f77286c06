//! Adding within bounds.

use super::amount::Amount;

/// The least and the greatest value, both allowed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds<A> {
    pub lower: A,
    pub upper: A,
}

/// What adding came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step<A> {
    /// The new value, and the increment that leads to it.
    To { value: A, applied: A },
    /// The sum is out of bounds, and saturating was not wanted.
    Refused,
}

/// Adds `by` to `current`. A sum out of bounds becomes the bound that it violates, if `saturate`.
///
/// The current value may be out of bounds itself. So an increment may bring it back, and saturating
/// may move it against the sign of `by`. `None` when the increment to apply would overflow.
pub(super) fn add_within<A: Amount>(
    current: A,
    by: A,
    bounds: Bounds<A>,
    saturate: bool,
) -> Option<Step<A>> {
    let sum = current.checked_add(by);
    let value = match sum {
        Some(sum) if sum > bounds.upper => bounds.upper,
        Some(sum) if sum < bounds.lower => bounds.lower,
        Some(sum) => return Some(Step::To { value: sum, applied: by }),
        None if by > A::from_integer(0) => bounds.upper,
        None => bounds.lower,
    };
    if !saturate {
        return Some(Step::Refused);
    }
    value.checked_sub(current).map(|applied| Step::To { value, applied })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::long_double::LongDouble;
    use proptest::prelude::*;

    const MIN: i64 = i64::MIN;
    const MAX: i64 = i64::MAX;

    /// `INCREX k BYINT by LBOUND lower UBOUND upper SATURATE` as [value, applied].
    fn saturating(current: i64, by: i64, lower: i64, upper: i64) -> Option<(i64, i64)> {
        match add_within(current, by, Bounds { lower, upper }, true)? {
            Step::To { value, applied } => Some((value, applied)),
            Step::Refused => unreachable!("saturating never refuses"),
        }
    }

    /// The cases of the tests of Redis 8.8.
    #[test]
    fn saturates_as_redis() {
        assert_eq!(saturating(98, 5, MIN, 100), Some((100, 2)));
        assert_eq!(saturating(50, 5, MIN, 30), Some((30, -20)));
        assert_eq!(saturating(10, -5, 20, MAX), Some((20, 10)));
        assert_eq!(saturating(50, -25, MIN, 30), Some((25, -25)));
        assert_eq!(saturating(0, 1, MIN, 0), Some((0, 0)));
        assert_eq!(saturating(MAX, 1, MIN, MAX), Some((MAX, 0)));
        assert_eq!(saturating(MIN, MIN, MIN, MAX), Some((MIN, 0)));
        assert_eq!(saturating(9_223_372_036_854_775_800, 1, MIN, MIN), None);
    }

    #[test]
    fn refuses_what_is_out_of_bounds() {
        for (current, by, lower, upper) in [(98, 5, 0, 100), (2, -3, 0, 100), (MAX, 1, MIN, MAX)] {
            let step = add_within(current, by, Bounds { lower, upper }, false);
            assert_eq!(step, Some(Step::Refused), "{current} {by}");
        }
    }

    /// The same in long doubles, from and to Redis's texts; `None` where Redis answers
    /// `applied increment would be Infinity`.
    fn floats(
        [current, by, lower, upper]: [&str; 4],
        saturate: bool,
    ) -> Option<Option<(String, String)>> {
        let parse = |text: &str| LongDouble::parse(text.as_bytes()).expect("a number");
        let bounds = Bounds { lower: parse(lower), upper: parse(upper) };
        match add_within(parse(current), parse(by), bounds, saturate)? {
            Step::To { value, applied } => {
                Some(Some((value.to_redis_string(), applied.to_redis_string())))
            }
            Step::Refused => Some(None),
        }
    }

    #[test]
    fn floats_have_limits_too() {
        let to = |value: &str, applied: &str| Some(Some((value.to_owned(), applied.to_owned())));
        let (least, greatest) = ("-1.18973149535723176502e+4932", "1.18973149535723176502e+4932");
        let limits = LongDouble::limits();
        assert_eq!(LongDouble::parse(least.as_bytes()), Some(limits.0));
        assert_eq!(LongDouble::parse(greatest.as_bytes()), Some(limits.1));

        assert_eq!(floats(["9.5", "1", "0", "10"], true), to("10", "0.5"));
        assert_eq!(floats(["9.5", "1", "0", "10"], false), Some(None));
        assert_eq!(floats(["9.5", "0.5", "0", "10"], false), to("10", "0.5"));
        assert_eq!(floats(["5", "-7.25", "0", "inf"], true), to("0", "-5"));
        assert_eq!(floats([greatest, greatest, least, greatest], false), Some(None));
        let highest = limits.1.to_redis_string();
        assert_eq!(floats([greatest, greatest, least, greatest], true), to(&highest, "0"));
        assert_eq!(floats([greatest, "1", least, least], true), None);
        assert_eq!(floats([greatest, greatest, least, "inf"], true), None);
    }

    proptest! {
        /// In 128 bits nothing overflows, and the definition is a clamp.
        #[test]
        fn is_a_clamp(current: i64, by: i64, a: i64, b: i64, saturate: bool) {
            let (lower, upper) = (a.min(b), a.max(b));
            let wide = i128::from(current) + i128::from(by);
            let value = wide.clamp(lower.into(), upper.into());
            let expected = if value != wide && !saturate {
                Some(Step::Refused)
            } else {
                let applied = i64::try_from(value - i128::from(current)).ok();
                applied.map(|applied| Step::To { value: value as i64, applied })
            };
            prop_assert_eq!(add_within(current, by, Bounds { lower, upper }, saturate), expected);
        }
    }
}
