//! One replica's sum of what INCRBYFLOAT added.

use super::OwnFloat;
use crate::base::Stamp;
use crate::base::decimal::Decimal;

/// `{born, seq, sum}` and how far it is forgotten; the higher `seq` wins, as only the owner writes.
///
/// A pair of growing sums (P and N) would lose nothing either, the numbers being exact decimals, but
/// would grow in length for ever; one signed sum does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FloatSlot {
    born: Stamp,
    seq: u64,
    sum: Decimal,
    seq_forgotten: u64,
    sum_forgotten: Decimal,
}

impl FloatSlot {
    #[must_use]
    pub fn new(born: Stamp) -> FloatSlot {
        FloatSlot {
            born,
            seq: 0,
            sum: Decimal::default(),
            seq_forgotten: 0,
            sum_forgotten: Decimal::default(),
        }
    }

    /// A slot of these sums: how often and how much was added, how much of it is forgotten.
    pub(super) fn of(born: Stamp, sums: [(u64, Decimal); 2]) -> FloatSlot {
        let [(seq, sum), (seq_forgotten, sum_forgotten)] = sums;
        FloatSlot { born, seq, sum, seq_forgotten, sum_forgotten }
    }

    /// Adds `by`. Only the owning replica may.
    pub fn add(&mut self, by: &Decimal) {
        self.seq += 1;
        self.sum += by;
    }

    /// What remains to count.
    #[must_use]
    pub fn value(&self) -> Decimal {
        &self.sum - &self.sum_forgotten
    }

    /// Forgets all that is seen here.
    pub fn forget(&mut self) {
        self.seq_forgotten = self.seq;
        self.sum_forgotten = self.sum.clone();
    }

    /// Whether nothing is left to count.
    #[must_use]
    pub fn is_forgotten(&self) -> bool {
        self.seq == self.seq_forgotten
    }

    #[must_use]
    pub fn born(&self) -> Stamp {
        self.born
    }

    /// How often and how much was added; how much of it is forgotten.
    #[must_use]
    pub fn sums(&self) -> [(u64, &Decimal); 2] {
        [(self.seq, &self.sum), (self.seq_forgotten, &self.sum_forgotten)]
    }

    /// Only what is forgotten of it, and what was in the slot before it was born.
    #[must_use]
    pub fn tombstone(&self) -> FloatSlot {
        FloatSlot { seq: self.seq_forgotten, sum: self.sum_forgotten.clone(), ..self.clone() }
    }

    /// Whether anything of it is forgotten.
    #[must_use]
    pub fn has_forgotten(&self) -> bool {
        self.seq_forgotten > 0
    }

    /// The most that others may have of this slot, by what it was `before` and as `theirs` is now;
    /// `None`: nothing is known of it there, unless as another slot.
    #[must_use]
    pub fn known_of(
        &self,
        before: Option<&OwnFloat>,
        theirs: Option<&FloatSlot>,
    ) -> Option<OwnFloat> {
        let theirs =
            theirs.map(|slot| OwnFloat { born: slot.born, seq: slot.seq, sum: slot.sum.clone() });
        let known = before.cloned().into_iter().chain(theirs);
        known.filter(|known| known.born == self.born).max_by_key(|known| known.seq)
    }

    /// What lives of it beyond `before`, as a slot of its own; `None`: nothing does.
    #[must_use]
    pub fn beyond(&self, before: Option<&OwnFloat>) -> Option<FloatSlot> {
        let mut known = (self.seq_forgotten, &self.sum_forgotten);
        if let Some(before) = before.filter(|before| before.born == self.born)
            && before.seq > known.0
        {
            known = (before.seq, &before.sum);
        }
        let beyond = FloatSlot {
            seq: self.seq.saturating_sub(known.0),
            sum: &self.sum - known.1,
            ..FloatSlot::new(self.born)
        };
        (!beyond.is_forgotten()).then_some(beyond)
    }

    /// Whether it was born later than `known`, or has counted more since. What is forgotten is not missed.
    #[must_use]
    pub fn exceeds(&self, known: Option<&FloatSlot>) -> bool {
        match known {
            None => !self.is_forgotten(),
            Some(known) => (self.born, self.seq) > (known.born, known.seq),
        }
    }

    /// The later birth whole; of one birth, the later sum and the later forgotten sum.
    pub fn merge(&mut self, other: &FloatSlot) {
        if other.born > self.born {
            *self = other.clone();
        } else if other.born == self.born {
            if other.seq > self.seq {
                self.seq = other.seq;
                self.sum = other.sum.clone();
            }
            if other.seq_forgotten > self.seq_forgotten {
                self.seq_forgotten = other.seq_forgotten;
                self.sum_forgotten = other.sum_forgotten.clone();
            }
        }
    }
}
