//! What one replica alone has counted on a key.

use crate::base::Stamp;
use crate::base::decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A replica's slots in the newest life of a key, at some moment. All zero: it has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    /// When the slot of integers was born; no other slot of the replica on this key was born then.
    pub born: Stamp,
    /// All that was added since (P of the PN-Counter).
    pub added: u128,
    /// All that was taken away since (N of the PN-Counter).
    pub taken: u128,
    /// The slot of floats; few keys have one.
    pub float: Option<Box<OwnFloat>>,
}

/// A replica's slot of floats.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnFloat {
    pub born: Stamp,
    /// Counts the additions.
    pub seq: u64,
    pub sum: Decimal,
}

impl Own {
    /// What was counted, the float included, since the moment of `before`.
    #[must_use]
    pub fn since(&self, before: &Own) -> Decimal {
        let (mut added, mut taken) = (self.added, self.taken);
        if self.born == before.born {
            added = added.saturating_sub(before.added);
            taken = taken.saturating_sub(before.taken);
        }
        let mut sum = Decimal::from(i128::try_from(added).unwrap_or(i128::MAX));
        sum = &sum - &Decimal::from(i128::try_from(taken).unwrap_or(i128::MAX));
        match (&self.float, &before.float) {
            (Some(now), Some(then)) if now.born == then.born => sum += &(&now.sum - &then.sum),
            (Some(now), _) => sum += &now.sum,
            (None, _) => {}
        }
        sum
    }
}
