//! The tables that are compared, with one kind of entry.

use crossbeam::utils::CachePadded;
use dashmap::DashMap;
use hashbrown::HashTable;
use headcount::base::hash::{NameHasher, hash_name};
use parking_lot::RwLock;
use smallvec::SmallVec;
use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::hint::black_box;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::Relaxed;

type Name = SmallVec<[u8; 16]>;

/// As many as the store has.
pub const SHARDS: usize = 1024;
/// Requests that arrive together.
pub const PIPELINE: usize = 16;
/// As the store chooses: not the lowest bits (buckets) nor the highest seven (tags).
const SHARD_SHIFT: u32 = 44;

/// A key's entry without its name: a counter and as many other bytes as the store's has.
pub struct Value {
    count: AtomicI64,
    _rest: [u64; 6],
}

impl Value {
    fn new() -> Value {
        Value { count: AtomicI64::new(0), _rest: [0; 6] }
    }
}

/// A key's entry.
pub struct Entry {
    name: Name,
    value: Value,
}

impl Entry {
    fn new(name: &[u8]) -> Entry {
        Entry { name: Name::from_slice(name), value: Value::new() }
    }
}

/// What the comparison asks of a table.
pub trait Table: Sync {
    fn empty() -> Self;
    /// There is none of that name.
    fn insert(&self, name: &[u8]);
    /// Counts one on; answers whether there is such an entry.
    fn add(&self, name: &[u8]) -> bool;
    /// Has the processor fetch the entries of the names of a pipeline, if the table can.
    fn prefetch(&self, names: &[[u8; 16]]) {
        _ = names;
    }
}

type Shard = RwLock<HashTable<Box<Entry>>>;

/// The store's: shards under a lock each, of boxed entries.
pub struct Sharded(Box<[CachePadded<Shard>]>);

impl Sharded {
    fn shard(&self, hash: u64) -> &Shard {
        &self.0[(hash >> SHARD_SHIFT) as usize % SHARDS]
    }
}

impl Table for Sharded {
    fn empty() -> Sharded {
        Sharded((0..SHARDS).map(|_| CachePadded::default()).collect())
    }

    fn insert(&self, name: &[u8]) {
        let (hash, entry) = (hash_name(name), Box::new(Entry::new(name)));
        let mut shard = self.shard(hash).write();
        shard.insert_unique(hash, entry, |entry| hash_name(&entry.name));
    }

    fn add(&self, name: &[u8]) -> bool {
        let hash = hash_name(name);
        let shard = self.shard(hash).read();
        let entry = shard.find(hash, |entry| *entry.name == *name);
        entry.inspect(|entry| _ = entry.value.count.fetch_add(1, Relaxed)).is_some()
    }

    // As the store's own. DashMap cannot: whoever holds two of its references at once may wait for
    // ever.
    fn prefetch(&self, names: &[[u8; 16]]) {
        let hashes: SmallVec<[u64; PIPELINE]> = names.iter().map(|name| hash_name(name)).collect();
        hashes.iter().for_each(|hash| _ = black_box(self.shard(*hash).is_locked()));
        let held = hashes.iter().filter_map(|hash| Some((self.shard(*hash).try_read()?, *hash)));
        let held: SmallVec<[_; PIPELINE]> = held.collect();
        let places = held.iter().filter_map(|(shard, hash)| shard.iter_hash(*hash).next());
        let places: SmallVec<[&Box<Entry>; PIPELINE]> = places.collect();
        for entry in places {
            black_box((entry.name.first(), entry.value.count.load(Relaxed)));
        }
    }
}

/// DashMap as it is meant to be used: name and value in the table.
pub struct Inline(DashMap<Name, Value, NameHasher>);

impl Table for Inline {
    fn empty() -> Inline {
        Inline(DashMap::with_hasher_and_shard_amount(NameHasher::default(), SHARDS))
    }

    fn insert(&self, name: &[u8]) {
        self.0.insert(Name::from_slice(name), Value::new());
    }

    fn add(&self, name: &[u8]) -> bool {
        let value = self.0.get(name);
        value.inspect(|value| _ = value.count.fetch_add(1, Relaxed)).is_some()
    }
}

/// The same with as many shards as DashMap takes by itself.
pub struct InlineFewShards(Inline);

impl Table for InlineFewShards {
    fn empty() -> InlineFewShards {
        InlineFewShards(Inline(DashMap::with_hasher(NameHasher::default())))
    }

    fn insert(&self, name: &[u8]) {
        self.0.insert(name);
    }

    fn add(&self, name: &[u8]) -> bool {
        self.0.add(name)
    }
}

/// DashMap with the store's boxed entries.
pub struct Boxed(DashMap<Named, (), NameHasher>);

/// An entry that is found by its name.
pub struct Named(Box<Entry>);

impl Hash for Named {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.0.name.hash(hasher);
    }
}

impl PartialEq for Named {
    fn eq(&self, other: &Named) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Named {}

impl Borrow<[u8]> for Named {
    fn borrow(&self) -> &[u8] {
        &self.0.name
    }
}

impl Table for Boxed {
    fn empty() -> Boxed {
        Boxed(DashMap::with_hasher_and_shard_amount(NameHasher::default(), SHARDS))
    }

    fn insert(&self, name: &[u8]) {
        self.0.insert(Named(Box::new(Entry::new(name))), ());
    }

    fn add(&self, name: &[u8]) -> bool {
        let entry = self.0.get(name);
        entry.inspect(|entry| _ = entry.key().0.value.count.fetch_add(1, Relaxed)).is_some()
    }
}
