//! Scores in the sorted sets of a key's lives.

use super::Key;
use crate::crdt::{MemberDeadline, Score, Write};

impl Key {
    /// A member's score, of all lives together; `None`: it is not in. Settle the key first.
    #[must_use]
    pub fn score(&self, now_ms: u64, name: &[u8]) -> Option<f64> {
        Score::together(self.members::<Score>(now_ms).filter_map(|set| set.get(name)))
    }

    /// ZADD: what is seen of the score is forgotten, in older lives with the member.
    pub fn write_score(&mut self, write: &Write, name: &[u8], score: f64) {
        self.begin(write.now_ms);
        for set in self.older_members::<Score>(write) {
            set.remove(name, write.tombstones);
        }
        let set = self.newest_members::<Score>(write);
        set.change(write, name, MemberDeadline::Keep, |value| value.write(write.tag, score));
    }

    /// ZINCRBY: the newest life counts what is missing to `to`.
    pub fn count_score_to(&mut self, write: &Write, name: &[u8], to: f64) {
        self.begin(write.now_ms);
        let seen = self.score(write.now_ms, name);
        let set = self.newest_members::<Score>(write);
        let here = set.get(name).and_then(Score::get);
        let to_here = match (seen, here) {
            // Older lives have a part of it.
            (Some(seen), here) if here != Some(seen) => here.unwrap_or(0.0) + (to - seen),
            _ => to,
        };
        if to_here.is_nan() {
            return self.write_score(write, name, to);
        }
        set.change(write, name, MemberDeadline::Keep, |value| value.count_to(write.tag, to_here));
    }
}
