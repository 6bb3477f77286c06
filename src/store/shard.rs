//! A shard of one database: a table of entries, and when they are due.

use super::entry::{Entry, NEVER_DUE};
use super::flags::{BURIED, DIRTY, PAST, VISIBLE};
use super::mark::{DirtyEntries, DirtyList};
use super::watch::WatchTable;
use crate::base::agenda::Agenda;
use crate::base::hash::hash_name;
use crate::base::{Name, Tag};
use crate::crdt::Generation;
use hashbrown::HashTable;
use hashbrown::hash_table;
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::hint::black_box;

/// The part of a database's keys whose hashes fall to it. Guarded by one lock; what is hot on a live
/// key needs it shared only.
#[derive(Debug, Default)]
pub(super) struct Shard {
    table: HashTable<Box<Entry>>,
    agenda: Agenda,
    visible: usize,
    with_deadline: usize,
    buried: usize,
    dirty: DirtyList,
    /// Names of entries that were evicted since the last drain, where a log has to be told.
    pub evicted: Vec<Name>,
    /// By the hash of a key's name: the deadlines of lives that all members know to be past.
    pub sealed: BTreeMap<u64, SmallVec<[Tag; 1]>>,
    /// Which of its keys clients watch; see [`super::watch`].
    pub watched: Option<Box<WatchTable>>,
    /// The last generation of which anything was collected or sealed here; 0: none since the start.
    pub collected: Generation,
}

impl Shard {
    pub fn find(&self, hash: u64, name: &[u8]) -> Option<&Entry> {
        self.table.find(hash, |entry| *entry.name == *name).map(|entry| &**entry)
    }

    pub fn find_mut(&mut self, hash: u64, name: &[u8]) -> Option<&mut Entry> {
        self.table.find_mut(hash, |entry| *entry.name == *name).map(|entry| &mut **entry)
    }

    /// An entry to be changed, with the list in which that is to be noted.
    pub fn find_to_change(&mut self, hash: u64, name: &[u8]) -> Option<(&mut Entry, &DirtyList)> {
        let entry = self.table.find_mut(hash, |entry| *entry.name == *name)?;
        Some((&mut **entry, &self.dirty))
    }

    /// An entry that is marked as changed, by its hash alone.
    pub fn find_dirty(&mut self, hash: u64) -> Option<&mut Entry> {
        let is_it = |entry: &Entry| entry.flags.has(DIRTY) && hash_name(&entry.name) == hash;
        self.table.find_mut(hash, |entry| is_it(entry)).map(|entry| &mut **entry)
    }

    /// Has the processor load some entries, all at once.
    pub fn load(&self, hashes: &[u64]) {
        let mut places: SmallVec<[&Entry; 16]> = SmallVec::new();
        places.extend(hashes.iter().filter_map(|hash| self.place(*hash)));
        places.iter().for_each(|entry| entry.load());
        places.iter().for_each(|entry| entry.load_state());
    }

    /// Where changes are noted until the next drain.
    pub fn dirty(&self) -> &DirtyList {
        &self.dirty
    }

    pub fn take_dirty(&mut self) -> DirtyEntries {
        self.dirty.get_mut().take()
    }

    pub fn dirty_len(&self) -> u64 {
        self.dirty.lock().hashes().len() as u64
    }

    /// The deadlines of a key's lives that all members know to be past.
    pub fn sealed_of(&self, hash: u64) -> SmallVec<[Tag; 1]> {
        self.sealed.get(&hash).cloned().unwrap_or_default()
    }

    /// Keeps of them what is still held.
    pub fn keep_sealed(&mut self, hash: u64, held: &[Tag]) {
        if let Some(sealed) = self.sealed.get_mut(&hash) {
            sealed.retain(|tag| held.contains(tag));
            if sealed.is_empty() {
                self.sealed.remove(&hash);
            }
        }
    }

    /// The first place where a name of this hash may be; nearly always it is there.
    pub fn place(&self, hash: u64) -> Option<&Entry> {
        self.table.iter_hash(hash).next().map(|entry| &**entry)
    }

    /// Looks for an entry without waiting for it, so that it can be looked for at once.
    pub fn touch(&self, hash: u64) {
        black_box(self.place(hash).is_some());
    }

    /// Makes room for so many entries in all.
    pub fn reserve(&mut self, entries: usize) {
        let more = entries.saturating_sub(self.table.len());
        self.table.reserve(more, |entry| hash_name(&entry.name));
    }

    /// Puts a new entry in; there is none of its name.
    pub fn insert(&mut self, hash: u64, entry: Box<Entry>) {
        self.table.insert_unique(hash, entry, |entry| hash_name(&entry.name));
    }

    pub fn remove(&mut self, hash: u64, name: &[u8]) -> Option<Box<Entry>> {
        let found = self.table.find_entry(hash, |entry| *entry.name == *name).ok()?;
        let (entry, _) = found.remove();
        let account = Account::of(&entry);
        self.visible -= usize::from(account.visible);
        self.with_deadline -= usize::from(account.ends);
        self.buried -= usize::from(account.buried);
        self.shrink_if_sparse();
        match self.table.is_empty() {
            true => self.agenda.clear(),
            false => self.tidy_agenda(),
        }
        Some(entry)
    }

    /// How many entries there are, hidden ones included.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// How many keys a user sees, those included that expired and are not yet reclaimed.
    pub fn visible(&self) -> usize {
        self.visible
    }

    /// How many of these have a deadline.
    pub fn with_deadline(&self) -> usize {
        self.with_deadline
    }

    /// How many entries hold tombstones.
    pub fn buried(&self) -> usize {
        self.buried
    }

    pub fn iter(&self) -> hash_table::Iter<'_, Box<Entry>> {
        self.table.iter()
    }

    pub fn iter_mut(&mut self) -> hash_table::IterMut<'_, Box<Entry>> {
        self.table.iter_mut()
    }

    /// The first entry at or behind a random place of the table that `wanted` takes.
    pub fn sample(&self, place: usize, wanted: impl Fn(&Entry) -> bool) -> Option<&Entry> {
        let buckets = self.table.num_buckets();
        if self.table.is_empty() || buckets == 0 {
            return None;
        }
        let start = place % buckets;
        let places = (start..buckets).chain(0..start);
        places
            .filter_map(|bucket| self.table.get_bucket(bucket))
            .map(|entry| &**entry)
            .find(|entry| wanted(entry))
    }

    /// Bytes of heap that the agenda holds.
    pub fn agenda_bytes(&self) -> usize {
        self.agenda.heap_bytes()
    }

    /// Takes all entries out.
    pub fn take_all(&mut self) -> Shard {
        self.tell_all_watchers();
        let watched = self.watched.take();
        std::mem::replace(self, Shard { watched, ..Shard::default() })
    }

    /// Takes over what was taken out of another.
    pub fn put_all(&mut self, other: Shard) {
        let watched = self.watched.take();
        *self = Shard { watched, ..other };
        self.tell_all_watchers();
    }

    /// The entries whose hashes may be this one.
    pub fn iter_hash(&self, hash: u64) -> impl Iterator<Item = &Entry> {
        self.table.iter_hash(hash).map(|entry| &**entry)
    }

    /// When the first entry may be due.
    pub fn next_due_ms(&self) -> Option<u64> {
        self.agenda.next_ms()
    }

    /// Takes from the agenda the hash of an entry that may be due.
    pub fn pop_due(&mut self, now_ms: u64) -> Option<u64> {
        self.agenda.pop_due(now_ms)
    }

    /// The name of an entry by its hash alone, and when something in it may be due.
    pub fn due_of(&self, hash: u64) -> Option<(Name, u64)> {
        let entry = self.table.find(hash, |entry| hash_name(&entry.name) == hash)?;
        Some((entry.name.clone(), entry.due_ms()))
    }

    /// Notes again an entry that came up before it was due, since its deadline was moved on.
    pub fn note_again(&mut self, hash: u64, due_ms: u64) {
        if due_ms != NEVER_DUE {
            self.agenda.note(due_ms, hash);
        }
    }

    /// Keeps the agenda and the counts after an entry changed at `now_ms`.
    ///
    /// The agenda holds what is not due yet, each at its time or earlier, and what is due until it
    /// comes up. What stays due (hidden, for peers to learn of) has nothing more to come up for.
    pub fn note_change(&mut self, hash: u64, before: Account, after: Account, now_ms: u64) {
        let count = |counter: &mut usize, before: bool, after: bool| {
            *counter += usize::from(after);
            *counter -= usize::from(before);
        };
        count(&mut self.visible, before.visible, after.visible);
        count(&mut self.with_deadline, before.ends, after.ends);
        count(&mut self.buried, before.buried, after.buried);
        // What was past and is not any more, the clock having been set back, has come up already.
        let is_noted = !before.past && before.due_ms > now_ms;
        let held = is_noted && before.due_ms <= after.due_ms;
        let stays_due = before.due_ms <= now_ms && after.due_ms <= now_ms;
        if after.due_ms != NEVER_DUE && !held && !stays_due {
            self.agenda.note(after.due_ms, hash);
            self.tidy_agenda();
        }
    }

    /// The cost of going through all entries is shared by the many notes that made it worthwhile.
    fn tidy_agenda(&mut self) {
        if self.agenda.is_overgrown(self.table.len()) {
            let dues = self.table.iter().map(|entry| (entry.due_ms(), hash_name(&entry.name)));
            self.agenda.rebuild(dues.filter(|(due_ms, _)| *due_ms != NEVER_DUE));
        }
    }

    /// Gives memory back after many removals, in steps that keep the cost of a removal constant.
    fn shrink_if_sparse(&mut self) {
        const SMALL: usize = 32;
        let capacity = self.table.capacity();
        if capacity > SMALL && self.table.len() < capacity / 8 {
            let goal = self.table.len() * 2;
            self.table.shrink_to(goal, |entry| hash_name(&entry.name));
        }
    }
}

/// What is known of an entry beside it: before a change, and after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    pub due_ms: u64,
    pub visible: bool,
    /// Visible, and has a deadline.
    pub ends: bool,
    pub buried: bool,
    pub past: bool,
    /// Another number whenever another tombstone is noted.
    pub tombstones: u64,
}

impl Account {
    /// There was no entry.
    pub const NOTHING: Account = Account {
        due_ms: NEVER_DUE,
        visible: false,
        ends: false,
        buried: false,
        past: false,
        tombstones: 0,
    };

    /// As was noted by [`Keyspace::account`](super::Keyspace::account).
    pub fn of(entry: &Entry) -> Account {
        let visible = entry.flags.has(VISIBLE);
        Account {
            due_ms: entry.due_ms(),
            visible,
            ends: visible && entry.ends_ms != NEVER_DUE,
            buried: entry.flags.has(BURIED),
            past: entry.flags.has(PAST),
            tombstones: entry.tombstones_noted(),
        }
    }
}
