//! What a client says after MULTI, and EXEC: all of it as one.

use super::*;
use crate::acl::Context;
use crate::command::locking;
use crate::command::queue::{Queue, Queued};
use crate::store::{Keys, Keyspace, WatchedKey};
use smallvec::SmallVec;

const ABORTED: &str = "EXECABORT Transaction discarded because of previous errors.";
const HELD_UP: &str = "EXECABORT Transaction discarded because of: BUSY Redis is busy running a script. You can \
    only call SCRIPT KILL or SHUTDOWN NOSAVE.";
const TOO_LONG: &str = "ERR the transaction is too long";

/// Why a transaction does not begin.
enum NotOpened {
    /// One of the keys that were watched has changed, or expired just now.
    Changed,
    /// A script has held it up for too long.
    HeldUp,
}

impl<'b> Batch<'b, '_> {
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
        &self,
        entry: Option<&Entry>,
        session: &mut Session,
        refusal: Refusal,
    ) -> Refusal {
        let is_exec = entry.is_some_and(|entry| entry.full_name == "exec");
        match refusal {
            Refusal::Error(text) if is_exec => {
                session.forget(&self.node.keyspace);
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
        session.unwatch(&self.node.keyspace);
        self.stopwatch.before(exec, true, self.recorder);
        self.stopwatch.after(exec, true, is_doomed, self.recorder);
        if self.node.monitors.any() {
            self.feed_monitors(exec, session, args);
        }
    }

    fn abort(&self, session: &Session, out: &mut Vec<u8>) {
        self.node.stats.error(ABORTED);
        self.reply_in_exec(session, out, |reply| reply.error(ABORTED));
    }

    /// Runs what waits, with all keys of all commands locked from the first to the last. Commands that ask the
    /// engine come between two such stretches: they may hold no key.
    fn run_queue(&mut self, queue: &Queue, session: &mut Session, out: &mut Vec<u8>) {
        let together = |left: &Queued, right: &Queued| !left.asks_engine() && !right.asks_engine();
        let mut stretches = queue.requests().chunk_by(together).peekable();
        let first = stretches.peek().filter(|first| holds_keys(first)).copied();
        let mut held = match self.open_first(queue, first, session) {
            Ok(keys) => keys,
            Err(NotOpened::Changed) => {
                return self.reply_in_exec(session, out, |reply| reply.null_array());
            }
            Err(NotOpened::HeldUp) => {
                self.node.stats.error(HELD_UP);
                return self.reply_in_exec(session, out, |reply| reply.error(HELD_UP));
            }
        };
        self.reply_in_exec(session, out, |reply| reply.array(queue.requests().len()));
        session.in_exec = true;
        let mut after = After::Nothing;
        for stretch in stretches {
            // Once it has begun, it waits.
            let opened = || open(&self.node.keyspace, queue, stretch, &[], self.now_ms);
            let open = || std::iter::from_fn(|| Some(opened())).flatten().next();
            let mut keys = held.take().or_else(|| holds_keys(stretch).then(open).flatten());
            for request in stretch {
                self.run_queued(request, queue.args(request), session, keys.as_mut(), out);
                after = after.and(std::mem::take(&mut session.after));
            }
        }
        session.in_exec = false;
        session.after = after;
    }

    /// The scope of the first requests, if they hold keys; nothing is watched any more then.
    fn open_first(
        &self,
        queue: &Queue,
        first: Option<&[Queued]>,
        session: &mut Session,
    ) -> Result<Option<Keys<'b>>, NotOpened> {
        if first.is_none() && !session.watches() {
            return Ok(None);
        }
        let requests = first.unwrap_or_default();
        let watched = session.take_watched();
        let opened = open(&self.node.keyspace, queue, requests, &watched, self.now_ms);
        let Some(mut keys) = opened else {
            watched.into_iter().for_each(|key| session.note_watched(key));
            return Err(NotOpened::HeldUp);
        };
        if watched.is_empty() {
            return Ok(Some(keys));
        }
        let watch = session.client.watch();
        let has_changed = watch.has_changed();
        keys.unwatch(&watched, watch);
        watch.reset();
        if has_changed {
            return Err(NotOpened::Changed);
        }
        Ok(first.is_some().then_some(keys))
    }

    fn reply_in_exec(
        &self,
        session: &Session,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut ReplyWriter<'_>),
    ) {
        if session.reply_mode == ReplyMode::On {
            write(&mut ReplyWriter::new(out, session.protocol));
        }
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
        match permission::check(&session.account, entry, args) {
            Ok(()) => self.run(Known { entry, hash: request.hash }, session, args, out, held),
            // The rules have changed since it was queued.
            Err(denied) => {
                let (context, request) = (Context::Multi, (entry, args));
                permission::note(self.node, session, denied, context, request, self.now_ms);
                let text = permission::text_in_exec(denied);
                ReplyWriter::new(out, session.protocol).error(&text);
                self.node.stats.error(&text);
            }
        }
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

fn holds_keys(stretch: &[Queued]) -> bool {
    !stretch.iter().any(Queued::asks_engine)
}

/// Locks what these requests may touch and what is watched, in one order, and exclusively: what one of them has
/// written nobody else may see before the last has run.
fn open<'k>(
    keyspace: &'k Keyspace,
    queue: &Queue,
    requests: &[Queued],
    watched: &[WatchedKey],
    now_ms: u64,
) -> Option<Keys<'k>> {
    let mut keys: SmallVec<[KeyRef<'_>; 16]> = watched.iter().map(WatchedKey::key).collect();
    for request in requests {
        let (entry, args) = (request.entry, queue.args(request));
        let known = Known { entry, hash: request.hash };
        match known.only_key(request.db, args) {
            Some((_, key)) => keys.push(key),
            None => keys.extend(locking::keys(keyspace, entry.command, (request.db, args))),
        }
    }
    let keys = keys.iter().copied();
    let has_script = requests.iter().any(|request| request.entry.command.reach == Reach::Script);
    let is_wide = |request: &Queued| locking::is_wide(request.entry.command, queue.args(request));
    let is_wide = requests.iter().any(is_wide);
    if !is_wide && !has_script {
        return keyspace.try_open(keys, Mode::Exclusive, now_ms);
    }
    let named = requests
        .iter()
        .flat_map(|request| locking::databases_of(keyspace, request.db, queue.args(request)));
    let databases: Vec<u16> = named.chain(keys.clone().map(|key| key.db)).collect();
    if has_script {
        let mut scope = keyspace.try_open_script(now_ms)?;
        if is_wide {
            scope.hold_databases(&databases);
        }
        scope.hold(keys);
        return Some(scope);
    }
    let mut scope = keyspace.try_open_whole(&databases, Mode::Exclusive, now_ms)?;
    keys.for_each(|key| scope.settle(key));
    Some(scope)
}
