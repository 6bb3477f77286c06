//! Sums of doubles that keep what rounding would take away.

/// A double and what it was rounded by: about 106 bits (Dekker 1971; the addition is AccurateDWPlusDW of
/// Joldes, Muller and Popescu, "Tight and rigorous error bounds for basic building blocks of double-word
/// arithmetic", 2017).
///
/// Once a sum is past the range of doubles it is that infinity, and never a NaN.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    high: f64,
    low: f64,
}

impl Sum {
    #[must_use]
    pub fn of(value: f64) -> Sum {
        Sum { high: value, low: 0.0 }
    }

    /// The two parts; `None`: they are not those of a finite sum.
    #[must_use]
    pub(super) fn of_parts(high: f64, low: f64) -> Option<Sum> {
        let is_sum = high.is_finite() && low.is_finite() && high + low == high;
        is_sum.then_some(Sum { high, low })
    }

    #[must_use]
    pub(super) fn parts(self) -> (f64, f64) {
        (self.high, self.low)
    }

    /// The nearest double.
    #[must_use]
    pub fn round(self) -> f64 {
        self.high
    }

    #[must_use]
    pub fn is_finite(self) -> bool {
        self.high.is_finite()
    }

    #[must_use]
    pub fn plus(self, other: Sum) -> Sum {
        let (high, error) = two_sum(self.high, other.high);
        if !high.is_finite() {
            return Sum::of(if self.is_finite() { high } else { self.high });
        }
        let (low, low_error) = two_sum(self.low, other.low);
        let (high, rest) = fast_two_sum(high, error + low);
        Sum::finite(fast_two_sum(high, low_error + rest))
    }

    #[must_use]
    pub fn minus(self, other: Sum) -> Sum {
        self.plus(Sum { high: -other.high, low: -other.low })
    }

    /// At the very end of the range the error of a sum may be out of it.
    fn finite((high, low): (f64, f64)) -> Sum {
        if !high.is_finite() {
            return Sum::of(if high.is_nan() { f64::INFINITY } else { high });
        }
        Sum { high, low: if low.is_finite() { low } else { 0.0 } }
    }
}

/// By their bits: 0 and -0 are two sums.
impl PartialEq for Sum {
    fn eq(&self, other: &Sum) -> bool {
        self.bits() == other.bits()
    }
}

impl Eq for Sum {}

impl Sum {
    pub(super) fn bits(self) -> [u64; 2] {
        [self.high.to_bits(), self.low.to_bits()]
    }

    pub(super) fn of_bits(bits: [u64; 2]) -> Sum {
        let [high, low] = bits.map(f64::from_bits);
        Sum { high, low }
    }
}

/// The rounded sum, and what it was rounded by, exactly (Knuth).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    let of_a = sum - of_b;
    (sum, (a - of_a) + (b - of_b))
}

/// The same, where `a` is not less in magnitude than `b` (Dekker).
fn fast_two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    (sum, b - (sum - a))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keeps_what_rounding_takes_away() {
        let sum =
            [1e16, 1.0, 1.0, -1e16].into_iter().fold(Sum::default(), |s, x| s.plus(Sum::of(x)));
        assert_eq!((sum.round(), 1e16 + 1.0 + 1.0 - 1e16), (2.0, 0.0));
    }

    #[test]
    fn past_the_range_it_is_infinite_and_stays_so() {
        let max = Sum::of(f64::MAX);
        assert_eq!(max.plus(max).round(), f64::INFINITY);
        let infinite = Sum::of(f64::NEG_INFINITY);
        assert_eq!(infinite.plus(Sum::of(f64::INFINITY)).round(), f64::NEG_INFINITY);
    }

    proptest! {
        #[test]
        fn is_never_a_nan(bits: [u64; 4]) {
            let [a, b, c, d] = bits.map(f64::from_bits);
            prop_assume!([a, b, c, d].iter().all(|x| x.is_finite()));
            let sum = Sum::of(a).plus(Sum::of(b)).minus(Sum::of(c)).plus(Sum::of(d));
            prop_assert!(!sum.round().is_nan());
            prop_assert!(!sum.low.is_nan());
        }

        #[test]
        fn a_difference_added_again_is_exact(a in -1e30..1e30f64, b in -1e9..1e9f64) {
            let difference = Sum::of(b).minus(Sum::of(a));
            prop_assert_eq!(Sum::of(a).plus(difference), Sum::of(b));
        }
    }
}
