//! A small map by replica.

use crate::base::Replica;
use crate::base::codec::Malformed;

/// A map by replica, as a sorted vector: a key seldom has more than a handful.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaMap<T> {
    entries: Vec<(Replica, T)>,
}

impl<T> Default for ReplicaMap<T> {
    fn default() -> Self {
        ReplicaMap { entries: Vec::new() }
    }
}

impl<T> ReplicaMap<T> {
    #[must_use]
    pub fn get(&self, replica: Replica) -> Option<&T> {
        self.find(replica).ok().map(|at| &self.entries[at].1)
    }

    pub fn get_mut(&mut self, replica: Replica) -> Option<&mut T> {
        self.find(replica).ok().map(|at| &mut self.entries[at].1)
    }

    /// The replica's value, made by `new` when it has none.
    pub fn get_or_insert_with(&mut self, replica: Replica, new: impl FnOnce() -> T) -> &mut T {
        let at = match self.find(replica) {
            Ok(at) => at,
            Err(at) => {
                self.insert(at, replica, new());
                at
            }
        };
        &mut self.entries[at].1
    }

    /// Puts the value of a replica after all that there are.
    ///
    /// # Errors
    /// The replica is not after them.
    pub fn push(&mut self, replica: Replica, value: T) -> Result<(), Malformed> {
        if self.entries.last().is_some_and(|(last, _)| *last >= replica) {
            return Err(Malformed("replicas out of order"));
        }
        self.insert(self.entries.len(), replica, value);
        Ok(())
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Replica, &T)> + Clone {
        self.entries.iter().map(|(replica, value)| (*replica, value))
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.entries.iter_mut().map(|(_, value)| value)
    }

    pub fn retain(&mut self, mut keep: impl FnMut(Replica, &T) -> bool) {
        self.entries.retain(|(replica, value)| keep(*replica, value));
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes of heap that the map itself holds.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.entries.capacity() * size_of::<(Replica, T)>()
    }

    /// Merges what `other` has, by `merge` where both have a value.
    pub fn merge_with(&mut self, other: &ReplicaMap<T>, merge: impl Fn(&mut T, &T))
    where
        T: Clone,
    {
        for (replica, theirs) in other.iter() {
            match self.find(replica) {
                Ok(at) => merge(&mut self.entries[at].1, theirs),
                Err(at) => self.insert(at, replica, theirs.clone()),
            }
        }
    }

    /// Makes room for one alone: that is what most keys have, of millions.
    fn insert(&mut self, at: usize, replica: Replica, value: T) {
        self.entries.reserve_exact(1);
        self.entries.insert(at, (replica, value));
    }

    fn find(&self, replica: Replica) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&replica, |(replica, _)| *replica)
    }
}
