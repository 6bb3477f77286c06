//! Taking in what was on disk: many states at once, of keys that mostly are not there yet and mostly are
//! of the commonest shapes.
//!
//! What it comes to is what [`Keyspace::merge_part`] comes to, state after state.

use super::KeyRef;
use super::entry::{Entry, State};
use super::flags::PAST;
use super::keyspace::{Keyspace, SHARDS, lock_number};
use super::shard::{Account, Shard};
use crate::base::Stamp;
use crate::crdt::{Key, Plain, Told};

/// A key's state that was read.
#[derive(Clone, Debug)]
pub struct Loaded<'a> {
    pub key: KeyRef<'a>,
    pub told: Told<'a>,
}

/// Some of the keys: the `nth` of `of` parts.
///
/// Threads that load a part each never wait for each other.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub nth: u32,
    pub of: u32,
}

impl Part {
    pub const WHOLE: Part = Part { nth: 0, of: 1 };
}

impl Keyspace {
    /// Whether a key is of this part.
    #[must_use]
    pub fn is_in(&self, part: Part, key: KeyRef<'_>) -> bool {
        part.of <= 1 || self.lock_of(key) % part.of == part.nth
    }

    /// How many keys a database holds, hidden ones included.
    #[must_use]
    pub fn entries(&self, db: u16) -> u64 {
        self.shards_in_use(db).iter().map(|shard| shard.read().len() as u64).sum()
    }

    /// Makes room for so many keys of a database.
    pub fn reserve(&self, db: u16, keys: u64) {
        let each = keys / SHARDS as u64;
        // Four times what the number of keys in a shard deviates by.
        let each = usize::try_from(each + 4 * each.isqrt()).unwrap_or(usize::MAX);
        for shard in 0..SHARDS as u32 {
            self.shard(lock_number(db, shard)).write().reserve(each);
        }
    }

    /// Merges states in their order, as far as they are of the same key; true when a part did not fit.
    pub fn load(&self, states: &[Loaded<'_>], now_ms: u64) -> bool {
        let latest = states.iter().map(|loaded| loaded.told.max_stamp()).max();
        self.clock.observe(latest.unwrap_or(Stamp::NEVER));
        let mut places: Vec<(u32, u32)> =
            (0..).zip(states).map(|(at, loaded)| (self.lock_of(loaded.key), at)).collect();
        places.sort_unstable();
        let mut fits = true;
        for run in places.chunk_by(|(one, _), (other, _)| one == other) {
            let states = run.iter().filter_map(|(_, at)| states.get(*at as usize));
            let lock = run.first().map_or(0, |(lock, _)| *lock);
            let mut shard = self.shard(lock).write();
            // So that the cache misses overlap.
            states.clone().for_each(|loaded| shard.touch(loaded.key.hash));
            states.for_each(|loaded| fits &= self.load_one(&mut shard, loaded, now_ms));
        }
        !fits
    }

    /// False when a part did not fit.
    fn load_one(&self, shard: &mut Shard, loaded: &Loaded<'_>, now_ms: u64) -> bool {
        let key = loaded.key;
        match &loaded.told {
            Told::Plain(plain) => {
                if !self.load_plain(shard, key, plain, now_ms) {
                    self.merge_locked(shard, key, &plain.to_key(), now_ms);
                }
                true
            }
            Told::Key(theirs) => self.merge_locked(shard, key, theirs, now_ms).whole,
        }
    }

    /// The short ways; false: there is none, and nothing was changed.
    fn load_plain(
        &self,
        shard: &mut Shard,
        key: KeyRef<'_>,
        plain: &Plain<'_>,
        now_ms: u64,
    ) -> bool {
        // Who watches is told of what is news, which a merge finds out.
        if !self.keeps() || !shard.sealed.is_empty() || shard.watched.is_some() {
            return false;
        }
        if let Some(entry) = shard.find_mut(key.hash, key.name) {
            // What is due, or was, has more to be noted of it.
            let is_due = entry.due_ms() <= now_ms || entry.flags.has(PAST);
            let counts = !is_due && entry.catch_up(plain, self.me());
            if counts {
                self.refresh_digest(key.db, entry, now_ms);
            }
            return counts;
        }
        let entry = self.entry_of(key, plain, now_ms);
        shard.note_change(key.hash, Account::NOTHING, Account::of(&entry), now_ms);
        shard.insert(key.hash, Box::new(entry));
        true
    }

    /// An entry for a key that has none.
    fn entry_of(&self, key: KeyRef<'_>, plain: &Plain<'_>, now_ms: u64) -> Entry {
        let mut entry = match State::of_plain(plain, self.me()) {
            Some(state) => {
                let mut entry = self.new_entry(key.name, state);
                entry.set_ends(plain.deadline.tag().stamp, plain.deadline.at_ms());
                entry
            }
            None => {
                let mut entry = self.new_entry(key.name, State::whole(Key::default()));
                entry.set_key(plain.to_key(), self.me(), now_ms);
                entry
            }
        };
        self.account(key.db, &mut entry, &Account::NOTHING, now_ms);
        self.refresh_digest(key.db, &mut entry, now_ms);
        entry
    }
}
