//! Sets: members that carry nothing.

use super::collection::{Joinable, Value};
use super::collections::Collections;
use super::wire::{Decoder, Encoder};
use super::{Collection, Key, Kind, MemberDeadline, Own, Write};
use crate::base::codec::Malformed;
use crate::base::{Replica, Stamp};

/// Observed-remove, add wins, merged per member.
pub type Set = Collection<()>;

impl Set {
    /// SADD, SADDEX: true when the member was not in.
    pub fn insert(&mut self, write: &Write, name: &[u8], deadline: MemberDeadline) -> bool {
        self.change(write, name, deadline, |()| {})
    }
}

impl Joinable for () {
    fn joined(key: &Key, write: &Write) -> Box<Set> {
        let mut joined = Box::<Set>::default();
        for set in key.sets(write.now_ms) {
            for name in set.iter() {
                let at_ms = set.deadline_ms(name).flatten();
                joined.insert(write, name, MemberDeadline::Set(at_ms));
            }
        }
        joined
    }
}

impl Value for () {
    const KIND: Kind = Kind::Set;
    const COUNTS: bool = false;

    type Index = ();

    fn among(collections: &Collections) -> &Option<Box<Set>> {
        &collections.set
    }

    fn among_mut(collections: &mut Collections) -> &mut Option<Box<Set>> {
        &mut collections.set
    }

    fn is_living(&self) -> bool {
        true
    }

    fn is_blank(&self) -> bool {
        true
    }

    fn forget(&mut self) {}

    fn merge(&mut self, (): &()) {}

    fn collect(&mut self) {}

    fn tombstones_mark(&self) -> u64 {
        0
    }

    fn tombstones_part(&self) {}

    fn digest(&self, _: u64) -> u64 {
        0
    }

    fn max_stamp(&self) -> Stamp {
        Stamp::NEVER
    }

    fn own(&self, _: Replica) -> Own {
        Own::default()
    }

    fn reissue(&self, _: Replica, _: Option<&Own>, _: Stamp, _: Replica, _: Option<&()>) {}

    fn mentions(&self, _: Replica) -> bool {
        false
    }

    fn exceeds(&self, _: Replica, _: Option<&()>) -> bool {
        false
    }

    fn heap_bytes(&self) -> usize {
        0
    }

    fn encode(&self, _: &mut Encoder) {}

    fn decode(_: &mut Decoder<'_>) -> Result<(), Malformed> {
        Ok(())
    }
}
