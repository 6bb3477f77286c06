//! The locked shards of a scope.

use super::keys::Mode;
use super::keyspace::Keyspace;
use super::lanes::Patience;
use super::shard::Shard;
use super::sync::{RwLockReadGuard, RwLockWriteGuard};

/// A locked shard.
pub(super) enum Guard<'k> {
    Shared(RwLockReadGuard<'k, Shard>),
    Exclusive(RwLockWriteGuard<'k, Shard>),
}

impl<'k> Guard<'k> {
    /// `None`: a script has held it for too long.
    #[inline]
    fn lock(
        keyspace: &'k Keyspace,
        lock: u32,
        mode: Mode,
        patience: Patience,
    ) -> Option<Guard<'k>> {
        let shard = keyspace.shard(lock);
        match mode {
            Mode::Shared => keyspace.read_patiently(shard, patience).map(Guard::Shared),
            Mode::Exclusive => keyspace.write_patiently(shard, patience).map(Guard::Exclusive),
        }
    }

    pub fn shard(&self) -> &Shard {
        match self {
            Guard::Shared(guard) => guard,
            Guard::Exclusive(guard) => guard,
        }
    }
}

/// Locked shards by the numbers of their locks. Nearly every command has one key, and a form of its
/// own spares it a search.
pub(super) enum Guards<'k> {
    One(u32, Guard<'k>),
    /// By lock number, rising.
    Many(Vec<(u32, Guard<'k>)>),
}

impl<'k> Guards<'k> {
    #[inline]
    pub fn one(
        keyspace: &'k Keyspace,
        lock: u32,
        mode: Mode,
        patience: Patience,
    ) -> Option<Guards<'k>> {
        Some(Guards::One(lock, Guard::lock(keyspace, lock, mode, patience)?))
    }

    /// Takes `locks`, which rise: so no two scopes wait for each other.
    pub fn many(
        keyspace: &'k Keyspace,
        locks: impl Iterator<Item = u32>,
        mode: Mode,
        patience: Patience,
    ) -> Option<Guards<'k>> {
        let locked = locks.map(|lock| Some((lock, Guard::lock(keyspace, lock, mode, patience)?)));
        locked.collect::<Option<_>>().map(Guards::Many)
    }

    /// Takes one more, exclusively, for a scope that holds the lane of scripts: no other waits for two.
    pub fn add(&mut self, keyspace: &'k Keyspace, lock: u32) {
        let held = match self {
            Guards::Many(held) => held,
            Guards::One(..) => {
                let Guards::One(only, guard) = std::mem::replace(self, Guards::Many(Vec::new()))
                else {
                    return;
                };
                *self = Guards::Many(vec![(only, guard)]);
                return self.add(keyspace, lock);
            }
        };
        if let Err(at) = held.binary_search_by_key(&lock, |(lock, _)| *lock) {
            held.insert(at, (lock, Guard::Exclusive(keyspace.shard(lock).write())));
        }
    }

    /// The shard of a lock, if it is held.
    #[inline]
    pub fn get(&self, lock: u32) -> Option<&Guard<'k>> {
        match self {
            Guards::One(only, guard) => (*only == lock).then_some(guard),
            Guards::Many(guards) => {
                let at = guards.binary_search_by_key(&lock, |(lock, _)| *lock).ok()?;
                Some(&guards[at].1)
            }
        }
    }

    #[inline]
    pub fn get_mut(&mut self, lock: u32) -> Option<&mut Guard<'k>> {
        match self {
            Guards::One(only, guard) => (*only == lock).then_some(guard),
            Guards::Many(guards) => {
                let at = guards.binary_search_by_key(&lock, |(lock, _)| *lock).ok()?;
                Some(&mut guards[at].1)
            }
        }
    }

    /// The locks held, rising.
    pub fn locks(&self) -> impl Iterator<Item = u32> {
        let (one, many) = match self {
            Guards::One(lock, _) => (Some(*lock), &[][..]),
            Guards::Many(guards) => (None, &guards[..]),
        };
        one.into_iter().chain(many.iter().map(|(lock, _)| *lock))
    }

    pub fn is_empty(&self) -> bool {
        matches!(self, Guards::Many(guards) if guards.is_empty())
    }

    /// Whether all that is held is held exclusively.
    pub fn all_exclusive(&self) -> bool {
        match self {
            Guards::One(_, guard) => matches!(guard, Guard::Exclusive(_)),
            Guards::Many(guards) => {
                guards.iter().all(|(_, guard)| matches!(guard, Guard::Exclusive(_)))
            }
        }
    }

    /// Gives all locks back.
    pub fn release(&mut self) {
        *self = Guards::Many(Vec::new());
    }
}
