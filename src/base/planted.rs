//! Defects on purpose, one at a time, to see whether the simulator finds them. Only with the feature
//! `planted`; nothing that ships knows of them.

use std::cell::Cell;

/// A planted defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// The maximum of a slot's merge replaced by the last write.
    LastWriteMerge,
    /// A slot's birth ignored by its merge.
    BornIgnored,
    /// A node that lost its state writes on in the epoch that it had.
    EpochReused,
    /// A node writes on in an epoch of which its peers may have more.
    EpochNotHeard,
    /// A node is let in although a later run of its memory was met.
    RunNotAsked,
    /// A tombstone collected when most members have confirmed it.
    MajorityCollects,
    /// DEL writes the base register instead of forgetting.
    DelWritesBase,
    /// All deadlines share one life.
    OneLifeForAll,
    /// A batch acknowledged before it is merged.
    AckBeforeMerge,
}

thread_local! {
    static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
}

/// Plants a defect in everything that this thread runs from now on.
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}

/// Whether this thread runs with the defect.
#[must_use]
pub fn is(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}
