//! What one replica alone has counted on a key.

use super::Kind;
use crate::base::Stamp;
use crate::base::decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// Of a score, in place of all these.
    pub score: Option<Box<OwnScore>>,
    /// Of members that carry something: of those that were changed since that moment.
    pub members: Option<Box<OwnMembers>>,
}

/// What a replica alone had contributed to members of a key, by their type and name.
pub type OwnMembers = BTreeMap<(Kind, Vec<u8>), Own>;

/// A replica's slot of a score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnScore {
    pub born: Stamp,
    /// Counts the increments.
    pub seq: u64,
    /// Bits of the two doubles that make their sum.
    pub sum: [u64; 2],
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
    /// What is noted of a member.
    #[must_use]
    pub fn member(&self, kind: Kind, name: &[u8]) -> Option<&Own> {
        self.members.as_ref()?.get(&(kind, name.to_vec()))
    }

    /// Notes what a member had, unless an earlier note of it is there.
    pub fn note_member(&mut self, kind: Kind, name: &[u8], own: &Own) {
        let members = self.members.get_or_insert_default();
        members.entry((kind, name.to_vec())).or_insert_with(|| own.clone());
    }

    /// Takes over what is noted of members only at a later moment.
    pub fn note_members_of(&mut self, later: &Own) {
        for ((kind, name), own) in later.members.iter().flat_map(|members| members.iter()) {
            self.note_member(*kind, name, own);
        }
    }

    /// Only what was born by `since`.
    #[must_use]
    pub fn born_by(&self, since: Stamp) -> Own {
        let float = self.float.clone().filter(|float| float.born <= since);
        match self.born <= since {
            true => Own { float, ..self.clone() },
            false => Own { float, ..Own::default() },
        }
    }

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
