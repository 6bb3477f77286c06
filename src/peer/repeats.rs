//! What the log has been told already: a peer that cannot be reached is dialled again and again.

use std::collections::BTreeMap;

/// Who is remembered at the most; past that all are news again.
const REMEMBERED: usize = 256;

/// The last trouble of each, and how often it came in a row.
#[derive(Debug, Default)]
pub struct Repeats {
    last: BTreeMap<String, (String, u32)>,
}

impl Repeats {
    /// Takes note of the trouble of `who`; returns how often it came in a row.
    pub fn note(&mut self, who: &str, what: &str) -> u32 {
        if let Some((last, times)) = self.last.get_mut(who)
            && last == what
        {
            *times = times.saturating_add(1);
            return *times;
        }
        if self.last.len() >= REMEMBERED {
            self.last.clear();
        }
        self.last.insert(who.to_owned(), (what.to_owned(), 1));
        1
    }

    /// As [`Repeats::note`]; whether it is another trouble than the last time.
    pub fn is_news(&mut self, who: &str, what: &str) -> bool {
        self.note(who, what) == 1
    }

    /// How often the last trouble of `who` came in a row.
    pub fn times(&self, who: &str) -> u32 {
        self.last.get(who).map_or(0, |(_, times)| *times)
    }

    /// All is well with `who`.
    pub fn clear(&mut self, who: &str) {
        self.last.remove(who);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_trouble_is_news_once() {
        let mut repeats = Repeats::default();
        assert!(repeats.is_news("a", "refused"));
        assert!(!repeats.is_news("a", "refused"));
        assert_eq!((repeats.times("a"), repeats.times("b")), (2, 0));
        assert!(repeats.is_news("b", "refused"));
        assert!(repeats.is_news("a", "timed out"));
        repeats.clear("a");
        assert!(repeats.is_news("a", "timed out"));
        for who in 0..10 * REMEMBERED {
            assert!(repeats.is_news(&who.to_string(), "refused"));
            assert!(repeats.last.len() <= REMEMBERED);
        }
    }
}
