//! Scores of sorted sets: what was written, and what every replica counted on top of it.

mod order;
mod share;
mod sum;
mod value;
mod wire;

use super::{OwnScore, ReplicaMap};
use crate::base::{Replica, Stamp, Tag};
pub use order::ScoreOrder;
use share::{Base, ScoreSlot, Share};
use smallvec::SmallVec;
use std::borrow::Cow;
pub use sum::Sum;
pub use value::SortedSet;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// What is hashed of one replica.
const SHARE_BYTES: usize = 10 * size_of::<u64>();

/// Per replica a base (ZADD) and a slot (ZINCRBY). The score is the latest base that is not forgotten + Σ what
/// is left of the slots.
///
/// A base per replica and not one for all: where a later ZADD is removed, a ZADD that the removal had not
/// seen is what remains. On one node scores are those of plain doubles, bit by bit: a slot keeps what sums
/// are rounded by, and where even that is not enough ZINCRBY writes a base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score(Form);

/// The smallest form is taken that can hold it, so that equal scores have equal forms.
#[derive(Clone, Debug)]
enum Form {
    /// One replica's base, and nothing else.
    Written {
        tag: Tag,
        score: f64,
    },
    /// What one replica counted, and nothing else.
    Counted {
        replica: Replica,
        born: Stamp,
        sum: f64,
        seq: u32,
    },
    Shared(ReplicaMap<Share>),
}

impl Default for Score {
    fn default() -> Self {
        Score(Form::Shared(ReplicaMap::default()))
    }
}

impl Score {
    /// What users see; `None`: nothing lives.
    #[must_use]
    pub fn get(&self) -> Option<f64> {
        match &self.0 {
            Form::Written { score, .. } => Some(*score),
            Form::Counted { sum, .. } => Some(*sum),
            Form::Shared(_) => Score::together([self].into_iter()),
        }
    }

    /// The score that several lives' scores make: their latest base, and what was counted in all of them.
    #[must_use]
    pub fn together<'s>(scores: impl Iterator<Item = &'s Score>) -> Option<f64> {
        let scores: SmallVec<[Cow<'_, ReplicaMap<Share>>; 1]> =
            scores.map(Score::widened).collect();
        total(scores.iter().flat_map(|shares| shares.iter())).map(Sum::round)
    }

    /// Whether nothing is known of it.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        matches!(&self.0, Form::Shared(shares) if shares.is_empty())
    }

    /// ZADD: forgets what is seen, and writes. `score` is not a NaN.
    pub fn write(&mut self, tag: Tag, score: f64) {
        if self.is_blank()
            || matches!(&self.0, Form::Written { tag: before, .. } if before.replica == tag.replica)
        {
            self.0 = Form::Written { tag, score };
            return;
        }
        self.change(|shares| {
            shares.values_mut().for_each(Share::forget);
            let share = shares.get_or_insert_with(tag.replica, Share::default);
            share.base = Base { stamp: tag.stamp, score: Some(score) };
        });
    }

    /// ZINCRBY: counts what is missing to `to`, which is not a NaN, so that the score is exactly that. Where
    /// no sum is, `to` is written.
    pub fn count_to(&mut self, tag: Tag, to: f64) {
        if let Form::Counted { replica, sum, seq, .. } = &mut self.0
            && *replica == tag.replica
            && *seq < u32::MAX
            && is_sum(to)
        {
            (*sum, *seq) = (to, *seq + 1);
            return;
        }
        if self.is_blank() && is_sum(to) {
            self.0 = Form::Counted { replica: tag.replica, born: tag.stamp, sum: to, seq: 1 };
            return;
        }
        let counted = self.shares(|shares| slot_to(shares, tag, to));
        match counted {
            Some(slot) => self.change(|shares| {
                shares.get_or_insert_with(tag.replica, Share::default).slot = slot;
            }),
            None => self.write(tag, to),
        }
    }

    /// ZREM: forgets all that is seen here.
    pub fn forget(&mut self) {
        self.change(|shares| shares.values_mut().for_each(Share::forget));
    }

    pub fn merge(&mut self, other: &Score) {
        if *self == *other {
            return;
        }
        self.change(|mine| {
            other.shares(|theirs| mine.merge_with(theirs, Share::merge));
        });
    }

    /// Drops what is entirely forgotten. Sound only once nothing can bring it back.
    pub fn collect(&mut self) {
        if self.has_tombstones() {
            self.change(|shares| {
                shares.values_mut().for_each(|share| {
                    share.collect();
                });
                shares.retain(|_, share| share.is_living());
            });
        }
    }

    /// Whether it holds anything that [`Score::collect`] could drop.
    #[must_use]
    pub fn has_tombstones(&self) -> bool {
        match &self.0 {
            Form::Written { .. } | Form::Counted { .. } => false,
            Form::Shared(shares) => shares.iter().any(|(_, share)| share.has_tombstones()),
        }
    }

    /// Only what is forgotten.
    #[must_use]
    pub fn tombstones_part(&self) -> Score {
        let mut part = ReplicaMap::default();
        if let Form::Shared(shares) = &self.0 {
            for (replica, share) in shares.iter() {
                let dead = share.tombstone();
                if dead != Share::default() {
                    part.get_or_insert_with(replica, || dead);
                }
            }
        }
        Score::of(part)
    }

    /// What `me` alone has counted.
    #[must_use]
    pub fn own(&self, me: Replica) -> Option<OwnScore> {
        let share = self.shares(|shares| shares.get(me).copied())?;
        let ScoreSlot { born, seq, sum, .. } = share.slot;
        share.slot.is_there().then(|| OwnScore { born, seq, sum: sum.bits() })
    }

    /// What the replica `lost` wrote after the stamp `since` and counted beyond `before` and what is `known`, as
    /// the words of `new`. Its own are forgotten.
    ///
    /// A slot that was born since replaced one of which others may hold what was forgotten. They are
    /// told of its birth, with nothing counted.
    #[must_use]
    pub fn reissue(
        &self,
        lost: Replica,
        before: Option<&OwnScore>,
        since: Stamp,
        new: Replica,
        known: Option<&Score>,
    ) -> Score {
        let Some(share) = self.shares(|shares| shares.get(lost).copied()) else {
            return Score::default();
        };
        let theirs = known.and_then(|known| known.shares(|shares| shares.get(lost).copied()));
        let (mut again, mut dead) = (Share::default(), Share::default());
        let is_known = theirs.is_some_and(|theirs| theirs.base.stamp >= share.base.stamp);
        if share.base.score.is_some() && share.base.stamp > since && !is_known {
            again.base = share.base;
            dead.base = Base { score: None, ..share.base };
        }
        let is_new = share.slot.born > since;
        let before = before.filter(|before| before.born <= since).map(ScoreSlot::of_own);
        let known = before.into_iter().chain(theirs.map(|theirs| theirs.slot));
        let known = known.filter(|slot| slot.born == share.slot.born).max_by_key(|slot| slot.seq);
        if is_new || known.is_some() {
            again.slot = share.slot.beyond(known.as_ref()).unwrap_or_default();
        }
        if is_new {
            dead.slot = share.slot.tombstone();
        }
        let mut part = ReplicaMap::default();
        for (replica, share) in [(new, again), (lost, dead)] {
            if share != Share::default() {
                part.get_or_insert_with(replica, || share);
            }
        }
        Score::of(part)
    }

    /// Whether a replica has left anything in it.
    #[must_use]
    pub fn mentions(&self, replica: Replica) -> bool {
        self.shares(|shares| shares.get(replica).is_some())
    }

    /// The latest stamp that it holds.
    #[must_use]
    pub fn max_stamp(&self) -> Stamp {
        let stamps =
            |shares: &ReplicaMap<Share>| shares.iter().map(|(_, share)| share.max_stamp()).max();
        self.shares(stamps).unwrap_or_default()
    }

    /// Whether it has counts of `me` that `known` lacks.
    #[must_use]
    pub fn exceeds(&self, me: Replica, known: Option<&Score>) -> bool {
        let slot = |score: &Score| score.shares(|shares| shares.get(me).map(|share| share.slot));
        let known = known.and_then(slot);
        slot(self).is_some_and(|slot| match known {
            None => !slot.is_forgotten(),
            Some(known) => (slot.born, slot.seq) > (known.born, known.seq),
        })
    }

    /// A hash of what lives; stable between processes.
    #[must_use]
    pub fn digest(&self, seed: u64) -> u64 {
        let living = |share: &Share| {
            let mut share = *share;
            share.collect().then_some(share)
        };
        self.digest_of(seed, living)
    }

    /// A number that is another one whenever something else of what [`Score::collect`] could drop is
    /// forgotten; 0 for nothing.
    #[must_use]
    pub fn tombstones_mark(&self) -> u64 {
        if !self.has_tombstones() {
            return 0;
        }
        self.digest_of(0, |share| share.has_tombstones().then(|| share.tombstone())).max(1)
    }

    /// Bytes of heap that it holds.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        match &self.0 {
            Form::Written { .. } | Form::Counted { .. } => 0,
            Form::Shared(shares) => shares.heap_bytes(),
        }
    }

    fn digest_of(&self, seed: u64, part: impl Fn(&Share) -> Option<Share>) -> u64 {
        let mut bytes = SmallVec::<[u8; SHARE_BYTES]>::new();
        let mut note = |number: u64| bytes.extend_from_slice(&number.to_le_bytes());
        self.shares(|shares| {
            for (replica, share) in shares.iter() {
                let Some(Share { base, slot }) = part(share) else { continue };
                note(u64::from(replica.node) << 32 | u64::from(replica.epoch));
                note(base.stamp.0);
                note(base.score.map_or(0, f64::to_bits));
                [slot.born.0, slot.seq, slot.seq_forgotten].into_iter().for_each(&mut note);
                slot.sum.bits().into_iter().chain(slot.sum_forgotten.bits()).for_each(&mut note);
            }
        });
        xxh3_64_with_seed(&bytes, seed)
    }

    /// Looks at it in its widest form.
    fn shares<R>(&self, look: impl FnOnce(&ReplicaMap<Share>) -> R) -> R {
        look(&self.widened())
    }

    fn widened(&self) -> Cow<'_, ReplicaMap<Share>> {
        match &self.0 {
            Form::Shared(shares) => Cow::Borrowed(shares),
            narrow => Cow::Owned(narrow.clone().widened()),
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut ReplicaMap<Share>)) {
        let mut shares = std::mem::take(self).0.widened();
        change(&mut shares);
        *self = Score::of(shares);
    }

    fn of(shares: ReplicaMap<Share>) -> Score {
        if let (1, Some((replica, share))) = (shares.len(), shares.iter().next())
            && let Some(form) = Form::narrow(replica, share)
        {
            return Score(form);
        }
        Score(Form::Shared(shares))
    }
}

impl Form {
    fn narrow(replica: Replica, share: &Share) -> Option<Form> {
        let Share { base, slot } = share;
        if let (Some(score), false) = (base.score, slot.is_there()) {
            return Some(Form::Written { tag: Tag::new(base.stamp, replica), score });
        }
        let (sum, low) = slot.sum.parts();
        let is_plain = *base == Base::default()
            && slot.seq > 0
            && slot.seq_forgotten == 0
            && slot.sum_forgotten == Sum::default()
            && is_sum(sum)
            && low.to_bits() == 0;
        let seq = u32::try_from(slot.seq).ok().filter(|_| is_plain)?;
        Some(Form::Counted { replica, born: slot.born, sum, seq })
    }

    fn widened(self) -> ReplicaMap<Share> {
        let (replica, share) = match self {
            Form::Shared(shares) => return shares,
            Form::Written { tag, score } => {
                let base = Base { stamp: tag.stamp, score: Some(score) };
                (tag.replica, Share { base, ..Share::default() })
            }
            Form::Counted { replica, born, sum, seq } => {
                let slot = ScoreSlot {
                    born,
                    seq: u64::from(seq),
                    sum: Sum::of(sum),
                    ..ScoreSlot::default()
                };
                (replica, Share { slot, ..Share::default() })
            }
        };
        let mut shares = ReplicaMap::default();
        shares.get_or_insert_with(replica, || share);
        shares
    }
}

/// By the bits of scores: 0 and -0 are two.
impl PartialEq for Form {
    fn eq(&self, other: &Form) -> bool {
        match (self, other) {
            (Form::Written { tag, score }, Form::Written { tag: their_tag, score: theirs }) => {
                (tag, score.to_bits()) == (their_tag, theirs.to_bits())
            }
            (
                Form::Counted { replica, born, sum, seq },
                Form::Counted { replica: r, born: b, sum: s, seq: q },
            ) => (replica, born, sum.to_bits(), seq) == (r, b, s.to_bits(), q),
            (Form::Shared(mine), Form::Shared(theirs)) => mine == theirs,
            _ => false,
        }
    }
}

impl Eq for Form {}

/// Whether a sum can show this: none does an infinity, nor -0.
fn is_sum(score: f64) -> bool {
    score.is_finite() && score.to_bits() != (-0.0f64).to_bits()
}

/// The latest base and what was counted; `None`: nothing lives.
fn total<'s>(shares: impl Iterator<Item = (Replica, &'s Share)> + Clone) -> Option<Sum> {
    let bases = shares.clone().filter_map(|(replica, share)| {
        share.base.score.map(|score| ((share.base.stamp, replica), Sum::of(score)))
    });
    let base = bases.max_by_key(|(at, _)| *at).map(|(_, score)| score);
    let mut slots = shares.filter(|(_, share)| !share.slot.is_forgotten()).peekable();
    if slots.peek().is_none() {
        return base;
    }
    Some(slots.fold(base.unwrap_or_default(), |sum, (_, share)| sum.plus(share.slot.left())))
}

/// The slot with which the replica of `tag` makes the score exactly `to`, if one does.
fn slot_to(shares: &ReplicaMap<Share>, tag: Tag, to: f64) -> Option<ScoreSlot> {
    if !is_sum(to) {
        return None;
    }
    let by = Sum::of(to).minus(total(shares.iter()).unwrap_or_default());
    let own = shares.get(tag.replica).copied().unwrap_or_default();
    let slot = own.slot.plus(by, tag.stamp)?;
    let mut after = shares.clone();
    after.get_or_insert_with(tag.replica, Share::default).slot = slot;
    let shown = total(after.iter()).map(Sum::round)?;
    (shown.to_bits() == to.to_bits()).then_some(slot)
}

#[cfg(test)]
mod tests;
