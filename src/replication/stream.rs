//! This node's own stream: the batches that were drained, as long as somebody may still need them.

use super::SealedFrame;
use super::overflow::Overflow;
use crate::base::{Name, Stamp};
use crate::crdt::Own;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;

/// A key by its database.
pub type DbKey = (u16, Name);

/// A drained batch.
#[derive(Debug)]
struct Kept {
    seq: u64,
    /// The last drain that was finished by then; 0 in a new stream.
    finished: u64,
    /// All that was written here by then is in this batch or an earlier one.
    upto: Stamp,
    drained_ms: u64,
    frame: SealedFrame,
    befores: Vec<(DbKey, Before)>,
}

/// What this node had contributed to a key before a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Before {
    /// What it had counted.
    pub own: Own,
    /// Not before any stamp that it had written, and before all that it wrote later.
    pub since: Stamp,
}

/// How much of a stream all members had at some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Handed {
    seq: u64,
    /// All that was written by then is in that batch or an earlier one.
    upto: Stamp,
}

impl Handed {
    /// By when all was written that those have who hold the stream up to batch `held`, as far as is known.
    #[must_use]
    pub fn upto(&self, held: u64) -> Stamp {
        if held >= self.seq { self.upto } else { Stamp::NEVER }
    }
}

/// A batch that is being drained.
#[derive(Debug, Default)]
pub struct Befores(Vec<(DbKey, Before)>);

impl Befores {
    pub fn note(&mut self, db: u16, name: &[u8], before: Before) {
        self.0.push(((db, Name::from_slice(name)), before));
    }
}

/// What is known of this node's contribution to a key as of some batch.
#[derive(Clone, Debug, PartialEq)]
pub enum AsOf {
    /// Nothing was contributed since.
    Unchanged,
    Was(Own),
    /// The batches that would tell are gone.
    Unknown,
}

/// The window of kept batches.
#[derive(Debug, Default)]
pub struct Stream {
    /// The last batch of an earlier run.
    before: u64,
    last: u64,
    handed: Handed,
    kept: VecDeque<Kept>,
    bytes: usize,
    /// The last drain that is finished.
    finished: u64,
    overflow: Overflow,
}

impl Stream {
    /// One that goes on behind a batch of an earlier run.
    #[must_use]
    pub fn after_batch(last: u64, handed: Handed) -> Stream {
        Stream { before: last, last, handed, ..Stream::default() }
    }

    /// The number of the last batch.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.last
    }

    /// The first batch that can still be sent.
    #[must_use]
    pub fn first_kept(&self) -> u64 {
        self.kept.front().map_or(self.last + 1, |kept| kept.seq)
    }

    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How much of it all members had at some time.
    #[must_use]
    pub fn handed(&self) -> Handed {
        self.handed
    }

    /// Adds a batch with the number `last() + 1`. `upto`: with it all is told that was written by then.
    pub fn push(&mut self, now_ms: u64, upto: Stamp, frame: SealedFrame, befores: Befores) {
        self.last += 1;
        let (seq, finished) = (self.last, self.finished);
        let kept = Kept { seq, finished, upto, drained_ms: now_ms, frame, befores: befores.0 };
        self.bytes += kept.bytes();
        self.kept.push_back(kept);
    }

    /// The last drain that is finished.
    #[must_use]
    pub fn finished(&self) -> u64 {
        self.finished
    }

    pub fn finish_drain(&mut self, drain: u64) {
        self.finished = drain;
    }

    /// A batch to be sent.
    pub fn frame(&self, seq: u64) -> Option<SealedFrame> {
        Some(self.at(seq)?.frame.clone())
    }

    /// Drops what all have, and the oldest beyond `max_bytes`. `doubts`: where the members' copies of
    /// this stream may end, as ranges; nobody's may end before or between them. `notes_max`: of so many
    /// keys at the most it is noted what was before.
    pub fn trim(&mut self, doubts: &[RangeInclusive<u64>], max_bytes: usize, notes_max: usize) {
        let all_have = doubts.iter().map(|doubt| *doubt.start()).min().unwrap_or(self.last);
        while let Some(front) = self.kept.front() {
            let had = front.seq <= all_have;
            if !had && self.bytes <= max_bytes {
                break;
            }
            let Some(front) = self.kept.pop_front() else { break };
            self.bytes -= front.bytes();
            if had {
                self.handed = self.handed.max(Handed { seq: front.seq, upto: front.upto });
            } else {
                self.overflow.note(front.seq, front.befores, doubts, notes_max);
            }
        }
        self.overflow.forget(all_have);
    }

    /// This node's contribution to a key as of batch `seq`.
    #[must_use]
    pub fn as_of(&self, db: u16, name: &[u8], seq: u64) -> AsOf {
        let key = (db, Name::from_slice(name));
        if seq < self.before {
            return AsOf::Unknown;
        }
        if let Some(before) = self.overflow.first_after(&key, seq) {
            return AsOf::Was(before.1.own.clone());
        }
        if self.overflow.is_incomplete_after(seq) {
            return AsOf::Unknown;
        }
        let mut befores = self.later(seq).flat_map(|kept| &kept.befores);
        match befores.find(|(at, _)| *at == key) {
            Some((_, before)) => AsOf::Was(before.own.clone()),
            None => AsOf::Unchanged,
        }
    }

    /// The keys that batches after `seq` speak of: the first of those, and what was before it.
    #[must_use]
    pub fn befores_after(&self, seq: u64) -> BTreeMap<DbKey, (u64, Before)> {
        let noted = self.overflow.all_after(seq);
        let mut befores: BTreeMap<DbKey, (u64, Before)> =
            noted.map(|(key, note)| (key.clone(), note)).collect();
        for kept in self.later(seq) {
            for (key, before) in &kept.befores {
                let known = befores.entry(key.clone());
                known
                    .and_modify(|(_, known)| known.own.note_members_of(&before.own))
                    .or_insert_with(|| (kept.seq, before.clone()));
            }
        }
        befores
    }

    /// From which batch on [`Stream::befores_after`] may lack keys, or know no earlier than a later batch.
    #[must_use]
    pub fn incomplete_from(&self, seq: u64) -> Option<u64> {
        self.overflow.incomplete_from(seq)
    }

    /// Batches after `seq`, deltas in them, and when the oldest was drained (monotonic ms).
    #[must_use]
    pub fn after(&self, seq: u64) -> (u64, u64, Option<u64>) {
        let batches = self.last.saturating_sub(seq);
        let deltas = self.later(seq).map(|kept| kept.befores.len() as u64).sum();
        (batches, deltas, self.later(seq).next().map(|kept| kept.drained_ms))
    }

    /// The last drain of which whoever has the batches up to `seq` has everything.
    #[must_use]
    pub fn drain_of(&self, seq: u64) -> u64 {
        if seq >= self.last {
            return self.finished;
        }
        self.at(seq + 1).map_or(0, |next| next.finished)
    }

    /// The last batch of an earlier run: what it and those before it told is not noted.
    #[must_use]
    pub fn before(&self) -> u64 {
        self.before
    }

    /// The kept batches after `seq`.
    fn later(&self, seq: u64) -> impl Iterator<Item = &Kept> {
        let gone = seq.saturating_add(1).saturating_sub(self.first_kept());
        self.kept.iter().skip(usize::try_from(gone).unwrap_or(usize::MAX))
    }

    fn at(&self, seq: u64) -> Option<&Kept> {
        let offset = seq.checked_sub(self.first_kept())?;
        self.kept.get(usize::try_from(offset).ok()?)
    }
}

impl Kept {
    /// About what it takes in memory.
    fn bytes(&self) -> usize {
        self.frame.len()
            + self.befores.capacity() * size_of::<(DbKey, Before)>()
            + size_of::<Kept>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(added: u64) -> Own {
        Own { added: added.into(), ..Own::default() }
    }

    /// One batch per number, of a key on which batch `n` counts up to `n`.
    fn push(stream: &mut Stream, n: u64) {
        let mut befores = Befores::default();
        befores.note(0, b"hot", Before { own: own(n - 1), since: Stamp(n) });
        stream.push(n, Stamp(n), SealedFrame::new(2, vec![0; 100]), befores);
        stream.finish_drain(n);
    }

    #[test]
    fn what_overflows_for_one_dead_peer_is_bounded() {
        let mut stream = Stream::default();
        for n in 1..=20_000 {
            push(&mut stream, n);
            // One was sent three batches and died; another has all but the last.
            stream.trim(&[0..=3, n - 1..=n], 1_000, 1_000_000);
        }
        assert_eq!(stream.overflow.count(), 4);
        for upto in 0..=3 {
            assert_eq!(stream.as_of(0, b"hot", upto), AsOf::Was(own(upto)));
        }
        assert_eq!(stream.as_of(0, b"hot", 19_999), AsOf::Was(own(19_999)));
        assert_eq!(stream.as_of(0, b"hot", 20_000), AsOf::Unchanged);
        assert_eq!(stream.as_of(0, b"cold", 0), AsOf::Unchanged);
        let befores = stream.befores_after(2);
        let before = Before { own: own(2), since: Stamp(3) };
        assert_eq!(
            befores.into_iter().collect::<Vec<_>>(),
            [((0, Name::from_slice(b"hot")), (3, before))]
        );
        stream.trim(&[20_000..=20_000], 1_000, 1_000_000);
        assert_eq!((stream.overflow.count(), stream.bytes()), (0, 0));
    }

    #[test]
    fn a_batch_confirms_what_was_drained_before_it_and_no_more() {
        let mut stream = Stream::default();
        stream.finish_drain(4);
        push(&mut stream, 5);
        push(&mut stream, 8);
        assert_eq!([0, 1, 2].map(|seq| stream.drain_of(seq)), [4, 5, 8]);
        stream.finish_drain(9);
        assert_eq!(stream.drain_of(2), 9);
        let mut anew = Stream::default();
        push(&mut anew, 10);
        assert_eq!(anew.drain_of(0), 0, "no drain of the stream before");
    }
}
