//! The longest common subsequence by dynamic programming over all pairs of prefixes.
//!
//! Which of several longest ones is found is visible to users, so ties are broken as in Redis: walking
//! back from the ends, `a` is shortened only where that keeps a longer subsequence than shortening
//! `b` does. That is one bit a pair, and the lengths themselves are kept for one row only.

/// A run of equal bytes in both texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Match {
    pub a_start: u32,
    pub b_start: u32,
    pub len: u32,
}

/// The length of the longest common subsequence; `None` when there is no memory for it.
pub(super) fn len(a: &[u8], b: &[u8]) -> Option<u32> {
    fill(a, b, |_, _| {})
}

/// The way back through all pairs of prefixes of two texts.
pub(super) struct Table<'t> {
    a: &'t [u8],
    b: &'t [u8],
    len: u32,
    shorten_a: Bits,
}

impl<'t> Table<'t> {
    /// `None` when there is no memory for it: `a.len() * b.len()` bits.
    pub(super) fn build(a: &'t [u8], b: &'t [u8]) -> Option<Table<'t>> {
        let mut shorten_a = Bits::zeroed(a.len().checked_mul(b.len())?)?;
        let len = fill(a, b, |i, j| shorten_a.set(i * b.len() + j))?;
        Some(Table { a, b, len, shorten_a })
    }

    /// The length of the longest common subsequence.
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    /// The runs that it consists of, the last one first.
    pub(super) fn matches(&self) -> Vec<Match> {
        let mut matches: Vec<Match> = Vec::new();
        let (mut i, mut j) = (self.a.len(), self.b.len());
        let mut in_run = false;
        while i > 0 && j > 0 {
            if self.a[i - 1] != self.b[j - 1] {
                in_run = false;
                if self.shorten_a.get((i - 1) * self.b.len() + j - 1) {
                    i -= 1
                } else {
                    j -= 1
                }
                continue;
            }
            (i, j) = (i - 1, j - 1);
            let len = if in_run { matches.pop().map_or(0, |run| run.len) } else { 0 };
            matches.push(Match { a_start: i as u32, b_start: j as u32, len: len + 1 });
            in_run = true;
        }
        matches
    }

    /// The longest common subsequence itself.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.len as usize);
        for found in self.matches().iter().rev() {
            let start = found.a_start as usize;
            text.extend_from_slice(&self.a[start..start + found.len as usize]);
        }
        text
    }
}

/// Computes the length for all pairs of prefixes, row by row, and answers the last; calls
/// `shorten_a(i, j)` where `a[..=i]` and `b[..=j]` end differently and leaving out `a[i]` keeps more
/// than leaving out `b[j]`.
fn fill(a: &[u8], b: &[u8], mut shorten_a: impl FnMut(usize, usize)) -> Option<u32> {
    let mut row: Vec<u32> = zeroed(b.len())?;
    for (i, a_byte) in a.iter().enumerate() {
        let (mut without_b, mut without_both) = (0, 0);
        for (j, (b_byte, cell)) in b.iter().zip(&mut row).enumerate() {
            let without_a = *cell;
            if a_byte == b_byte {
                *cell = without_both + 1;
            } else if without_a > without_b {
                shorten_a(i, j);
            } else {
                *cell = without_b;
            }
            (without_b, without_both) = (*cell, without_a);
        }
    }
    Some(row.last().copied().unwrap_or(0))
}

/// A fixed number of bits.
struct Bits(Vec<u64>);

impl Bits {
    fn zeroed(len: usize) -> Option<Bits> {
        zeroed(len.div_ceil(64)).map(Bits)
    }

    fn get(&self, index: usize) -> bool {
        self.0[index / 64] >> (index % 64) & 1 == 1
    }

    fn set(&mut self, index: usize) {
        self.0[index / 64] |= 1 << (index % 64);
    }
}

/// Zeros, or `None` when there is no memory for them.
fn zeroed<T: Clone + Default>(len: usize) -> Option<Vec<T>> {
    let mut zeros = Vec::new();
    zeros.try_reserve_exact(len).ok()?;
    zeros.resize(len, T::default());
    Some(zeros)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(a_start: u32, b_start: u32, len: u32) -> Match {
        Match { a_start, b_start, len }
    }

    /// The example of the documentation; `LCS key1 key2 IDX` on Redis 7.0.15 answers [4, 7] with
    /// [5, 8], then [2, 3] with [0, 1].
    #[test]
    fn documented_example() {
        let table = Table::build(b"ohmytext", b"mynewtext").unwrap();
        assert_eq!(table.text(), b"mytext");
        assert_eq!(table.matches(), [found(4, 5, 4), found(2, 0, 2)]);
        assert_eq!(table.len(), 6);
        assert_eq!(len(b"ohmytext", b"mynewtext"), Some(6));
    }

    #[test]
    fn nothing_in_common() {
        for (a, b) in [("", ""), ("", "x"), ("x", ""), ("abc", "xyz")] {
            let table = Table::build(a.as_bytes(), b.as_bytes()).unwrap();
            assert_eq!((table.len(), table.matches(), table.text()), (0, vec![], vec![]));
        }
    }

    /// The definition, with Redis's choice between two ways: the length of every pair of prefixes.
    fn lengths(a: &[u8], b: &[u8]) -> Vec<Vec<u32>> {
        let mut lengths = vec![vec![0; b.len() + 1]; a.len() + 1];
        for i in 1..=a.len() {
            for j in 1..=b.len() {
                lengths[i][j] = match a[i - 1] == b[j - 1] {
                    true => lengths[i - 1][j - 1] + 1,
                    false => lengths[i - 1][j].max(lengths[i][j - 1]),
                };
            }
        }
        lengths
    }

    /// The pairs of positions that the walk back takes, the last first.
    fn pairs(a: &[u8], b: &[u8]) -> Vec<(u32, u32)> {
        let lengths = lengths(a, b);
        let (mut i, mut j) = (a.len(), b.len());
        let mut pairs = Vec::new();
        while i > 0 && j > 0 {
            if a[i - 1] == b[j - 1] {
                (i, j) = (i - 1, j - 1);
                pairs.push((i as u32, j as u32));
            } else if lengths[i - 1][j] > lengths[i][j - 1] {
                i -= 1;
            } else {
                j -= 1;
            }
        }
        pairs
    }

    proptest! {
        #[test]
        fn agrees_with_the_full_table(a in "[abc]{0,40}", b in "[abc]{0,40}") {
            let (a, b) = (a.as_bytes(), b.as_bytes());
            let table = Table::build(a, b).unwrap();
            let expected = pairs(a, b);
            let actual: Vec<(u32, u32)> = table
                .matches()
                .iter()
                .flat_map(|m| (0..m.len).rev().map(|k| (m.a_start + k, m.b_start + k)))
                .collect();
            prop_assert_eq!(&actual, &expected);
            prop_assert_eq!(table.len() as usize, expected.len());
            prop_assert_eq!(len(a, b), Some(table.len()));
            let text: Vec<u8> = expected.iter().rev().map(|(i, _)| a[*i as usize]).collect();
            prop_assert_eq!(table.text(), text);
        }

        #[test]
        fn runs_are_maximal(a in "[ab]{0,40}", b in "[ab]{0,40}") {
            let table = Table::build(a.as_bytes(), b.as_bytes()).unwrap();
            for pair in table.matches().windows(2) {
                let (later, earlier) = (pair[0], pair[1]);
                let joined = earlier.a_start + earlier.len == later.a_start
                    && earlier.b_start + earlier.len == later.b_start;
                prop_assert!(!joined);
            }
        }
    }
}
