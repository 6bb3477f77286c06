//! What this node had contributed before batches that had to be dropped, as long as a member may turn
//! out not to have them.

use super::stream::{Before, DbKey};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Notes on dropped batches, per key by the batch's number, rising.
#[derive(Debug, Default)]
pub struct Overflow {
    notes: BTreeMap<DbKey, Vec<(u64, Before)>>,
    count: usize,
    /// The last batch that was noted.
    last: u64,
    /// The first and the last batch of which there was no room for all; 0: there was.
    lost_from: u64,
    lost: u64,
}

impl Overflow {
    /// Notes what a dropped batch, later than all before, said. `doubts`: where members' copies of the
    /// stream may end. A note is needed only if one may end between the note before and this one. No more
    /// than `notes_max` are kept.
    pub fn note(
        &mut self,
        seq: u64,
        befores: Vec<(DbKey, Before)>,
        doubts: &[RangeInclusive<u64>],
        notes_max: usize,
    ) {
        self.last = seq;
        for (key, before) in befores {
            if self.count >= notes_max {
                return self.note_lost(seq);
            }
            let known = self.notes.entry(key).or_default();
            let ends_between = |noted: u64| {
                doubts.iter().any(|doubt| *doubt.start() < seq && *doubt.end() >= noted)
            };
            if let Some((_, known)) = known.last_mut().filter(|(noted, _)| !ends_between(*noted)) {
                known.own.note_members_of(&before.own);
                continue;
            }
            known.push((seq, before));
            self.count += 1;
        }
    }

    fn note_lost(&mut self, seq: u64) {
        if self.lost == 0 {
            tracing::warn!(
                "A member is away for so long that what it lacks is not known any more in detail"
            );
        }
        if self.lost_from == 0 {
            self.lost_from = seq;
        }
        self.lost = seq;
    }

    /// Forgets everything if all members have the stream up to batch `all_have` and that suffices.
    pub fn forget(&mut self, all_have: u64) {
        if all_have >= self.last {
            *self = Overflow::default();
        }
    }

    /// The first noted batch after `seq` that speaks of a key, and the contribution before it.
    pub fn first_after(&self, key: &DbKey, seq: u64) -> Option<&(u64, Before)> {
        first_after(self.notes.get(key)?, seq)
    }

    /// The same for all keys, with what later ones say of members that the first does not speak of.
    pub fn all_after(&self, seq: u64) -> impl Iterator<Item = (&DbKey, (u64, Before))> {
        self.notes.iter().filter_map(move |(key, notes)| {
            let mut later = notes.iter().filter(|(noted, _)| *noted > seq);
            let (noted, mut before) = later.next()?.clone();
            later.for_each(|(_, later)| before.own.note_members_of(&later.own));
            Some((key, (noted, before)))
        })
    }

    /// Whether something may be missing of what came after `seq`.
    pub fn is_incomplete_after(&self, seq: u64) -> bool {
        seq < self.lost
    }

    /// From which batch on what came after `seq` may be missing; `None`: nothing is.
    pub fn incomplete_from(&self, seq: u64) -> Option<u64> {
        self.is_incomplete_after(seq).then_some(self.lost_from)
    }

    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.count
    }
}

fn first_after(notes: &[(u64, Before)], seq: u64) -> Option<&(u64, Before)> {
    notes.iter().find(|(noted, _)| *noted > seq)
}
