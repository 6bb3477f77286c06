//! Which clients have read which keys, by the keys' names alone: as in Redis it does not matter in which database.

use crate::base::Name;
use crate::base::hash::hash_name;
use hashbrown::HashTable;
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Parts of the table, each with a lock.
const PARTS: usize = 64;
/// Which bits of a hash choose the part: not those by which the table finds its places.
const PART_SHIFT: u32 = 44;

/// The ids of clients. Some of them may be gone.
pub type Readers = SmallVec<[u64; 2]>;

pub struct Table {
    parts: [Mutex<HashTable<Read>>; PARTS],
    keys: AtomicUsize,
    readers: AtomicUsize,
}

struct Read {
    key: Name,
    readers: Readers,
}

impl Default for Table {
    fn default() -> Table {
        Table {
            parts: std::array::from_fn(|_| Mutex::default()),
            keys: AtomicUsize::new(0),
            readers: AtomicUsize::new(0),
        }
    }
}

impl Table {
    /// Notes that a client reads a key.
    pub fn add(&self, key: &[u8], reader: u64) {
        let hash = hash_name(key);
        let mut part = self.parts[part_of(hash)].lock();
        match part.find_mut(hash, |read| *read.key == *key) {
            Some(read) if read.readers.contains(&reader) => return,
            Some(read) => read.readers.push(reader),
            None => {
                let read =
                    Read { key: Name::from_slice(key), readers: Readers::from_slice(&[reader]) };
                part.insert_unique(hash, read, |read| hash_name(&read.key));
                self.keys.fetch_add(1, Relaxed);
            }
        }
        self.readers.fetch_add(1, Relaxed);
    }

    /// Who has read a key: they are told, once.
    pub fn take(&self, key: &[u8]) -> Readers {
        let hash = hash_name(key);
        let mut part = self.parts[part_of(hash)].lock();
        match part.find_entry(hash, |read| *read.key == *key) {
            Ok(found) => self.forget(found.remove().0).1,
            Err(_) => Readers::new(),
        }
    }

    /// Takes out some key, beginning with the part of `key`: there are too many.
    pub fn take_any(&self, key: &[u8]) -> Option<(Name, Readers)> {
        let first = part_of(hash_name(key));
        (first..PARTS).chain(0..first).find_map(|part| {
            let mut part = self.parts[part].lock();
            let hash =
                part.iter().find(|read| *read.key != *key).map(|read| hash_name(&read.key))?;
            let found = part.find_entry(hash, |read| hash_name(&read.key) == hash).ok()?;
            Some(self.forget(found.remove().0))
        })
    }

    pub fn clear(&self) {
        for part in &self.parts {
            for read in std::mem::take(&mut *part.lock()) {
                self.forget(read);
            }
        }
    }

    fn forget(&self, read: Read) -> (Name, Readers) {
        self.keys.fetch_sub(1, Relaxed);
        self.readers.fetch_sub(read.readers.len(), Relaxed);
        (read.key, read.readers)
    }

    pub fn keys(&self) -> usize {
        self.keys.load(Relaxed)
    }

    /// Pairs of keys and clients.
    pub fn items(&self) -> usize {
        self.readers.load(Relaxed)
    }
}

fn part_of(hash: u64) -> usize {
    (hash >> PART_SHIFT) as usize % PARTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_read_is_told_once() {
        let table = Table::default();
        for reader in [1, 2, 1] {
            table.add(b"k", reader);
        }
        table.add(b"other", 1);
        assert_eq!((table.keys(), table.items()), (2, 3));
        assert_eq!(table.take(b"k").to_vec(), [1, 2]);
        assert!(table.take(b"k").is_empty() && table.take(b"nosuch").is_empty());
        assert_eq!((table.keys(), table.items()), (1, 1));
        table.clear();
        assert_eq!((table.keys(), table.items()), (0, 0));
    }

    #[test]
    fn another_key_goes_when_there_are_too_many() {
        let table = Table::default();
        table.add(b"a", 1);
        assert!(table.take_any(b"a").is_none());
        table.add(b"b", 2);
        let (name, readers) = table.take_any(b"a").expect("b");
        assert_eq!((&*name, &readers[..]), (&b"b"[..], &[2][..]));
    }
}
