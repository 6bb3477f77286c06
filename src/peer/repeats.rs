//! What the log has been told already: a peer that cannot be reached is dialled again and again.

use std::collections::BTreeMap;

/// Who is remembered at the most; past that all are news again.
const REMEMBERED: usize = 256;

/// The last trouble of each.
#[derive(Debug, Default)]
pub struct Repeats {
    last: BTreeMap<String, String>,
}

impl Repeats {
    /// Whether the trouble of `who` is another one than the last time.
    pub fn is_news(&mut self, who: &str, what: &str) -> bool {
        if self.last.get(who).is_some_and(|last| last == what) {
            return false;
        }
        if self.last.len() >= REMEMBERED {
            self.last.clear();
        }
        self.last.insert(who.to_owned(), what.to_owned());
        true
    }

    /// Whether the last thing about `who` was trouble.
    pub fn is_troubled(&self, who: &str) -> bool {
        self.last.contains_key(who)
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
        assert!(repeats.is_news("b", "refused"));
        assert!(repeats.is_news("a", "timed out"));
        repeats.clear("a");
        assert!(!repeats.is_troubled("a") && repeats.is_troubled("b"));
        assert!(repeats.is_news("a", "timed out"));
        for who in 0..10 * REMEMBERED {
            assert!(repeats.is_news(&who.to_string(), "refused"));
            assert!(repeats.last.len() <= REMEMBERED);
        }
    }
}
