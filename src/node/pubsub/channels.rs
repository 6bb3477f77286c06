//! Channels by their names.

use super::Subscribers;
use crate::base::hash::hash_name;
use crate::node::ClientHandle;
use hashbrown::HashTable;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Parts of the table, each with a lock: so publishers to several channels seldom meet.
const PARTS: usize = 64;
/// Which bits of a hash choose the part: not those by which the table finds its places.
const PART_SHIFT: u32 = 44;

/// Who hears which channel. A channel is there as long as anybody hears it.
pub struct Channels {
    parts: [Mutex<HashTable<Channel>>; PARTS],
    count: AtomicUsize,
}

struct Channel {
    name: Arc<[u8]>,
    subscribers: Subscribers,
}

impl Default for Channels {
    fn default() -> Channels {
        Channels { parts: std::array::from_fn(|_| Mutex::default()), count: AtomicUsize::new(0) }
    }
}

impl Channels {
    pub fn add(&self, name: &Arc<[u8]>, client: &Arc<ClientHandle>) {
        let hash = hash_name(name);
        let mut part = self.part(hash).lock();
        if let Some(channel) = part.find_mut(hash, |channel| channel.name == *name) {
            channel.subscribers.insert(client.id, client.clone());
            return;
        }
        let mut subscribers = Subscribers::default();
        subscribers.insert(client.id, client.clone());
        let channel = Channel { name: name.clone(), subscribers };
        part.insert_unique(hash, channel, |channel| hash_name(&channel.name));
        self.count.fetch_add(1, Relaxed);
    }

    pub fn remove(&self, name: &[u8], id: u64) {
        let hash = hash_name(name);
        let mut part = self.part(hash).lock();
        let Ok(mut found) = part.find_entry(hash, |channel| *channel.name == *name) else { return };
        found.get_mut().subscribers.swap_remove(&id);
        if found.get().subscribers.is_empty() {
            found.remove();
            self.count.fetch_sub(1, Relaxed);
        }
    }

    /// Runs `act` on who hears a channel, while nobody else publishes to it.
    pub fn with<R>(&self, name: &[u8], act: impl FnOnce(Option<&Subscribers>) -> R) -> R {
        let hash = hash_name(name);
        let part = self.part(hash).lock();
        act(part.find(hash, |channel| *channel.name == *name).map(|channel| &channel.subscribers))
    }

    pub fn len(&self) -> usize {
        self.count.load(Relaxed)
    }

    /// Part by part: what changes meanwhile may be in it or not.
    pub fn names(&self) -> Vec<Arc<[u8]>> {
        let of_part = |part: &Mutex<HashTable<Channel>>| {
            part.lock().iter().map(|channel| channel.name.clone()).collect::<Vec<_>>()
        };
        self.parts.iter().flat_map(of_part).collect()
    }

    fn part(&self, hash: u64) -> &Mutex<HashTable<Channel>> {
        &self.parts[(hash >> PART_SHIFT) as usize % PARTS]
    }
}
