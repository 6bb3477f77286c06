//! This node's own stream: the batches that were drained, as long as somebody may still need them.

use super::SealedFrame;
use crate::base::{Name, Stamp};
use crate::crdt::Own;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A drained batch.
#[derive(Debug)]
struct Kept {
    seq: u64,
    /// The drain that made it; several batches may come of one.
    drain: u64,
    drained_ms: u64,
    /// Not before any stamp in it.
    stamp: Stamp,
    frame: SealedFrame,
    befores: Vec<Before>,
}

/// What this node had counted on a key before the batch.
#[derive(Clone, Debug)]
struct Before {
    db: u16,
    name: Name,
    own: Own,
}

/// A batch that is being drained.
#[derive(Debug, Default)]
pub struct Befores(Vec<Before>);

impl Befores {
    pub fn note(&mut self, db: u16, name: &[u8], own: Own) {
        self.0.push(Before { db, name: Name::from_slice(name), own });
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
    last: u64,
    kept: VecDeque<Kept>,
    bytes: usize,
    /// The last drain that is finished.
    finished: u64,
    /// The last batch that was ever given out to be sent.
    sent: u64,
    /// What batches said that had to be dropped before all members had them, per key and batch: of
    /// those that nobody was sent, the first one.
    overflowed: BTreeMap<(u16, Name), Vec<(u64, Own)>>,
    /// How much that is, and from when on it is thinned.
    overflowed_words: usize,
    thin_from_words: usize,
    /// The stamps of the batches that were sent and dropped so, and of the last one dropped.
    dropped: VecDeque<(u64, Stamp)>,
}

/// So many stamps of dropped batches are kept.
const DROPPED_MAX: usize = 65_536;
/// So much of what dropped batches said is kept in any case.
const OVERFLOWED_WORDS_MIN: usize = 65_536;

impl Stream {
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

    /// Adds a batch with the number `last() + 1`.
    pub fn push(
        &mut self,
        drain: u64,
        now_ms: u64,
        stamp: Stamp,
        frame: SealedFrame,
        befores: Befores,
    ) {
        self.last += 1;
        let (seq, befores) = (self.last, befores.0);
        let kept = Kept { seq, drain, drained_ms: now_ms, stamp, frame, befores };
        self.bytes += kept.bytes();
        self.kept.push_back(kept);
    }

    pub fn finish_drain(&mut self, drain: u64) {
        self.finished = drain;
    }

    /// A batch to be sent.
    pub fn frame(&mut self, seq: u64) -> Option<SealedFrame> {
        let frame = self.at(seq)?.frame.clone();
        self.sent = self.sent.max(seq);
        Some(frame)
    }

    /// Drops what all have, and the oldest beyond `max_bytes`.
    pub fn trim(&mut self, all_have: u64, max_bytes: usize) {
        while let Some(front) = self.kept.front() {
            let had = front.seq <= all_have;
            if !had && self.bytes <= max_bytes {
                break;
            }
            let Some(front) = self.kept.pop_front() else { break };
            self.bytes -= front.bytes();
            self.note_dropped(&front);
            if !had {
                self.overflow(front);
            }
        }
        if all_have + 1 >= self.first_kept() {
            self.overflowed.clear();
            (self.overflowed_words, self.thin_from_words) = (0, 0);
        } else if self.overflowed_words >= self.thin_from_words.max(OVERFLOWED_WORDS_MIN) {
            self.thin();
        }
    }

    fn note_dropped(&mut self, batch: &Kept) {
        if batch.seq > self.sent && self.dropped.back().is_some_and(|(seq, _)| *seq >= self.sent) {
            return;
        }
        if self.dropped.len() == DROPPED_MAX {
            self.dropped.pop_front();
        }
        self.dropped.push_back((batch.seq, batch.stamp));
    }

    fn overflow(&mut self, batch: Kept) {
        for before in batch.befores {
            let known = self.overflowed.entry((before.db, before.name)).or_default();
            if known.last().is_none_or(|(seq, _)| *seq <= self.sent) {
                known.push((batch.seq, before.own));
                self.overflowed_words += 1;
            }
        }
    }

    /// Keeps of each key what the first and the last dropped batch said of it: a member that is away
    /// stands before the first, and those that are there stand behind the last. For one that stood in
    /// between, the contribution of that time is then taken for a later one's.
    fn thin(&mut self) {
        for known in self.overflowed.values_mut() {
            let middle = 1..known.len().saturating_sub(1).max(1);
            known.drain(middle);
            known.shrink_to_fit();
        }
        self.overflowed_words = self.overflowed.values().map(Vec::len).sum();
        // As much again before the next time, so that the time it takes is spread over that.
        self.thin_from_words = self.overflowed_words * 2;
    }

    /// This node's contribution to a key as of batch `seq`.
    #[must_use]
    pub fn as_of(&self, db: u16, name: &[u8], seq: u64) -> AsOf {
        let key = (db, Name::from_slice(name));
        if let Some(known) = self.overflowed.get(&key) {
            if let Some((_, own)) = known.iter().find(|(at, _)| *at > seq) {
                return AsOf::Was(own.clone());
            }
            if seq + 1 < self.first_kept() && seq >= self.sent {
                return AsOf::Unknown;
            }
        }
        let later = self.kept.iter().filter(|kept| kept.seq > seq);
        let mut befores = later.flat_map(|kept| &kept.befores);
        match befores.find(|before| before.db == key.0 && before.name == key.1) {
            Some(before) => AsOf::Was(before.own.clone()),
            None => AsOf::Unchanged,
        }
    }

    /// The keys that batches after `seq` speak of.
    #[must_use]
    pub fn keys_after(&self, seq: u64) -> BTreeSet<(u16, Name)> {
        let kept = self.kept.iter().filter(|kept| kept.seq > seq);
        let kept =
            kept.flat_map(|kept| &kept.befores).map(|before| (before.db, before.name.clone()));
        let gone =
            self.overflowed.iter().filter(|(_, known)| known.iter().any(|(at, _)| *at > seq));
        kept.chain(gone.map(|(key, _)| key.clone())).collect()
    }

    /// A stamp that is not before any in batch `seq` and those before it, nor after any later one's.
    #[must_use]
    pub fn stamp_of(&self, seq: u64) -> Stamp {
        let dropped = self.dropped.iter().rev().find(|(at, _)| *at <= seq).map(|(_, stamp)| *stamp);
        self.at(seq).map(|kept| kept.stamp).or(dropped).unwrap_or(Stamp::NEVER)
    }

    /// Batches after `seq`, deltas in them, and when the oldest was drained (monotonic ms).
    #[must_use]
    pub fn after(&self, seq: u64) -> (u64, u64, Option<u64>) {
        let batches = self.last.saturating_sub(seq);
        let kept = || self.kept.iter().filter(|kept| kept.seq > seq);
        let deltas = kept().map(|kept| kept.befores.len() as u64).sum();
        (batches, deltas, kept().next().map(|kept| kept.drained_ms))
    }

    /// The last drain of which whoever has the batches up to `seq` has everything.
    #[must_use]
    pub fn drain_of(&self, seq: u64) -> u64 {
        if seq >= self.last {
            return self.finished;
        }
        let next = self.kept.iter().find(|kept| kept.seq > seq);
        next.filter(|next| next.seq == seq + 1).map_or(0, |next| next.drain.saturating_sub(1))
    }

    fn at(&self, seq: u64) -> Option<&Kept> {
        let offset = seq.checked_sub(self.first_kept())?;
        self.kept.get(usize::try_from(offset).ok()?)
    }
}

impl Kept {
    /// About what it takes in memory.
    fn bytes(&self) -> usize {
        self.frame.len() + self.befores.capacity() * size_of::<Before>() + size_of::<Kept>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &[u8] = b"hot";

    fn counted(added: u64) -> Own {
        Own { born: Stamp(1), added: u128::from(added), ..Own::default() }
    }

    /// Batches of one key that count one each, all of them sent to somebody, and none kept.
    fn overflowing(batches: u64) -> Stream {
        let mut stream = Stream::default();
        for seq in 1..=batches {
            let mut befores = Befores::default();
            befores.note(0, NAME, counted(seq - 1));
            stream.push(seq, seq, Stamp(seq), SealedFrame::new(2, vec![0; 10]), befores);
            assert!(stream.frame(seq).is_some());
            stream.trim(0, 0);
        }
        stream
    }

    #[test]
    fn what_dropped_batches_said_does_not_grow_for_ever() {
        let last = 3 * OVERFLOWED_WORDS_MIN as u64;
        let stream = overflowing(last);
        assert!(stream.overflowed_words <= OVERFLOWED_WORDS_MIN);
        assert_eq!(stream.as_of(0, NAME, 0), AsOf::Was(counted(0)), "of who has nothing");
        assert_eq!(stream.as_of(0, NAME, last - 1), AsOf::Was(counted(last - 1)));
        assert_eq!(stream.as_of(0, NAME, last), AsOf::Unchanged, "of who has all");
    }

    #[test]
    fn what_all_have_by_now_need_not_be_known() {
        let mut stream = overflowing(10);
        stream.push(11, 11, Stamp(11), SealedFrame::new(2, vec![0; 10]), Befores::default());
        stream.trim(10, usize::MAX);
        assert!(stream.overflowed.is_empty());
        assert_eq!(stream.as_of(0, NAME, 10), AsOf::Unchanged);
    }
}
