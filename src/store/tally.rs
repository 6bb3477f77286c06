//! Counting with shared access: one word that every reply is read from, and atomics only.

use super::AccessError;
use super::sync::{AtomicI64, AtomicU64, Ordering};
use crate::base::Stamp;
use crate::crdt::Slot;

/// Above this a shared add is refused and the exclusive path (128-bit sums) takes over. Far enough
/// below 2⁶⁴ that no number of threads adding at once can wrap.
const SHARED_SUM_MAX: u64 = 1 << 62;
/// The largest single step that is added with shared access.
const SHARED_STEP_MAX: u64 = 1 << 48;

/// What this replica counts while nobody else may change the key's state: the visible value, and how
/// much was taken away.
///
/// INCR and DECR must answer from one word, or two of them could not be put in an order. So `value` is
/// that word, `taken` (N of the PN-Counter) follows behind it, and what was added (P) is derived from both
/// by whoever has exclusive access, when both stand still: INCR costs one atomic, DECR two.
#[derive(Debug)]
pub struct Tally {
    value: AtomicI64,
    taken: AtomicU64,
}

impl Tally {
    #[must_use]
    pub fn new(value: i64, taken: u64) -> Tally {
        Tally { value: AtomicI64::new(value), taken: AtomicU64::new(taken) }
    }

    /// The visible value.
    #[must_use]
    pub fn value(&self) -> i64 {
        self.value.load(Ordering::Relaxed)
    }

    /// All that was taken away since this tally began. Exact only under exclusive access.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// All that was added since this tally began at `start`. Exact only under exclusive access.
    #[must_use]
    pub fn added(&self, start: i64) -> u128 {
        let grown = i128::from(self.value()) - i128::from(start);
        (grown + i128::from(self.taken())).unsigned_abs()
    }

    /// Counts `by` and returns the value after it.
    ///
    /// # Errors
    /// [`AccessError::Overflow`] when the value would leave the 64-bit range, and
    /// [`AccessError::NeedsExclusive`] when the sums come near theirs; nothing is changed then.
    pub fn add(&self, by: i64) -> Result<i64, AccessError> {
        let step = by.unsigned_abs();
        if step > SHARED_STEP_MAX || self.taken() > SHARED_SUM_MAX {
            return Err(AccessError::NeedsExclusive);
        }
        let mut value = self.value();
        loop {
            let after = value.checked_add(by).ok_or(AccessError::Overflow)?;
            match self.value.compare_exchange_weak(
                value,
                after,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => {
                    if by < 0 {
                        self.taken.fetch_add(step, Ordering::Relaxed);
                    }
                    return Ok(after);
                }
                Err(now) => value = now,
            }
        }
    }

    /// The slot that holds what was counted since the tally began at `start`.
    #[must_use]
    pub fn to_slot(&self, born: Stamp, start: i64) -> Slot {
        let mut slot = Slot::new(born);
        slot.add(self.added(start) as i128);
        slot.add(-i128::from(self.taken()));
        slot
    }
}
