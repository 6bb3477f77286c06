//! One replica's contribution to a counter.

use super::Own;
use crate::base::Stamp;

/// `{born, p, n, p_forgotten, n_forgotten}`: what one replica added and took away since the slot was
/// born, and how much of that has been forgotten by DEL and SET.
///
/// The owner alone raises p and n and, once the slot is entirely forgotten, may be born again with a
/// later `born`; the later `born` replaces the slot whole, so that counting on after a deletion is
/// not swallowed by the maximum with what was counted before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    born: Stamp,
    sums: Sums,
}

/// Which of the four sums.
#[derive(Clone, Copy)]
enum Sum {
    Added,
    Taken,
    AddedForgotten,
    TakenForgotten,
}

const SUMS: [Sum; 4] = [Sum::Added, Sum::Taken, Sum::AddedForgotten, Sum::TakenForgotten];

/// 64 bits each as long as they suffice; a user can exceed them with three INCRBYs.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Sums {
    Narrow([u64; 4]),
    Wide(Box<[u128; 4]>),
}

impl Slot {
    #[must_use]
    pub fn new(born: Stamp) -> Slot {
        Slot { born, sums: Sums::Narrow([0; 4]) }
    }

    /// A slot of these sums: added, taken away, and how much of each is forgotten.
    pub(super) fn of(born: Stamp, sums: [u128; 4]) -> Slot {
        let mut slot = Slot::new(born);
        for (sum, value) in SUMS.into_iter().zip(sums) {
            slot.set(sum, value);
        }
        slot
    }

    #[must_use]
    pub fn born(&self) -> Stamp {
        self.born
    }

    /// All that the replica added (P of the PN-Counter).
    #[must_use]
    pub fn added(&self) -> u128 {
        self.get(Sum::Added)
    }

    /// All that the replica took away (N of the PN-Counter).
    #[must_use]
    pub fn taken(&self) -> u128 {
        self.get(Sum::Taken)
    }

    /// Counts `by` more. Only the owning replica may.
    pub fn add(&mut self, by: i128) {
        if by >= 0 {
            self.set(Sum::Added, self.added() + by.unsigned_abs());
        } else {
            self.set(Sum::Taken, self.taken() + by.unsigned_abs());
        }
    }

    /// What remains to count: (p − p_forgotten) − (n − n_forgotten).
    #[must_use]
    pub fn value(&self) -> i128 {
        let added = self.added().saturating_sub(self.get(Sum::AddedForgotten));
        let taken = self.taken().saturating_sub(self.get(Sum::TakenForgotten));
        // Each is far below 2^127: it took one request to add each 2^63.
        (added as i128).wrapping_sub(taken as i128)
    }

    /// Forgets all that is seen here.
    pub fn forget(&mut self) {
        self.set(Sum::AddedForgotten, self.added());
        self.set(Sum::TakenForgotten, self.taken());
    }

    /// Whether nothing is left to count (a slot that never counted included).
    #[must_use]
    pub fn is_forgotten(&self) -> bool {
        self.added() == self.get(Sum::AddedForgotten)
            && self.taken() == self.get(Sum::TakenForgotten)
    }

    /// Added, taken away, and how much of each is forgotten.
    #[must_use]
    pub fn sums(&self) -> [u128; 4] {
        SUMS.map(|sum| self.get(sum))
    }

    /// Only what is forgotten of it, and what was in the slot before it was born.
    #[must_use]
    pub fn tombstone(&self) -> Slot {
        let [_, _, added, taken] = self.sums();
        Slot::of(self.born, [added, taken, added, taken])
    }

    /// Whether anything of it is forgotten.
    #[must_use]
    pub fn has_forgotten(&self) -> bool {
        self.get(Sum::AddedForgotten) > 0 || self.get(Sum::TakenForgotten) > 0
    }

    /// The most that others may have of this slot, by what it was `before` and as `theirs` is now;
    /// `None`: nothing is known of it there, unless as another slot.
    #[must_use]
    pub fn known_of(&self, before: Option<&Own>, theirs: Option<&Slot>) -> Option<Own> {
        let before = before.filter(|before| before.born == self.born);
        let theirs = theirs.filter(|theirs| theirs.born == self.born);
        let sums = before.map(|own| (own.added, own.taken)).into_iter();
        let sums = sums.chain(theirs.map(|slot| (slot.added(), slot.taken())));
        let most = |a: (u128, u128), b: (u128, u128)| (a.0.max(b.0), a.1.max(b.1));
        let (added, taken) = sums.reduce(most)?;
        Some(Own { born: self.born, added, taken, ..Own::default() })
    }

    /// What lives of it beyond `before`, as a slot of its own; `None`: nothing does.
    #[must_use]
    pub fn beyond(&self, before: Option<&Own>) -> Option<Slot> {
        let before = before.filter(|before| before.born == self.born);
        let (known_added, known_taken) = before.map_or((0, 0), |own| (own.added, own.taken));
        let [added, taken, added_forgotten, taken_forgotten] = self.sums();
        let added = added.saturating_sub(known_added.max(added_forgotten));
        let taken = taken.saturating_sub(known_taken.max(taken_forgotten));
        (added > 0 || taken > 0).then(|| Slot::of(self.born, [added, taken, 0, 0]))
    }

    /// Whether it was born later than `known`, or has counted more since. What is forgotten is not missed.
    #[must_use]
    pub fn exceeds(&self, known: Option<&Slot>) -> bool {
        match known {
            None => !self.is_forgotten(),
            Some(known) if self.born != known.born => self.born > known.born,
            Some(known) => self.added() > known.added() || self.taken() > known.taken(),
        }
    }

    /// The later birth whole; of one birth, the maximum of each sum.
    pub fn merge(&mut self, other: &Slot) {
        #[cfg(feature = "planted")]
        if self.merge_wrongly(other) {
            return;
        }
        if other.born > self.born {
            *self = other.clone();
        } else if other.born == self.born {
            for sum in SUMS {
                self.set(sum, self.get(sum).max(other.get(sum)));
            }
        }
    }

    /// Merges as a planted defect has it; false when there is none.
    #[cfg(feature = "planted")]
    fn merge_wrongly(&mut self, other: &Slot) -> bool {
        use crate::base::planted::{self, Bug};
        if planted::is(Bug::LastWriteMerge) {
            *self = other.clone();
        } else if planted::is(Bug::BornIgnored) {
            for sum in SUMS {
                self.set(sum, self.get(sum).max(other.get(sum)));
            }
        } else {
            return false;
        }
        true
    }

    /// Bytes of heap beyond the slot itself.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        match self.sums {
            Sums::Narrow(_) => 0,
            Sums::Wide(_) => size_of::<[u128; 4]>(),
        }
    }

    fn get(&self, sum: Sum) -> u128 {
        match &self.sums {
            Sums::Narrow(sums) => u128::from(sums[sum as usize]),
            Sums::Wide(sums) => sums[sum as usize],
        }
    }

    fn set(&mut self, sum: Sum, value: u128) {
        match (&mut self.sums, u64::try_from(value)) {
            (Sums::Narrow(sums), Ok(value)) => sums[sum as usize] = value,
            (Sums::Narrow(sums), Err(_)) => {
                let mut wide = sums.map(u128::from);
                wide[sum as usize] = value;
                self.sums = Sums::Wide(Box::new(wide));
            }
            // Never narrowed again: sums only grow.
            (Sums::Wide(sums), _) => sums[sum as usize] = value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_widens_when_64_bits_do_not_hold_its_sums() {
        let mut slot = Slot::new(Stamp(1));
        for _ in 0..3 {
            slot.add(i128::from(i64::MAX));
            slot.add(-i128::from(i64::MAX));
        }
        assert_eq!(slot.value(), 0);
        assert_eq!(slot.added(), 3 * i64::MAX as u128);
        slot.add(7);
        slot.forget();
        slot.add(-2);
        assert_eq!(slot.value(), -2);
    }

    #[test]
    fn a_later_birth_replaces_the_slot_whole() {
        let mut old = Slot::new(Stamp(1));
        old.add(100);
        old.forget();
        let mut reborn = Slot::new(Stamp(2));
        reborn.add(3);
        old.merge(&reborn);
        assert_eq!(old.value(), 3);
        let mut late = Slot::new(Stamp(1));
        late.add(100);
        old.merge(&late);
        assert_eq!(old.value(), 3, "what is late of the old birth changes nothing");
    }
}
