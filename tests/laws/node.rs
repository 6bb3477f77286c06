//! One node's replica of one key, for tests that tell a story.

use headcount::base::clock::Clock;
use headcount::base::{Replica, Tag};
use headcount::crdt::{Key, Tombstones, Visible, Write};

/// Unix milliseconds from which stories count.
pub const START_MS: u64 = 1_000_000;

pub struct Node {
    pub key: Key,
    pub clock: Clock,
    pub replica: Replica,
}

impl Node {
    pub fn new(node: u32) -> Node {
        Node { key: Key::default(), clock: Clock::default(), replica: Replica { node, epoch: 1 } }
    }

    /// A write at `ms` after the start, by this node's wall clock.
    pub fn write<R>(&mut self, ms: u64, write: impl FnOnce(&mut Key, &Write) -> R) -> R {
        let now_ms = START_MS + ms;
        let tag = Tag::new(self.clock.stamp(now_ms), self.replica);
        let context = Write { now_ms, tag, tombstones: Tombstones::KEEP };
        self.key.settle(now_ms, Tombstones::KEEP);
        write(&mut self.key, &context)
    }

    pub fn hear(&mut self, key: &Key) {
        self.clock.observe(key.max_stamp());
        self.key.merge(key, Tombstones::KEEP);
    }
}

/// The visible string.
pub fn text_at(key: &Key, ms: u64) -> Option<String> {
    Some(match key.text(START_MS + ms)? {
        Visible::Integer(value) => value.to_string(),
        Visible::Text(text) => String::from_utf8_lossy(text).into_owned(),
        Visible::Number(text) => text,
        Visible::Made(text) => String::from_utf8_lossy(&text).into_owned(),
    })
}
