//! The commonest shapes of a key, as they can be read without making a [`Key`] of them.

use super::{Collections, Counter, DeadlineRegister, Key, Slot};
use crate::base::{Replica, Stamp, Tag};

/// A key of one first life without a set, in which one replica has written a text, has counted, or has
/// counted on a text, and of which nothing is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plain<'a> {
    /// Anybody may have written it.
    pub deadline: DeadlineRegister,
    /// Who has written the rest.
    pub replica: Replica,
    /// When the key became a string.
    pub born: Stamp,
    /// What was written then.
    pub base: Option<&'a [u8]>,
    pub counted: Option<PlainSlot>,
}

/// A slot of which nothing is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainSlot {
    pub born: Stamp,
    pub added: u64,
    pub taken: u64,
}

impl Plain<'_> {
    #[must_use]
    pub fn to_key(&self) -> Key {
        Key::first_life(self.deadline, self.to_counter(), Collections::default())
    }

    /// What is in it besides the deadline.
    #[must_use]
    pub fn to_counter(&self) -> Counter {
        let slot = self.counted.map(|counted| counted.to_slot());
        match (self.base, slot) {
            (None, Some(slot)) => Counter::counted(self.replica, slot),
            (base, slot) => {
                let mut counter = Counter::default();
                base.into_iter()
                    .for_each(|text| counter.write(Tag::new(self.born, self.replica), text));
                slot.into_iter().for_each(|slot| counter.put_slot(self.replica, slot));
                counter
            }
        }
    }

    /// The latest stamp in it.
    #[must_use]
    pub fn max_stamp(&self) -> Stamp {
        let counted = self.counted.map_or(Stamp::NEVER, |counted| counted.born);
        self.born.max(counted).max(self.deadline.tag().stamp)
    }
}

impl PlainSlot {
    /// Of a slot that counts something.
    pub(super) fn of(slot: &Slot) -> Option<PlainSlot> {
        let [added, taken, added_forgotten, taken_forgotten] = slot.sums();
        if (added_forgotten, taken_forgotten) != (0, 0) || (added, taken) == (0, 0) {
            return None;
        }
        let (added, taken) = (u64::try_from(added).ok()?, u64::try_from(taken).ok()?);
        Some(PlainSlot { born: slot.born(), added, taken })
    }

    pub(super) fn to_slot(self) -> Slot {
        Slot::of(self.born, [u128::from(self.added), u128::from(self.taken), 0, 0])
    }

    /// With `by` counted on it; `None`: it takes more than 64 bits.
    pub(super) fn plus(self, by: i128) -> Option<PlainSlot> {
        let size = u64::try_from(by.unsigned_abs()).ok()?;
        Some(match by > 0 {
            true => PlainSlot { added: self.added.checked_add(size)?, ..self },
            false => PlainSlot { taken: self.taken.checked_add(size)?, ..self },
        })
    }
}
