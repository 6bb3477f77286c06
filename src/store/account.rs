//! What goes with every change of an entry: who writes and when, what users can count, and what is to be
//! collected.

use super::Mode;
use super::entry::{Entry, State};
use super::flags::{BURIED, PAST, VISIBLE};
use super::keyspace::Keyspace;
use super::shard::Account;
use super::sync::RwLockReadGuard;
use crate::base::{Tag, key_slot};
use crate::crdt::Write;
use std::sync::atomic::Ordering;

impl Keyspace {
    /// A write of this node, now.
    pub(super) fn write(&self, now_ms: u64) -> Write {
        let tag = Tag::new(self.clock.stamp(now_ms), self.me());
        Write { now_ms, tag, tombstones: self.tombstones() }
    }

    /// What is held by who writes several shards.
    pub(super) fn group_writes(&self, mode: Mode) -> Option<RwLockReadGuard<'_, ()>> {
        (self.keeps() && mode == Mode::Exclusive).then(|| self.grouping.read())
    }

    /// An entry for a key that has none.
    pub(super) fn new_entry(&self, name: &[u8], state: State) -> Entry {
        let mut entry = Entry::new(name, state);
        if self.tells_peers() {
            entry.slot = key_slot(name);
        }
        entry
    }

    /// Whether nothing is left of an entry for which it would have to be kept.
    pub(super) fn is_gone(&self, entry: &Entry, now_ms: u64) -> bool {
        !self.keeps() && entry.kind(now_ms).is_none()
    }

    /// Notes what is to be known of an entry beside it after a change at `now_ms`; `before` is what
    /// was. The caller goes on with [`Shard::note_change`](super::shard::Shard::note_change).
    pub(super) fn account(&self, db: u16, entry: &mut Entry, before: &Account, now_ms: u64) {
        if !self.keeps() {
            entry.flags.put(VISIBLE, true);
            return;
        }
        let (visible, past) = (entry.kind(now_ms).is_some(), entry.is_past(now_ms));
        entry.flags.put(VISIBLE, visible);
        entry.flags.put(PAST, past);
        entry.mark_tombstones(now_ms);
        let (tombstones, has_graves) = (entry.tombstones_noted(), entry.has_graves());
        entry.flags.put(BURIED, tombstones != 0 || has_graves);
        let is_new = tombstones != 0 && tombstones != before.tombstones;
        if is_new || has_graves {
            self.noted_ms.fetch_max(now_ms, Ordering::Relaxed);
            self.note_tombstones(db, entry, is_new);
        }
    }

    /// Has the key collected after the present generation. `is_new`: more than graves of members.
    pub(super) fn note_tombstones(&self, db: u16, entry: &mut Entry, is_new: bool) {
        let generation = self.generation();
        if is_new {
            entry.renewed = generation.0;
        }
        if entry.noted != generation.0 {
            entry.noted = generation.0;
            self.noted.lock().push((db, entry.name.clone()));
        }
    }
}

impl Entry {
    /// A number that is another one when something else is forgotten or past, 0 for nothing, as of the
    /// last [`Keyspace::account`]. Graves of members are left out: they have generations of their own.
    pub fn tombstones_noted(&self) -> u64 {
        let past = if self.flags.has(PAST) { self.ends_stamp.0 << 1 | 1 } else { 0 };
        match &self.state {
            State::Whole(whole) => whole.tombstones,
            State::Counted(counted) => counted.whole.tombstones,
            _ => self.state.members().map_or(0, |members| members.tombstones_mark()) ^ past,
        }
    }

    fn mark_tombstones(&mut self, now_ms: u64) {
        let whole = match &mut self.state {
            State::Whole(whole) => whole,
            State::Counted(counted) => &mut counted.whole,
            _ => return,
        };
        whole.tombstones = match whole.key.lives().is_empty() {
            // Nothing is left, and the entry is there to be collected.
            true => 1,
            false => whole.key.tombstones_mark(now_ms),
        };
    }

    fn has_graves(&self) -> bool {
        match &self.state {
            State::Whole(whole) => whole.key.has_graves(),
            State::Counted(counted) => counted.whole.key.has_graves(),
            _ => self.state.members().is_some_and(|members| members.has_graves()),
        }
    }
}
