//! Patterns of channels' names.

use super::message::Encoded;
use super::{Subscribers, deliver};
use crate::base::glob;
use crate::config::BufferLimit;
use crate::node::ClientHandle;
use indexmap::IndexMap;
use parking_lot::RwLock;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Who hears the channels that match which pattern.
#[derive(Default)]
pub struct Patterns {
    by_pattern: RwLock<IndexMap<Arc<[u8]>, Subscribers, foldhash::quality::RandomState>>,
    count: AtomicUsize,
}

impl Patterns {
    pub fn add(&self, pattern: &Arc<[u8]>, client: &Arc<ClientHandle>) {
        let mut patterns = self.by_pattern.write();
        patterns.entry(pattern.clone()).or_default().insert(client.id, client.clone());
        self.count.store(patterns.len(), Relaxed);
    }

    pub fn remove(&self, pattern: &[u8], id: u64) {
        let mut patterns = self.by_pattern.write();
        let Some(subscribers) = patterns.get_mut(pattern) else { return };
        subscribers.swap_remove(&id);
        if subscribers.is_empty() {
            patterns.shift_remove(pattern);
            self.count.store(patterns.len(), Relaxed);
        }
    }

    pub fn len(&self) -> usize {
        self.count.load(Relaxed)
    }

    /// Sends a message to who hears `channel` by a pattern; returns to how many. Who has several patterns that
    /// match hears it several times.
    pub fn publish(&self, channel: &[u8], payload: &[u8], limit: BufferLimit) -> usize {
        if self.len() == 0 {
            return 0;
        }
        let patterns = self.by_pattern.read();
        let matching =
            patterns.iter().filter(|(pattern, _)| glob::matches(pattern, channel, false));
        matching
            .map(|(pattern, subscribers)| {
                deliver(subscribers, &mut Encoded::of_pattern(pattern, channel, payload), limit)
            })
            .sum()
    }
}
