//! What MULTI has collected: requests that wait for EXEC, copied out of the input into one buffer.

use super::Args;
use super::registry::Entry;
use super::table::{Flags, Reach};
use crate::base::number::parse_i64;
use crate::resp::Span;
use std::cell::Cell;

/// Room that is kept for the next transaction of the thread: more is given back.
const KEPT_BYTES: usize = 64 * 1024;

/// Requests that wait for EXEC.
pub struct Queue {
    bytes: Vec<u8>,
    /// All arguments of all requests.
    spans: Vec<Span>,
    requests: Vec<Queued>,
    /// The database in which the next request will find itself.
    db: u16,
    /// What any of the commands is.
    any: Flags,
    /// What all of them are.
    all: Flags,
    is_doomed: bool,
}

/// A request that waits.
#[derive(Clone, Copy)]
pub struct Queued {
    pub entry: &'static Entry,
    /// The hash of its only key.
    pub hash: Option<u64>,
    /// The database that is selected when its turn comes.
    pub db: u16,
    first_span: u32,
    spans: u32,
}

impl Queued {
    /// Whether it may hold no key while it runs.
    pub fn asks_engine(&self) -> bool {
        self.entry.command.reach == Reach::Engine
    }
}

thread_local! {
    /// The room of the last transaction that this thread has executed, for the next one.
    static SPARE: Cell<Option<Box<Queue>>> = const { Cell::new(None) };
}

impl Queue {
    /// An empty one, of a client that works in database `db`.
    pub fn begin(db: u16) -> Box<Queue> {
        let mut queue = SPARE.take().unwrap_or_else(|| {
            Box::new(Queue {
                bytes: Vec::new(),
                spans: Vec::new(),
                requests: Vec::new(),
                db,
                any: Flags::NONE,
                all: Flags::NONE,
                is_doomed: false,
            })
        });
        (queue.db, queue.any, queue.all) = (db, Flags::NONE, Flags::EVERY);
        queue.is_doomed = false;
        queue
    }

    /// Leaves its room to the next transaction of this thread.
    pub fn end(mut self: Box<Queue>) {
        if self.memory_bytes() <= KEPT_BYTES {
            self.bytes.clear();
            self.spans.clear();
            self.requests.clear();
            SPARE.set(Some(self));
        }
    }

    /// Puts a request at the end; false: no more bytes fit than 32 bits can count.
    pub fn push(
        &mut self,
        entry: &'static Entry,
        hash: Option<u64>,
        args: Args<'_>,
        databases: u16,
    ) -> bool {
        let flags = entry.command.flags;
        (self.any, self.all) = (self.any.or(flags), self.all.and(flags));
        let first_span = self.spans.len();
        for word in args.iter() {
            let (Ok(start), Ok(len)) = (u32::try_from(self.bytes.len()), u32::try_from(word.len()))
            else {
                return false;
            };
            self.spans.push(Span { start, len });
            self.bytes.extend_from_slice(word);
        }
        let Ok(first_span) = u32::try_from(first_span) else { return false };
        let spans = args.len() as u32;
        self.requests.push(Queued { entry, hash, db: self.db, first_span, spans });
        if entry.full_name == "select" {
            // What SELECT refuses leaves the database as it is.
            let index = args.get(1).and_then(parse_i64).and_then(|index| u16::try_from(index).ok());
            self.db = index.filter(|index| *index < databases).unwrap_or(self.db);
        }
        true
    }

    /// An error was answered instead of QUEUED: EXEC will refuse it all.
    pub fn doom(&mut self) {
        self.is_doomed = true;
    }

    pub fn is_doomed(&self) -> bool {
        self.is_doomed
    }

    pub fn requests(&self) -> &[Queued] {
        &self.requests
    }

    pub fn args(&self, request: &Queued) -> Args<'_> {
        let first = request.first_span as usize;
        let spans = self.spans.get(first..first + request.spans as usize);
        Args::new(&self.bytes, spans.unwrap_or_default())
    }

    /// What counts as the flags of a request that comes after MULTI. EXEC does what its commands do; one that
    /// would wait takes memory, whatever it does later.
    pub fn flags_of(&self, entry: &Entry) -> Flags {
        let flags = entry.command.flags;
        if !flags.has(Flags::UNQUEUED) {
            return flags.or(Flags::DENYOOM);
        }
        match entry.full_name.as_str() {
            "exec" => {
                let effects = self.any.and(Flags::WRITE.or(Flags::DENYOOM));
                flags.or(effects).and(self.all.or(Flags::LOADING.not()))
            }
            "discard" | "quit" | "reset" => flags,
            _ => flags.or(Flags::DENYOOM),
        }
    }

    /// Bytes of memory that what waits takes.
    pub fn memory_bytes(&self) -> usize {
        self.bytes.len() + size_of_val(&self.spans[..]) + size_of_val(&self.requests[..])
    }
}

#[cfg(test)]
mod tests {
    use super::super::args::tests::Request;
    use super::super::registry;
    use super::*;

    fn push(queue: &mut Queue, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let request = Request::new(words.iter());
        let entry = registry::find(words[0].as_bytes()).expect("a known command");
        assert!(queue.push(entry, None, request.args(), 16));
    }

    #[test]
    fn requests_come_back_as_they_were_said_each_in_its_database() {
        let mut queue = Queue::begin(2);
        let lines = ["set a 1", "select 3", "get b", "select 16", "ping", "select x", "dbsize"];
        lines.iter().for_each(|line| push(&mut queue, line));
        let said = |request: &Queued| {
            let words: Vec<&[u8]> = queue.args(request).iter().collect();
            (request.db, String::from_utf8(words.join(&b' ')).expect("the words of the test"))
        };
        let all: Vec<(u16, String)> = queue.requests().iter().map(said).collect();
        let databases = [2, 2, 3, 3, 3, 3, 3];
        let expected: Vec<(u16, String)> =
            databases.into_iter().zip(lines.map(str::to_owned)).collect();
        assert_eq!(all, expected);
    }

    #[test]
    fn nothing_is_left_for_the_next_transaction() {
        let mut queue = Queue::begin(0);
        push(&mut queue, "set a 1");
        queue.doom();
        queue.end();
        let queue = Queue::begin(1);
        assert!(queue.requests().is_empty() && !queue.is_doomed());
        assert_eq!(queue.memory_bytes(), 0);
    }

    #[test]
    fn exec_does_what_its_commands_do() {
        let exec = registry::find(b"exec").expect("known");
        let mut queue = Queue::begin(0);
        assert!(queue.flags_of(exec).has(Flags::LOADING));
        push(&mut queue, "echo a");
        assert!(queue.flags_of(exec).has(Flags::LOADING));
        push(&mut queue, "get a");
        let flags = queue.flags_of(exec);
        assert!(!flags.has(Flags::LOADING) && !flags.has(Flags::WRITE));
        push(&mut queue, "set a 1");
        assert!(queue.flags_of(exec).has(Flags::WRITE.or(Flags::DENYOOM)));
        let get = registry::find(b"get").expect("known");
        assert!(queue.flags_of(get).has(Flags::DENYOOM), "it takes memory until EXEC");
    }
}
