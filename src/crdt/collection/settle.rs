//! Members that expire.

use super::member::Member;
use super::{Collection, Grave, Index, Value};
use crate::base::Name;
use crate::base::hash::hash_name;
use crate::crdt::Tombstones;
use indexmap::map::RawEntryApiV1;

/// A collection settles this part of its members one by one, but so many in any case.
const ONE_BY_ONE_PART: usize = 32;
const ONE_BY_ONE_MIN: usize = 256;

impl<V: Value> Collection<V> {
    /// Takes what has expired at `now_ms` out of sight; returns how many members that were.
    ///
    /// Amortised O(log n) for each heartbeat period of a member, whatever the number of heartbeats.
    pub fn settle(&mut self, now_ms: u64, tombstones: Tombstones) -> usize {
        // One by one a member costs a cache miss or three. Once that many are due together, a pass
        // over all of them costs less, and no more than a constant for each of those many.
        let most = (self.members.len() / ONE_BY_ONE_PART).max(ONE_BY_ONE_MIN);
        let expired = self.settle_some(now_ms, tombstones, most);
        if self.next_due_ms().is_none_or(|due_ms| due_ms > now_ms) {
            return expired;
        }
        expired + self.settle_in_one_pass(now_ms, tombstones)
    }

    /// As [`Collection::settle`], but looks at no more than `max` members: more may be due afterwards.
    pub fn settle_some(&mut self, now_ms: u64, tombstones: Tombstones, max: usize) -> usize {
        let mut expired = 0;
        for _ in 0..max {
            let Some(hash) = self.agenda.pop_due(now_ms) else { break };
            let is_it = |name: &Name| hash_name(name) == hash;
            let entry = self.members.raw_entry_v1().index_from_hash(hash, is_it);
            let Some((index, deadline)) = entry.and_then(|index| {
                let (_, member) = self.members.get_index(index)?;
                Some((index, member.deadline_ms()?))
            }) else {
                continue;
            };
            if deadline > now_ms {
                self.agenda.note(deadline, hash);
            } else {
                if let Some((name, member)) = self.take_out(index) {
                    self.lay(name, member, tombstones);
                }
                expired += 1;
            }
        }
        expired
    }

    /// Keeps the order of what stays, so that nobody moves upwards (see SSCAN).
    fn settle_in_one_pass(&mut self, now_ms: u64, tombstones: Tombstones) -> usize {
        let is_due = |member: &Member<V>| member.deadline_ms().is_some_and(|at_ms| at_ms <= now_ms);
        let mut expired = 0;
        for (name, member) in self.members.extract_if(.., |_, member| is_due(member)) {
            expired += 1;
            self.index.leave(&name, &member.value);
            if let Some(tracking) = &mut self.tracking {
                tracking.leave(&name, &member);
            }
            if let Tombstones::Keep(generation) = tombstones {
                self.graves.insert(name, Grave { member, generation });
            }
        }
        self.rebuild_agenda();
        self.tidy_after_removal();
        expired
    }
}
