//! Scopes that see more than the keys that were named when they were opened.

use super::guards::Guards;
use super::lanes::{Lane, Patience};
use super::{KeyRef, Keys, Keyspace, Mode};

impl<'k> Keys<'k> {
    pub(super) fn open_whole(keyspace: &'k Keyspace, mode: Mode, now_ms: u64) -> Option<Keys<'k>> {
        let patience = Patience::UntilHeldUp;
        let lane = keyspace.share_lane(patience)?;
        let grouping = keyspace.group_writes(mode);
        let guards = Guards::many(keyspace, keyspace.locks_in_use(), mode, patience)?;
        let mut scope = Keys::with_guards(keyspace, guards, now_ms);
        (scope.lane, scope.grouping) = (Some(lane), grouping);
        Some(scope)
    }

    /// All shards in use, for who holds `grouping` exclusively and keeps scripts out.
    pub(super) fn hold_whole(keyspace: &'k Keyspace, now_ms: u64) -> Keys<'k> {
        let mut scope = Keys::with_guards(keyspace, Guards::Many(Vec::new()), now_ms);
        scope.hold_all_in_use();
        scope
    }

    pub(super) fn open_browse(keyspace: &'k Keyspace, now_ms: u64) -> Option<Keys<'k>> {
        let lane = keyspace.share_lane(Patience::UntilHeldUp)?;
        Some(Keys::open_lane(keyspace, lane, now_ms))
    }

    /// With no key yet.
    pub(super) fn open_lane(keyspace: &'k Keyspace, lane: Lane<'k>, now_ms: u64) -> Keys<'k> {
        let mut scope = Keys::with_guards(keyspace, Guards::Many(Vec::new()), now_ms);
        scope.lane = Some(lane);
        scope
    }

    /// Whether it is a script's, and may take keys as it goes.
    #[must_use]
    pub fn is_of_script(&self) -> bool {
        matches!(self.lane, Some(Lane::Alone { .. }))
    }

    /// A script's: takes the keys that it comes to. What was taken is kept to the end.
    pub fn hold<'n>(&mut self, keys: impl Iterator<Item = KeyRef<'n>>) {
        debug_assert!(self.is_of_script(), "others name their keys when they begin");
        for key in keys {
            self.guards.add(self.keyspace, self.keyspace.lock_of(key));
            self.settle(key);
        }
    }

    /// A script's: takes all shards in use, and of `named` databases.
    pub fn hold_databases(&mut self, named: &[u16]) {
        debug_assert!(self.is_of_script(), "others name their keys when they begin");
        self.keyspace.open_databases(named);
        self.hold_all_in_use();
    }

    fn hold_all_in_use(&mut self) {
        for lock in self.keyspace.locks_in_use() {
            self.guards.add(self.keyspace, lock);
        }
    }

    /// A script's: gives all keys back, for a command that holds none. So it is two stretches, each atomic.
    pub fn let_go(&mut self) {
        self.guards.release();
    }
}
