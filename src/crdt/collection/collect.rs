//! Dropping what is dead and confirmed to be.

use super::member::Member;
use super::{Collection, Value};
use crate::crdt::{Generation, ReplicaMap};

impl<V: Value> Collection<V> {
    /// Forgets what has expired up to a generation, before it is dropped: a node that had dropped it, and
    /// written to it anew, could not tell others what is to be forgotten. True when that is to be told.
    ///
    /// A value that counts needs this: of members alone, who has them and who has dropped them makes no
    /// difference once they are added again.
    pub fn forget_expired(&mut self, upto: Generation, now: Generation) -> bool {
        if !V::COUNTS {
            return false;
        }
        let mut forgotten = 0;
        for (name, grave) in &mut self.graves {
            if grave.generation <= upto && grave.member.is_live() {
                grave.member.remove();
                grave.generation = now;
                forgotten += 1;
                if let Some(tracking) = &mut self.tracking {
                    tracking.note(name, usize::MAX);
                }
            }
        }
        forgotten > 0
    }

    /// Drops graves up to a generation, and, if all of the `whole` key is confirmed, all that is
    /// forgotten. Sound only once nothing can bring it back.
    pub fn collect(&mut self, upto: Generation, whole: bool) {
        self.graves.retain(|_, grave| grave.generation > upto);
        if !whole {
            return;
        }
        self.forgotten = ReplicaMap::default();
        if self.has_scars() {
            self.members.values_mut().for_each(Member::collect);
        }
        if let Some(tracking) = &mut self.tracking {
            tracking.heal();
        }
    }
}
