//! What is noted about an entry, a bit each.

use super::sync::{AtomicU8, Ordering};

/// A set of notes. [`DIRTY`] may be raised by whoever holds the entry's shard shared; all others
/// change with the shard exclusive.
#[derive(Debug, Default)]
pub(super) struct Flags(AtomicU8);

/// Changed since the last drain; it stands in its shard's list.
pub(super) const DIRTY: u8 = 1;
/// Changed since the last drain by a command on several shards; it stands in the keyspace's list.
pub(super) const GROUPED: u8 = 2;
/// Counted as a key that a user sees, until expiry has taken it out of sight.
pub(super) const VISIBLE: u8 = 4;
/// A compact form known to be past its deadline.
pub(super) const PAST: u8 = 8;
/// Counted as a key that holds tombstones.
pub(super) const BURIED: u8 = 16;
impl Flags {
    /// Whether a flag is raised; what was done before it was raised is seen.
    pub fn has(&self, flag: u8) -> bool {
        self.0.load(Ordering::Acquire) & flag != 0
    }

    pub fn raise(&self, flag: u8) {
        self.0.fetch_or(flag, Ordering::Release);
    }

    pub fn lower(&mut self, flag: u8) {
        *self.0.get_mut() &= !flag;
    }

    pub fn put(&mut self, flag: u8, raised: bool) {
        match raised {
            true => *self.0.get_mut() |= flag,
            false => self.lower(flag),
        }
    }
}
