//! What one client hears.

use indexmap::IndexSet;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// What a name is a name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    Channels,
    Patterns,
    ShardChannels,
}

impl Space {
    pub const ALL: [Space; 3] = [Space::Channels, Space::Patterns, Space::ShardChannels];
}

type Names = IndexSet<Arc<[u8]>, foldhash::quality::RandomState>;

/// The names that a client has subscribed to. Only its connection changes them.
#[derive(Default)]
pub struct Subscriptions {
    names: Mutex<[Names; 3]>,
    /// How many of each, for others to see.
    counts: [AtomicUsize; 3],
    /// Of memory.
    bytes: AtomicUsize,
}

impl Subscriptions {
    /// The name as it was added; `None`: it was there.
    pub(super) fn add(&self, space: Space, name: &[u8]) -> Option<Arc<[u8]>> {
        let names = &mut self.names.lock()[space as usize];
        if names.contains(name) {
            return None;
        }
        let name: Arc<[u8]> = name.into();
        names.insert(name.clone());
        self.counts[space as usize].store(names.len(), Relaxed);
        self.bytes.fetch_add(cost(&name), Relaxed);
        Some(name)
    }

    /// False: it was not there.
    pub(super) fn remove(&self, space: Space, name: &[u8]) -> bool {
        let names = &mut self.names.lock()[space as usize];
        let was_there = names.shift_remove(name);
        if was_there {
            self.counts[space as usize].store(names.len(), Relaxed);
            self.bytes.fetch_sub(cost(name), Relaxed);
        }
        was_there
    }

    /// All of one kind, the last one first: taking them out one by one in that order moves none.
    #[must_use]
    pub fn names(&self, space: Space) -> Vec<Arc<[u8]>> {
        self.names.lock()[space as usize].iter().rev().cloned().collect()
    }

    #[must_use]
    pub fn count(&self, space: Space) -> usize {
        self.counts[space as usize].load(Relaxed)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        Space::ALL.iter().all(|space| self.count(*space) == 0)
    }

    /// Bytes of memory that they take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.load(Relaxed)
    }
}

/// A name and its places in the tables.
fn cost(name: &[u8]) -> usize {
    name.len() + 4 * size_of::<Arc<[u8]>>()
}
