//! The slow log: the last requests that took long.

use parking_lot::Mutex;
use std::collections::VecDeque;

/// Arguments of an entry that are kept; the last one tells how many were left out.
const MAX_ARGUMENTS: usize = 32;
/// Bytes of an argument that are kept.
const MAX_ARGUMENT_BYTES: usize = 128;

/// One slow request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlowEntry {
    pub id: u64,
    pub unix_seconds: u64,
    pub duration_us: u64,
    pub arguments: Vec<Vec<u8>>,
    pub client_addr: String,
    pub client_name: String,
}

/// The slow requests, the newest first.
#[derive(Default)]
pub struct SlowLog {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next_id: u64,
    entries: VecDeque<SlowEntry>,
}

impl SlowLog {
    /// Notes a request that took `duration_us`; `max_len` (slowlog-max-len) entries are kept. The
    /// caller has compared the duration with slowlog-log-slower-than.
    pub fn record<'a>(
        &self,
        max_len: usize,
        unix_seconds: u64,
        duration_us: u64,
        arguments: impl ExactSizeIterator<Item = &'a [u8]>,
        client: &super::ClientHandle,
    ) {
        let arguments = shortened(arguments);
        let (client_addr, client_name) = (client.addr.clone(), client.names().name);
        let mut state = self.state.lock();
        let id = state.next_id;
        state.next_id += 1;
        state.entries.push_front(SlowEntry {
            id,
            unix_seconds,
            duration_us,
            arguments,
            client_addr,
            client_name,
        });
        state.entries.truncate(max_len);
    }

    /// The newest `count` entries.
    #[must_use]
    pub fn newest(&self, count: usize) -> Vec<SlowEntry> {
        self.state.lock().entries.iter().take(count).cloned().collect()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.state.lock().entries.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets the entries; ids go on.
    pub fn reset(&self) {
        self.state.lock().entries.clear();
    }
}

/// As many arguments, and as much of each, as Redis keeps.
fn shortened<'a>(arguments: impl ExactSizeIterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    let total = arguments.len();
    let kept = if total > MAX_ARGUMENTS { MAX_ARGUMENTS - 1 } else { total };
    let mut texts: Vec<Vec<u8>> = arguments.take(kept).map(shortened_text).collect();
    if total > kept {
        texts.push(format!("... ({} more arguments)", total - kept).into_bytes());
    }
    texts
}

fn shortened_text(text: &[u8]) -> Vec<u8> {
    if text.len() <= MAX_ARGUMENT_BYTES {
        return text.to_vec();
    }
    let (head, rest) = text.split_at(MAX_ARGUMENT_BYTES);
    let mut short = head.to_vec();
    short.extend_from_slice(format!("... ({} more bytes)", rest.len()).as_bytes());
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::{ClientHandle, NewClient};

    fn record(log: &SlowLog, max_len: usize, words: &[&str]) {
        let (addr, laddr) = ("1.2.3.4:5".to_owned(), String::new());
        let new = NewClient { addr, laddr, unix_socket: false, created_ms: 0 };
        let client = ClientHandle::new(1, new);
        log.record(max_len, 9, 20_000, words.iter().map(|word| word.as_bytes()), &client);
    }

    fn arguments(log: &SlowLog) -> Vec<String> {
        let newest = log.newest(1).remove(0).arguments;
        newest
            .into_iter()
            .map(|word| String::from_utf8(word).expect("the words are text"))
            .collect()
    }

    #[test]
    fn keeps_the_newest() {
        let log = SlowLog::default();
        for word in ["a", "b", "c"] {
            record(&log, 2, &[word]);
        }
        let ids = |log: &SlowLog| log.newest(10).iter().map(|entry| entry.id).collect::<Vec<_>>();
        assert_eq!(ids(&log), [2, 1]);
        log.reset();
        record(&log, 2, &["d"]);
        assert_eq!(ids(&log), [3]);
        record(&log, 0, &["e"]);
        assert!(log.is_empty());
    }

    // As in Redis's tests of SLOWLOG.
    #[test]
    fn long_requests_are_shortened() {
        let log = SlowLog::default();
        let words: Vec<String> = (1..=33).map(|number| number.to_string()).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        record(&log, 10, &words[..32]);
        assert_eq!(arguments(&log)[31], "32");
        record(&log, 10, &words);
        assert_eq!(arguments(&log).len(), 32);
        assert_eq!(arguments(&log)[31], "... (2 more arguments)");
        record(&log, 10, &["set", &"a".repeat(129), &"b".repeat(128)]);
        assert_eq!(arguments(&log)[1], "a".repeat(128) + "... (1 more bytes)");
        assert_eq!(arguments(&log)[2], "b".repeat(128));
    }
}
