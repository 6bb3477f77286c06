//! What was refused to whom, for ACL LOG.

use std::collections::VecDeque;

/// The same thing again within this time is counted, not listed once more.
const SAME_MS: u64 = 60_000;
/// So many of the latest entries are looked at for that.
const LOOKED_AT: usize = 10;

/// What was missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Command,
    Key,
    Channel,
    Auth,
}

impl Reason {
    pub const ALL: [Reason; 4] = [Reason::Auth, Reason::Command, Reason::Key, Reason::Channel];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Reason::Command => "command",
            Reason::Key => "key",
            Reason::Channel => "channel",
            Reason::Auth => "auth",
        }
    }
}

/// Where it was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    TopLevel,
    Multi,
    Script,
}

impl Context {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Context::TopLevel => "toplevel",
            Context::Multi => "multi",
            Context::Script => "lua",
        }
    }
}

/// Something that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    pub reason: Reason,
    pub context: Context,
    /// The command, the key or the channel.
    pub object: Vec<u8>,
    pub user: Vec<u8>,
    /// The client, as CLIENT INFO shows it.
    pub client: String,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: u64,
    pub count: u64,
    pub denial: Denial,
    /// Unix milliseconds of the first and the last time.
    pub created_ms: u64,
    pub updated_ms: u64,
}

/// The latest first.
#[derive(Default)]
pub struct Log {
    entries: VecDeque<Entry>,
    next_id: u64,
}

impl Log {
    /// Notes it, and keeps at most `max` entries.
    pub fn record(&mut self, denial: Denial, now_ms: u64, max: usize) {
        let is_same = |entry: &Entry| {
            let known = &entry.denial;
            known.reason == denial.reason
                && known.context == denial.context
                && known.object == denial.object
                && known.user == denial.user
                && entry.updated_ms.abs_diff(now_ms) <= SAME_MS
        };
        let same = self.entries.iter().take(LOOKED_AT).position(is_same);
        if let Some(mut entry) = same.and_then(|at| self.entries.remove(at)) {
            entry.count += 1;
            entry.updated_ms = now_ms;
            entry.denial.client = denial.client;
            return self.entries.push_front(entry);
        }
        let id = self.next_id;
        self.next_id += 1;
        let (created_ms, updated_ms) = (now_ms, now_ms);
        self.entries.push_front(Entry { id, count: 1, denial, created_ms, updated_ms });
        self.entries.truncate(max);
    }

    /// At most `count` entries, the latest first.
    #[must_use]
    pub fn latest(&self, count: usize) -> Vec<Entry> {
        self.entries.iter().take(count).cloned().collect()
    }

    pub fn clear(&mut self) {
        self.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denial(object: &str) -> Denial {
        Denial {
            reason: Reason::Key,
            context: Context::TopLevel,
            object: object.into(),
            user: b"ann".to_vec(),
            client: String::new(),
        }
    }

    fn shown(log: &Log) -> Vec<(String, u64)> {
        let object = |entry: &Entry| String::from_utf8_lossy(&entry.denial.object).into_owned();
        log.latest(100).iter().map(|entry| (object(entry), entry.count)).collect()
    }

    #[test]
    fn the_same_again_is_counted_for_a_minute() {
        let mut log = Log::default();
        log.record(denial("a"), 0, 10);
        log.record(denial("b"), 1, 10);
        log.record(denial("a"), SAME_MS, 10);
        assert_eq!(shown(&log), [("a".to_owned(), 2), ("b".to_owned(), 1)]);
        log.record(denial("a"), 2 * SAME_MS + 1, 10);
        assert_eq!(shown(&log).len(), 3);
        let other = Denial { context: Context::Multi, ..denial("a") };
        log.record(other, 2 * SAME_MS + 1, 10);
        assert_eq!(shown(&log).len(), 4);
        let ids: Vec<u64> = log.latest(2).iter().map(|entry| entry.id).collect();
        assert_eq!(ids, [3, 2]);
    }

    #[test]
    fn it_is_bounded() {
        let mut log = Log::default();
        (0..20).for_each(|number| log.record(denial(&number.to_string()), 0, 5));
        assert_eq!(shown(&log).len(), 5);
        log.clear();
        assert!(log.latest(1).is_empty());
        log.record(denial("a"), 0, 0);
        assert!(log.latest(1).is_empty(), "acllog-max-len 0");
    }
}
