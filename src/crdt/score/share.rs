//! What one replica contributes to a score.

use super::Sum;
use crate::base::Stamp;
use crate::crdt::OwnScore;

/// What a replica wrote and what it counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub base: Base,
    pub slot: ScoreSlot,
}

/// The latest score that a replica wrote, unless that is forgotten. Forgotten is what was seen, so the
/// forgotten stamp never passes the latest one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Base {
    /// `Stamp::NEVER`: it wrote none.
    pub stamp: Stamp,
    pub score: Option<f64>,
}

/// `{born, seq, sum}` and how far it is forgotten; the higher `seq` wins, as only the owner writes. All zero:
/// there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ScoreSlot {
    pub born: Stamp,
    pub seq: u64,
    pub sum: Sum,
    pub seq_forgotten: u64,
    pub sum_forgotten: Sum,
}

impl Share {
    /// Whether there is anything to see.
    pub fn is_living(&self) -> bool {
        self.base.score.is_some() || !self.slot.is_forgotten()
    }

    pub fn forget(&mut self) {
        self.base.score = None;
        self.slot.forget();
    }

    pub fn merge(&mut self, other: &Share) {
        self.base.merge(other.base);
        self.slot.merge(&other.slot);
    }

    /// Drops what is entirely forgotten; false when nothing is left.
    pub fn collect(&mut self) -> bool {
        if self.base.score.is_none() {
            self.base = Base::default();
        }
        if self.slot.is_forgotten() {
            self.slot = ScoreSlot::default();
        }
        self.is_living()
    }

    /// Only what is forgotten of it.
    pub fn tombstone(&self) -> Share {
        let base = if self.base.is_forgotten() { self.base } else { Base::default() };
        let slot =
            if self.slot.seq_forgotten > 0 { self.slot.tombstone() } else { ScoreSlot::default() };
        Share { base, slot }
    }

    /// Whether anything of it could be collected.
    pub fn has_tombstones(&self) -> bool {
        self.base.is_forgotten() || (self.slot.is_there() && self.slot.is_forgotten())
    }

    pub fn max_stamp(&self) -> Stamp {
        self.base.stamp.max(self.slot.born)
    }
}

impl Base {
    pub fn is_forgotten(&self) -> bool {
        self.stamp != Stamp::NEVER && self.score.is_none()
    }

    /// The later one; of one stamp, forgotten if either is.
    fn merge(&mut self, other: Base) {
        if other.stamp > self.stamp || (other.stamp == self.stamp && other.score.is_none()) {
            *self = other;
        }
    }
}

/// By the bits of the score: 0 and -0 are two.
impl PartialEq for Base {
    fn eq(&self, other: &Base) -> bool {
        (self.stamp, self.score.map(f64::to_bits)) == (other.stamp, other.score.map(f64::to_bits))
    }
}

impl Eq for Base {}

impl ScoreSlot {
    /// As it was at some moment; how far it was forgotten is not noted.
    pub fn of_own(own: &OwnScore) -> ScoreSlot {
        let sum = Sum::of_bits(own.sum);
        ScoreSlot { born: own.born, seq: own.seq, sum, ..ScoreSlot::default() }
    }

    pub fn is_there(&self) -> bool {
        self.seq > 0 || self.born != Stamp::NEVER
    }

    /// Whether nothing is left to count.
    pub fn is_forgotten(&self) -> bool {
        self.seq == self.seq_forgotten
    }

    /// What remains to count.
    pub fn left(&self) -> Sum {
        match self.seq_forgotten {
            0 => self.sum,
            _ => self.sum.minus(self.sum_forgotten),
        }
    }

    /// With `by` counted too; one that is entirely forgotten is born again at `stamp`. `None`: the sum is out
    /// of range.
    pub fn plus(&self, by: Sum, stamp: Stamp) -> Option<ScoreSlot> {
        let slot = match self.is_forgotten() {
            true => ScoreSlot { born: stamp, ..ScoreSlot::default() },
            false => *self,
        };
        let sum = slot.sum.plus(by);
        sum.is_finite().then_some(ScoreSlot { seq: slot.seq + 1, sum, ..slot })
    }

    fn forget(&mut self) {
        self.seq_forgotten = self.seq;
        self.sum_forgotten = self.sum;
    }

    /// The later birth whole; of one birth, the later sum and the later forgotten sum.
    fn merge(&mut self, other: &ScoreSlot) {
        if other.born > self.born {
            *self = *other;
        } else if other.born == self.born {
            if other.seq > self.seq {
                (self.seq, self.sum) = (other.seq, other.sum);
            }
            if other.seq_forgotten > self.seq_forgotten {
                (self.seq_forgotten, self.sum_forgotten) =
                    (other.seq_forgotten, other.sum_forgotten);
            }
        }
    }

    /// Only what is forgotten of it, and what was in the slot before it was born.
    pub fn tombstone(&self) -> ScoreSlot {
        ScoreSlot { seq: self.seq_forgotten, sum: self.sum_forgotten, ..*self }
    }

    /// What lives of it beyond what `known` has of the same slot, as a slot of its own; `None`: nothing does.
    pub fn beyond(&self, known: Option<&ScoreSlot>) -> Option<ScoreSlot> {
        let known = known.filter(|known| known.born == self.born && known.seq > self.seq_forgotten);
        let (seq, sum) =
            known.map_or((self.seq_forgotten, self.sum_forgotten), |known| (known.seq, known.sum));
        let beyond = ScoreSlot {
            born: self.born,
            seq: self.seq.saturating_sub(seq),
            sum: self.sum.minus(sum),
            ..ScoreSlot::default()
        };
        (beyond.seq > 0 && beyond.sum.is_finite()).then_some(beyond)
    }
}
