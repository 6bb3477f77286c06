//! What a client says after MULTI, and EXEC: all of it as one.

use super::*;
use crate::command::locking;
use crate::command::queue::{Queue, Queued};
use crate::store::{Keys, Keyspace};

const ABORTED: &str = "EXECABORT Transaction discarded because of previous errors.";
const TOO_LONG: &str = "ERR the transaction is too long";

impl<'b> Batch<'b> {
    /// A request of a client that has said MULTI: it waits for EXEC, but for the few that do not.
    pub(super) fn execute_after_multi(
        &mut self,
        known: Known,
        session: &mut Session,
        args: Args<'_>,
        out: &mut Vec<u8>,
    ) {
        let (start, entry) = (out.len(), known.entry);
        if !entry.command.flags.has(Flags::UNQUEUED) {
            self.queue(known, session, args, out);
        } else if entry.full_name == "exec" {
            return self.exec(entry, session, args, out);
        } else {
            self.run(known, session, args, out, None);
        }
        if session.reply_mode != ReplyMode::On {
            out.truncate(start);
        }
    }

    fn queue(&self, known: Known, session: &mut Session, args: Args<'_>, out: &mut Vec<u8>) {
        let Some(queue) = &mut session.queue else { return };
        // What is refused already will not run: why keep it?
        if queue.is_doomed() {
            return out.extend_from_slice(b"+QUEUED\r\n");
        }
        if queue.push(known.entry, known.hash, args, self.node.keyspace.databases()) {
            out.extend_from_slice(b"+QUEUED\r\n");
            session.client.activity.set_queued(queue.requests().len(), queue.memory_bytes());
        } else {
            queue.doom();
            ReplyWriter::new(out, session.protocol).error(TOO_LONG);
            self.node.stats.error(TOO_LONG);
        }
    }

    /// An error instead of QUEUED; of EXEC itself: the end of the transaction, whose error tells of it.
    pub(super) fn refuse_after_multi(
        entry: Option<&Entry>,
        session: &mut Session,
        refusal: Refusal,
    ) -> Refusal {
        let is_exec = entry.is_some_and(|entry| entry.full_name == "exec");
        match refusal {
            Refusal::Error(text) if is_exec => {
                session.discard_transaction();
                let because = b"EXECABORT Transaction discarded because of: ";
                let text = text.strip_prefix(b"ERR ").unwrap_or(&text);
                Refusal::Error([&because[..], text].concat())
            }
            refusal => {
                session.queue.iter_mut().for_each(|queue| queue.doom());
                refusal
            }
        }
    }

    fn exec(
        &mut self,
        exec: &'static Entry,
        session: &mut Session,
        args: Args<'_>,
        out: &mut Vec<u8>,
    ) {
        let Some(queue) = session.queue.take() else { return };
        let is_doomed = queue.is_doomed();
        match is_doomed {
            true => self.abort(session, out),
            false => self.run_queue(&queue, session, out),
        }
        session.end_transaction(queue);
        self.stopwatch.before(exec, true, self.recorder);
        self.stopwatch.after(exec, true, is_doomed, self.recorder);
        if self.node.monitors.any() {
            self.feed_monitors(exec, session, args);
        }
    }

    fn abort(&self, session: &Session, out: &mut Vec<u8>) {
        self.node.stats.error(ABORTED);
        if session.reply_mode == ReplyMode::On {
            ReplyWriter::new(out, session.protocol).error(ABORTED);
        }
    }

    /// Runs what waits, with all keys of all commands locked from the first to the last. Commands that ask the
    /// engine come between two such stretches: they may hold no key.
    fn run_queue(&mut self, queue: &Queue, session: &mut Session, out: &mut Vec<u8>) {
        if session.reply_mode == ReplyMode::On {
            ReplyWriter::new(out, session.protocol).array(queue.requests().len());
        }
        session.in_exec = true;
        let mut after = After::Nothing;
        let together = |left: &Queued, right: &Queued| !left.asks_engine() && !right.asks_engine();
        for stretch in queue.requests().chunk_by(together) {
            let holds_keys = !stretch.iter().any(Queued::asks_engine);
            let keyspace = &self.node.keyspace;
            let mut keys = holds_keys.then(|| open(keyspace, queue, stretch, self.now_ms));
            for request in stretch {
                self.run_queued(request, queue.args(request), session, keys.as_mut(), out);
                after = after.and(std::mem::take(&mut session.after));
            }
        }
        session.in_exec = false;
        session.after = after;
    }

    fn run_queued(
        &mut self,
        request: &Queued,
        args: Args<'_>,
        session: &mut Session,
        held: Option<&mut Keys<'b>>,
        out: &mut Vec<u8>,
    ) {
        let (start, entry) = (out.len(), request.entry);
        self.run(Known { entry, hash: request.hash }, session, args, out, held);
        // CLIENT REPLY SKIP is about what comes after EXEC, but itself without a reply.
        let is_silent = match session.reply_mode {
            ReplyMode::On => false,
            ReplyMode::Off => true,
            ReplyMode::SkipNext => entry.full_name == "client|reply",
        };
        if is_silent {
            out.truncate(start);
        }
    }
}

/// Locks what these requests may touch, in one order, and exclusively: what one of them has written nobody
/// else may see before the last has run.
fn open<'k>(keyspace: &'k Keyspace, queue: &Queue, requests: &[Queued], now_ms: u64) -> Keys<'k> {
    let keys = requests.iter().flat_map(|request| {
        let (args, command) = (queue.args(request), request.entry.command);
        let only = request.entry.only_key.zip(request.hash);
        let only =
            only.and_then(|(at, hash)| Some(KeyRef { db: request.db, name: args.get(at)?, hash }));
        let rest = only.is_none().then(|| locking::keys(keyspace, command, (request.db, args)));
        only.into_iter().chain(rest.into_iter().flatten())
    });
    if !requests.iter().any(|request| request.entry.command.reach.is_wide()) {
        return keyspace.open(keys, Mode::Exclusive, now_ms);
    }
    let databases: Vec<u16> = requests
        .iter()
        .flat_map(|request| locking::databases_of(keyspace, request.db, queue.args(request)))
        .collect();
    let mut scope = keyspace.open_whole(&databases, Mode::Exclusive, now_ms);
    keys.for_each(|key| scope.settle(key));
    scope
}
