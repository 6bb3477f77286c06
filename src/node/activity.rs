//! What a connection tells of itself.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize};

/// What the connection tells of itself; plain relaxed stores by the thread that serves it.
#[derive(Default)]
pub struct Activity {
    /// Unix milliseconds of the last request.
    pub last_interaction_ms: AtomicU64,
    pub db: AtomicU16,
    /// 2 or 3.
    pub protocol: AtomicU8,
    /// The bytes of the arguments of the request being executed.
    pub argument_bytes: AtomicUsize,
    /// What the read buffer holds, and its room.
    pub query_bytes: AtomicUsize,
    pub query_free_bytes: AtomicUsize,
    /// What waits to be sent, and the memory that holds it.
    pub output_bytes: AtomicUsize,
    pub output_capacity_bytes: AtomicUsize,
    /// Since it connected.
    pub commands: AtomicU64,
    pub read_bytes: AtomicU64,
    pub written_bytes: AtomicU64,
    /// How many commands wait for EXEC, plus one; 0: MULTI was not said.
    queued: AtomicU32,
    /// Bytes of memory that they take.
    pub queued_bytes: AtomicUsize,
    /// The last command's index in the registry plus one; 0: none yet.
    last_command: AtomicU32,
}

impl Activity {
    pub fn set_last_command(&self, index: usize) {
        self.last_command.store(u32::try_from(index + 1).unwrap_or(0), Relaxed);
    }

    /// A request of arguments of these lengths is executed: as clients send it, it is still in the read buffer.
    pub fn set_request(&self, lengths: impl ExactSizeIterator<Item = usize>) {
        let line = |number: usize| number.checked_ilog10().unwrap_or(0) as usize + 4;
        let header = line(lengths.len());
        let add = |(all, sent): (usize, usize), len| (all + len, sent + line(len) + len + 2);
        let (bytes, sent_bytes) = lengths.fold((0, header), add);
        self.argument_bytes.store(bytes, Relaxed);
        self.query_bytes.store(sent_bytes, Relaxed);
    }

    /// So many commands wait for EXEC, in so much memory.
    pub fn set_queued(&self, commands: usize, bytes: usize) {
        self.queued.store(u32::try_from(commands + 1).unwrap_or(u32::MAX), Relaxed);
        self.queued_bytes.store(bytes, Relaxed);
    }

    /// There is no transaction any more.
    pub fn set_queueless(&self) {
        self.queued.store(0, Relaxed);
        self.queued_bytes.store(0, Relaxed);
    }

    /// How many commands wait for EXEC; `None`: MULTI was not said.
    #[must_use]
    pub fn queued(&self) -> Option<u32> {
        self.queued.load(Relaxed).checked_sub(1)
    }

    /// The index in the command registry.
    #[must_use]
    pub fn last_command(&self) -> Option<usize> {
        (self.last_command.load(Relaxed) as usize).checked_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_counts_as_it_is_sent() {
        let activity = Activity::default();
        activity.set_request([6, 4].into_iter());
        let sent = "*2\r\n$6\r\nclient\r\n$4\r\nlist\r\n".len();
        assert_eq!(activity.query_bytes.load(Relaxed), sent);
        assert_eq!(activity.argument_bytes.load(Relaxed), 10);
    }

    #[test]
    fn the_last_command_is_known() {
        let activity = Activity::default();
        assert_eq!(activity.last_command(), None);
        activity.set_last_command(0);
        assert_eq!(activity.last_command(), Some(0));
    }
}
