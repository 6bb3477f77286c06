//! The merging states that everything in the store is made of.
//!
//! One idea throughout: per replica a pair (contributed, forgotten), merged by pointwise maximum.
//! Only a replica raises what it contributed; anyone may raise what is forgotten, up to what it has
//! seen on this key. Every `merge` here is commutative, associative and idempotent, and a merged
//! state is never below its parts (`tests/laws*.rs` hold that). Nothing here reads a clock, draws a
//! random number or takes a lock: time comes in as an argument, so a simulator runs the same code.
//!
//! Prior art: Shapiro et al., "A comprehensive study of CRDTs" (INRIA RR-7506, 2011) for PN-Counters
//! and observed-remove sets; the rule "base + per site (added − observed when deleted)" follows
//! XRedis-CRDT; hybrid logical clocks order registers.

mod collection;
mod collections;
mod counter;
mod deadline;
mod field;
mod float_slot;
mod key;
mod life;
mod list;
mod living;
mod overlay;
mod own;
mod place;
mod plain;
mod reading;
mod register;
mod replica_map;
mod score;
mod set;
mod slot;
pub mod wire;

pub use collection::{Collection, Index, Joinable, MemberDeadline, Value};
pub use collections::{Collections, Members};
pub use counter::Counter;
pub use deadline::DeadlineRegister;
pub use field::{Field, Hash};
pub use float_slot::FloatSlot;
pub use key::{Deadline, Key, Told};
pub use life::{Kind, Life};
pub use list::{End, Item, List, Side, Texts, Writer};
pub use overlay::{Bits, Overlay, Overlays, Registers};
pub use own::{Own, OwnFloat, OwnMembers, OwnScore};
pub use plain::{Plain, PlainSlot};
pub use reading::{Laid, Reading, Visible};
pub use register::Register;
pub use replica_map::ReplicaMap;
pub use score::{Score, ScoreOrder, SortedSet};
pub use set::Set;
pub use slot::Slot;

use crate::base::{Replica, Stamp, Tag};

/// A period in which tombstones were noted, numbered in a row. This node's own affair: peers number
/// theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u32);

/// What becomes of a contribution that is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tombstones {
    /// Kept, so that peers learn of it, and noted as of this generation.
    Keep(Generation),
    /// Dropped at once: there is no peer and no log that could bring the forgotten back.
    Drop,
}

impl Tombstones {
    /// Kept, and noted as of the first generation.
    pub const KEEP: Tombstones = Tombstones::Keep(Generation(0));

    /// In which new ones are noted.
    #[must_use]
    pub fn generation(self) -> Generation {
        match self {
            Tombstones::Keep(generation) => generation,
            Tombstones::Drop => Generation(0),
        }
    }
}

/// A write: who writes, and when.
#[derive(Clone, Copy, Debug)]
pub struct Write {
    /// Unix milliseconds by this node's clock: decides what has expired.
    pub now_ms: u64,
    /// Exceeds every stamp in the key that is written; carries the writing replica.
    pub tag: Tag,
    pub tombstones: Tombstones,
}

impl Write {
    #[must_use]
    pub fn replica(&self) -> Replica {
        self.tag.replica
    }

    #[must_use]
    pub fn stamp(&self) -> Stamp {
        self.tag.stamp
    }
}
