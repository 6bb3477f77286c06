//! One key in the table: its name, its deadline, and its state in the smallest form that holds it.

use super::AccessError;
use super::flags::{Flags, PAST};
use super::row::Row;
use super::tally::Tally;
use super::text::Text;
use crate::base::{Name, Replica, Stamp};
use crate::crdt::{Deadline, Hash, Key, Kind, List, Members, Set, SortedSet, Tombstones, Write};
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};

/// No deadline.
pub(super) const NEVER_DUE: u64 = u64::MAX;

/// What the clock of accesses shows at the node's start: five years, of the thirteen that it can tell.
pub(super) const START_TENTHS: u32 = 5 * 365 * 24 * 36_000;

/// A key and its state.
///
/// The forms of [`State`] are encodings of a [`Key`], nothing more: [`Entry::to_key`] and
/// [`Entry::set_key`] go back and forth, and a test holds every short cut on a compact form against
/// the same operation on the whole key.
#[derive(Debug)]
pub(super) struct Entry {
    pub name: Name,
    /// When the visible key ends, [`NEVER_DUE`] for not at all; of a whole form, as of its last change.
    pub ends_ms: u64,
    /// Compact forms: when this replica last wrote the deadline. Whole forms: unused.
    pub(super) ends_stamp: Stamp,
    /// Tenths of a second by the clock of accesses, for IDLETIME and eviction.
    accessed: AtomicU32,
    /// How the text came to be, which OBJECT ENCODING shows. This node's own affair: not merged.
    pub form: TextForm,
    pub flags: Flags,
    /// The key slot of the name.
    pub slot: u16,
    /// In which generation the key was last noted as one that holds tombstones.
    pub noted: u32,
    /// In which generation any of them became one, but for those of members.
    pub renewed: u32,
    /// Of the live state, as peers know it: of the last drain, merge or expiry. 0: nothing is live.
    pub fingerprint: u64,
    pub state: State,
}

/// How a text came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextForm {
    /// Written whole, or counted.
    Plain,
    /// Grown in place by APPEND or SETRANGE: Redis holds it `raw`.
    Grown,
    /// The result of INCRBYFLOAT: a text for Redis even when it reads as an integer.
    Float,
}

#[derive(Debug)]
pub(super) enum State {
    /// First life; this replica alone has counted, nothing was ever set.
    Count { tally: Tally, born: Stamp },
    /// First life; a base that is an integer, and what this replica alone counted on it.
    Based(Box<Based>),
    /// First life; a base alone.
    Text { stamp: Stamp, text: Box<[u8]> },
    /// First life; a base alone that is being appended to, with room to grow.
    Growing(Box<Growing>),
    /// First life; a set alone.
    Set(Box<Set>),
    /// First life; a hash alone.
    Hash(Box<Hash>),
    /// First life; a sorted set alone.
    Sorted(Box<SortedSet>),
    /// First life; a list alone.
    List(Box<List>),
    /// The same on a node that nobody has to be told of it.
    Row(Box<Row>),
    /// Anything whose visible value is an integer: the whole key, and what this replica counted
    /// since. The key's own slot lags behind by that.
    Counted(Box<Counted>),
    /// Anything.
    Whole(Box<Whole>),
}

#[derive(Debug)]
pub(super) struct Growing {
    pub stamp: Stamp,
    pub text: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Based {
    pub tally: Tally,
    pub base: i64,
    pub base_stamp: Stamp,
    pub slot_born: Stamp,
}

#[derive(Debug)]
pub(super) struct Counted {
    pub tally: Tally,
    pub start: i64,
    pub whole: Whole,
}

#[derive(Debug)]
pub(super) struct Whole {
    pub key: Key,
    /// When the first of its lives or members is due.
    pub due_ms: u64,
    /// The tombstones of the key that were noted last ([`Key::tombstones_mark`]).
    pub tombstones: u64,
}

impl Entry {
    pub fn new(name: &[u8], state: State) -> Entry {
        Entry {
            name: Name::from_slice(name),
            ends_ms: NEVER_DUE,
            ends_stamp: Stamp::NEVER,
            accessed: AtomicU32::new(START_TENTHS),
            form: TextForm::Plain,
            flags: Flags::default(),
            slot: 0,
            noted: 0,
            renewed: 0,
            fingerprint: 0,
            state,
        }
    }

    /// An entry that holds nothing yet.
    pub fn empty(name: &[u8]) -> Entry {
        Entry::new(name, State::whole(Key::default()))
    }

    /// Loads what a lookup will read, without waiting for it: the entry lies on two cache lines as
    /// often as not.
    pub fn load(&self) {
        black_box((self.name.first().copied(), self.ends_ms, self.form));
        black_box(std::mem::discriminant(&self.state));
    }

    /// As [`Entry::load`], what lies behind the entry, when that is loaded.
    pub fn load_state(&self) {
        match &self.state {
            State::Counted(counted) => {
                black_box((counted.tally.value(), counted.start, counted.whole.due_ms));
            }
            State::Based(based) => {
                black_box(based.tally.value());
            }
            State::Whole(whole) => {
                black_box(whole.due_ms);
            }
            _ => {}
        }
    }

    /// As [`Entry::load_state`], the contributions to a counter, when that is loaded.
    pub fn load_parts(&self) {
        let newest = self.key().and_then(Key::newest);
        for (_, slot) in newest.into_iter().flat_map(|life| life.counter().slots()) {
            black_box((slot.born(), slot.added(), slot.taken()));
        }
    }

    /// When something in this entry may be due; before that it can be read as it stands.
    pub fn due_ms(&self) -> u64 {
        match &self.state {
            State::Set(set) => self.ends_ms.min(set.next_due_ms().unwrap_or(NEVER_DUE)),
            State::Hash(hash) => self.ends_ms.min(hash.next_due_ms().unwrap_or(NEVER_DUE)),
            State::Sorted(set) => self.ends_ms.min(set.next_due_ms().unwrap_or(NEVER_DUE)),
            State::Counted(counted) => counted.whole.due_ms,
            State::Whole(whole) => whole.due_ms,
            _ => self.ends_ms,
        }
    }

    /// When the visible key ends.
    pub fn deadline_ms(&self, now_ms: u64) -> Option<u64> {
        match &self.state {
            State::Whole(whole) => whole.key.deadline_ms(now_ms),
            State::Counted(counted) => counted.whole.key.deadline_ms(now_ms),
            _ => (self.ends_ms != NEVER_DUE).then_some(self.ends_ms),
        }
    }

    /// The visible type; `None`: there is nothing to see. Of a settled entry, or one that is not due.
    pub fn kind(&self, now_ms: u64) -> Option<Kind> {
        match &self.state {
            State::Whole(whole) => whole.key.kind(now_ms),
            State::Counted(counted) => counted.whole.key.kind(now_ms),
            _ if self.is_past(now_ms) => None,
            State::Count { .. } | State::Based(_) | State::Text { .. } | State::Growing(_) => {
                Some(Kind::String)
            }
            State::Set(set) => (!set.is_empty()).then_some(Kind::Set),
            State::Hash(hash) => (!hash.is_empty()).then_some(Kind::Hash),
            State::Sorted(set) => (!set.is_empty()).then_some(Kind::SortedSet),
            State::List(list) => (!list.is_empty()).then_some(Kind::List),
            State::Row(row) => (!row.is_empty()).then_some(Kind::List),
        }
    }

    /// The visible type of an entry that may be due and not settled.
    pub fn seen(&self, me: Replica, now_ms: u64) -> Option<Kind> {
        if self.due_ms() > now_ms {
            return self.kind(now_ms);
        }
        if let Some(members) = self.state.members() {
            let is_seen = !self.is_past(now_ms) && members.any_left(now_ms);
            return is_seen.then_some(members.kind());
        }
        match &self.state {
            State::Whole(_) | State::Counted(_) => {
                let mut key = self.to_key(me);
                key.settle(now_ms, Tombstones::KEEP);
                key.kind(now_ms)
            }
            _ => self.kind(now_ms),
        }
    }

    /// The visible text.
    pub fn text(&self, now_ms: u64) -> Result<Option<Text<'_>>, AccessError> {
        if self.is_past(now_ms) {
            return Ok(None);
        }
        let text = match &self.state {
            State::Count { tally, .. } => Text::of_integer(tally.value()),
            State::Based(based) => Text::of_integer(based.tally.value()),
            State::Counted(counted) => Text::of_integer(counted.tally.value()),
            State::Text { text, .. } => Text::Borrowed(text),
            State::Growing(growing) => Text::Borrowed(&growing.text),
            State::Set(_) | State::Hash(_) | State::Sorted(_) | State::List(_) | State::Row(_) => {
                let is_there = self.kind(now_ms).is_some();
                return if is_there { Err(AccessError::WrongType) } else { Ok(None) };
            }
            State::Whole(whole) => match whole.key.kind(now_ms) {
                None => return Ok(None),
                Some(Kind::String) => return Ok(whole.key.text(now_ms).map(Text::from)),
                Some(_) => return Err(AccessError::WrongType),
            },
        };
        Ok(Some(text))
    }

    /// The tally of an integer that this replica counts on; `None` in other forms, and when
    /// something is due: what is past is not counted on.
    pub fn tally(&self, now_ms: u64) -> Option<&Tally> {
        // Counting on makes it a plain number, which takes exclusive access.
        // What is known to be past, the clock having been set back, is noted anew first.
        let is_to_be_noted = self.due_ms() <= now_ms || self.flags.has(PAST);
        if self.form != TextForm::Plain || is_to_be_noted {
            return None;
        }
        match &self.state {
            State::Count { tally, .. } => Some(tally),
            State::Based(based) => Some(&based.tally),
            State::Counted(counted) => Some(&counted.tally),
            _ => None,
        }
    }

    /// Notes an access at `tenths` of a second; writes only when that is news.
    pub fn touch(&self, tenths: u32) {
        if self.accessed.load(Ordering::Relaxed) != tenths {
            self.accessed.store(tenths, Ordering::Relaxed);
        }
    }

    /// Tenths of a second from the last access until `tenths`.
    pub fn idle_tenths(&self, tenths: u32) -> u32 {
        tenths.saturating_sub(self.accessed.load(Ordering::Relaxed))
    }

    /// What is visible of a due entry, apart from it.
    pub fn settled(&self, me: Replica, now_ms: u64) -> Entry {
        let mut entry = Entry::empty(&self.name);
        entry.form = self.form;
        let mut key = self.to_key(me);
        key.settle(now_ms, Tombstones::KEEP);
        entry.set_key(key, me, now_ms);
        entry
    }

    /// Writes the deadline of a compact form.
    pub fn set_ends(&mut self, stamp: Stamp, ends_ms: Option<u64>) {
        self.ends_stamp = stamp;
        self.ends_ms = ends_ms.unwrap_or(NEVER_DUE);
    }

    /// What SET does with the deadline of a compact form.
    pub fn write_ends(&mut self, write: &Write, deadline: Deadline) {
        match deadline {
            Deadline::Keep => {}
            Deadline::Clear => self.set_ends(write.stamp(), None),
            Deadline::At(at_ms) => self.set_ends(write.stamp(), Some(at_ms)),
        }
    }

    /// Whether the deadline is a field of the entry, not of a whole key.
    pub fn is_compact(&self) -> bool {
        !matches!(self.state, State::Counted(_) | State::Whole(_))
    }

    /// Whether this is a compact form whose key has ended: it is only held so that peers learn of it.
    pub fn is_past(&self, now_ms: u64) -> bool {
        self.ends_ms <= now_ms && self.is_compact()
    }

    /// As [`Entry::settle_members`], but of members alone it looks at no more than `max` members: then
    /// it is still due.
    pub fn settle_some_members(
        &mut self,
        me: Replica,
        now_ms: u64,
        tombstones: Tombstones,
        max: usize,
    ) -> usize {
        match self.state.members_mut() {
            Some(members) => members.settle_some(now_ms, tombstones, max),
            None => self.settle_members(me, now_ms, tombstones),
        }
    }

    /// Whether members alone are due, in a key that is not.
    pub fn has_due_members(&self, now_ms: u64) -> bool {
        self.state.members().is_some() && self.ends_ms > now_ms && self.due_ms() <= now_ms
    }

    /// Takes expired members out of sight; returns how many.
    pub fn settle_members(&mut self, me: Replica, now_ms: u64, tombstones: Tombstones) -> usize {
        if let Some(members) = self.state.members_mut() {
            return members.settle(now_ms, tombstones);
        }
        match &mut self.state {
            State::Whole(_) | State::Counted(_) => {
                let mut key = self.take_key(me);
                let expired = key.settle(now_ms, tombstones);
                if tombstones == Tombstones::Drop {
                    key.collect_all(now_ms);
                }
                self.set_key(key, me, now_ms);
                expired
            }
            _ => 0,
        }
    }

    /// Whether it takes long to free.
    pub fn is_large(&self) -> bool {
        const LARGE_SET: usize = 64;
        match &self.state {
            State::Set(set) => set.len() > LARGE_SET,
            State::Hash(hash) => hash.len() > LARGE_SET,
            State::Sorted(set) => set.len() > LARGE_SET,
            State::List(list) => list.len() > LARGE_SET,
            State::Row(row) => row.len() > LARGE_SET,
            State::Whole(_) => true,
            _ => false,
        }
    }

    /// Bytes of heap that this entry holds, itself included.
    pub fn heap_bytes(&self) -> usize {
        let state = match &self.state {
            State::Count { .. } => 0,
            State::Based(_) => size_of::<Based>(),
            State::Text { text, .. } => text.len(),
            State::Growing(growing) => size_of::<Growing>() + growing.text.capacity(),
            State::Set(set) => Members::heap_bytes(&**set),
            State::Hash(hash) => Members::heap_bytes(&**hash),
            State::Sorted(set) => Members::heap_bytes(&**set),
            State::List(list) => Members::heap_bytes(&**list),
            State::Row(row) => size_of::<Row>() + row.heap_bytes(),
            State::Counted(counted) => size_of::<Counted>() + counted.whole.key.heap_bytes(),
            State::Whole(whole) => size_of::<Whole>() + whole.key.heap_bytes(),
        };
        size_of::<Entry>() + self.name.heap_bytes() + state
    }
}

impl State {
    /// Anything, as it stands: in no smaller form, and as if nothing were due.
    pub fn whole(key: Key) -> State {
        State::Whole(Box::new(Whole::new(key, NEVER_DUE)))
    }
}

impl Whole {
    pub fn new(key: Key, due_ms: u64) -> Whole {
        Whole { key, due_ms, tombstones: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A million keys take a million of these.
    #[test]
    fn an_entry_fits_into_an_allocation_of_96_bytes() {
        assert_eq!(size_of::<Entry>(), 96);
    }
}
