//! From a request to its reply: checks, locks, the command, and what is written down of it.

use super::blocking;
use super::locking;
use super::permission;
use super::refusal::{Refusal, misconf, resolve};
use super::registry::Entry;
use super::stopwatch::{Stopwatch, alone};
use super::table::{Flags, Reach};
use super::{After, Args, Call, CommandError, ReplyMode, Session, keys_of};
use crate::base::hash::hash_name;
use crate::node::{CachedConfig, Node, Recorder, clock};
use crate::resp::{Protocol, ReplyWriter};
use crate::store::{KeyRef, Keys, Mode, Room};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const NO_AUTH: &str = "NOAUTH Authentication required.";
const NO_MULTI: &str = "ERR Command not allowed inside a transaction";
const LOADING: &str = "LOADING Headcount is loading the dataset from its peers";
const READING: &str = "LOADING Redis is loading the dataset in memory";
const BUSY: &str =
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
const OUT_OF_MEMORY: &str = "OOM command not allowed when used memory > 'maxmemory'.";
const MONITOR_TOUCHES_KEYS: &str = "ERR Replica can't interact with the keyspace";
const FOR_SUBSCRIBERS: &str = "only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this \
     context";
const INTERNAL: &str = "ERR internal error: the command was given up, and is in the server's log";
/// How often an attack is logged at most, as in Redis.
const ATTACK_LOG_MS: u64 = 60_000;

/// Requests executed one after the other, as of one time: those that a connection's read brought.
pub struct Batch<'b, 'c> {
    node: &'b Node,
    recorder: &'b Recorder,
    config: &'c mut CachedConfig,
    now_ms: u64,
    stopwatch: Stopwatch,
    last: Option<&'static Entry>,
}

/// What is known of requests before they are executed. Kept from batch to batch for its room.
#[derive(Default)]
pub struct Plan {
    pub requests: Vec<Planned>,
    /// Of the keys of those that have one.
    hashes: Vec<u64>,
}

/// What is known of one request.
#[derive(Clone, Copy, Default)]
pub struct Planned {
    /// None: it is refused, for a reason that is found again when its turn comes.
    entry: Option<&'static Entry>,
    /// The hash of its only key.
    hash: Option<u64>,
}

/// A command that runs.
#[derive(Clone, Copy)]
struct Known {
    entry: &'static Entry,
    hash: Option<u64>,
}

impl Known {
    /// Where the command's only key stands, and the key.
    fn only_key<'a>(&self, db: u16, args: Args<'a>) -> Option<(usize, KeyRef<'a>)> {
        let (at, hash) = (self.entry.only_key?, self.hash?);
        Some((at, KeyRef { db, name: args.get(at)?, hash }))
    }
}

impl<'b, 'c> Batch<'b, 'c> {
    /// `recorder` and `config` are the serving thread's; `now_ms` is the time (Unix milliseconds)
    /// that all requests of the batch see.
    pub fn new(
        node: &'b Node,
        recorder: &'b Recorder,
        config: &'c mut CachedConfig,
        now_ms: u64,
    ) -> Batch<'b, 'c> {
        Batch { node, recorder, config, now_ms, stopwatch: Stopwatch::start(), last: None }
    }

    /// Runs one request of `session` and appends its reply to `out`.
    ///
    /// What the connection has to do afterwards stands in `session.after`.
    pub fn execute(
        &mut self,
        planned: Planned,
        session: &mut Session,
        args: Args<'_>,
        out: &mut Vec<u8>,
    ) {
        let (start, mode) = (out.len(), session.reply_mode);
        let was_caching = session.caching;
        match self.admit(planned, session, args) {
            Ok(entry) if session.queue.is_some() => {
                let known = Known { entry, hash: planned.hash };
                self.execute_after_multi(known, session, args, out);
            }
            Ok(entry) => {
                let known = Known { entry, hash: planned.hash };
                match entry.command.reach {
                    Reach::Script => self.execute_script(known, session, args, out),
                    _ => self.run(known, session, args, out, None),
                }
                if mode != ReplyMode::On || session.reply_mode != ReplyMode::On {
                    silence(entry, mode, session, out, start);
                }
            }
            Err((entry, refusal)) => {
                self.refuse(entry, refusal, session, out);
                // The end of a transaction is shown even then.
                if let Some(exec) = entry.filter(|entry| entry.full_name == "exec")
                    && self.node.monitors.any()
                {
                    self.feed_monitors(exec, session, args);
                }
                if mode != ReplyMode::On {
                    out.truncate(start);
                    session.reply_mode =
                        if mode == ReplyMode::SkipNext { ReplyMode::On } else { mode };
                }
            }
        }
        if was_caching {
            end_caching(session, planned);
        }
        self.serve_waiting();
    }

    /// Serves those who wait for what was changed, with no key held.
    fn serve_waiting(&self) {
        if self.node.keyspace.bell().is_rung() && !self.node.pause.holds(true, clock::unix_ms()) {
            blocking::serve(self.node);
        }
    }

    /// Looks up what these requests ask for, and has the store fetch what they will look at, all at
    /// once: one cache miss after the other is what a pipeline would wait for most.
    pub fn plan<'a>(
        &mut self,
        db: u16,
        requests: impl ExactSizeIterator<Item = Args<'a>>,
        plan: &mut Plan,
    ) {
        plan.requests.clear();
        plan.hashes.clear();
        let mut last = self.last;
        for args in requests {
            let entry = resolve(args, last).ok();
            let name = entry.and_then(|entry| args.get(entry.only_key?));
            let hash = name.map(hash_name);
            plan.hashes.extend(hash);
            plan.requests.push(Planned { entry, hash });
            last = entry.or(last);
        }
        if plan.hashes.len() > 1 {
            self.node.keyspace.prefetch(db, &plan.hashes);
        }
    }

    /// Whether CLIENT PAUSE holds this request up, and then whether it writes.
    pub fn is_paused(&self, planned: Planned, session: &Session) -> Option<bool> {
        let pause = &self.node.pause;
        if !pause.is_set() {
            return None;
        }
        let flags = flags_of(planned.entry?, session);
        let writes = flags.has(Flags::WRITE) || flags.has(Flags::MAY_WRITE);
        pause.holds(writes, clock::unix_ms()).then_some(writes)
    }

    /// Accounts for the time of the last commands. Call it when the last request was executed.
    pub fn finish(mut self) {
        self.stopwatch.settle(self.recorder);
    }

    /// What must hold before a command runs, in the order in which Redis checks it.
    fn admit(
        &mut self,
        planned: Planned,
        session: &Session,
        args: Args<'_>,
    ) -> Result<&'static Entry, (Option<&'static Entry>, Refusal)> {
        let entry = match planned.entry {
            Some(entry) => entry,
            // Once more, for the reason.
            None => resolve(args, None)?,
        };
        if self.last.is_none_or(|last| last.index != entry.index) {
            self.last = Some(entry);
            session.client.activity.set_last_command(entry.index);
        }
        let refused = |text: &str| Err((Some(entry), Refusal::Error(text.as_bytes().to_vec())));
        let flags = flags_of(entry, session);
        if !session.authenticated && !self.node.access.is_open() && !flags.has(Flags::NO_AUTH) {
            return refused(NO_AUTH);
        }
        if session.queue.is_some() && flags.has(Flags::NO_MULTI) {
            return refused(NO_MULTI);
        }
        if let Err(text) = self.permit(session, entry, args) {
            return refused(&text);
        }
        if self.node.keyspace.is_held_up() && !flags.has(Flags::ALLOW_BUSY) {
            return refused(BUSY);
        }
        // First, for in Redis memory is not looked at meanwhile.
        if !flags.has(Flags::LOADING) && self.node.is_loading() {
            return refused(if self.node.is_reading() { READING } else { LOADING });
        }
        let config = self.config.get(&self.node.config);
        // Room is made before any command, but only those that take memory are refused.
        let grows = flags.has(Flags::DENYOOM);
        if config.maxmemory_bytes != 0
            && self.node.make_room(config, self.now_ms, grows) == Room::Exhausted
            && grows
        {
            return refused(OUT_OF_MEMORY);
        }
        if (flags.has(Flags::WRITE) || entry.full_name == "ping")
            && let Some(text) = self.node.disk.as_ref().and_then(|disk| misconf(disk, config))
        {
            return refused(&text);
        }
        // To Redis a monitor is a kind of replica.
        if session.monitoring && (flags.has(Flags::WRITE) || flags.has(Flags::READONLY)) {
            return refused(MONITOR_TOUCHES_KEYS);
        }
        if session.subscribed
            && session.protocol == Protocol::Resp2
            && !allowed_to_subscribers(entry)
        {
            return refused(&format!("ERR Can't execute '{}': {FOR_SUBSCRIBERS}", entry.full_name));
        }
        Ok(entry)
    }

    /// Whether its user may say so; what is refused is noted.
    fn permit(&self, session: &Session, entry: &Entry, args: Args<'_>) -> Result<(), String> {
        permission::check(&session.account, entry, args).map_err(|denied| {
            let context = permission::context(session);
            permission::note(self.node, session, denied, context, (entry, args), self.now_ms);
            let text = permission::text(denied, &session.account.name, entry, args, false);
            format!("NOPERM {text}")
        })
    }

    fn refuse(
        &self,
        entry: Option<&Entry>,
        refusal: Refusal,
        session: &mut Session,
        out: &mut Vec<u8>,
    ) {
        if let Some(entry) = entry {
            self.recorder.rejected(entry.index);
        }
        match self.refuse_after_multi(entry, session, refusal) {
            Refusal::Error(text) => {
                self.node.stats.error(&String::from_utf8_lossy(&text));
                // Not through the writer: what is quoted of the request need not be UTF-8.
                out.push(b'-');
                out.extend_from_slice(&text);
                out.extend_from_slice(b"\r\n");
            }
            Refusal::Attack => {
                self.report_attack(session);
                session.after = After::Close;
            }
        }
    }

    /// At most once a minute: who attacks must not fill the log.
    fn report_attack(&self, session: &Session) {
        static LAST_MS: AtomicU64 = AtomicU64::new(0);
        let last_ms = LAST_MS.swap(self.now_ms, Ordering::Relaxed);
        if self.now_ms.abs_diff(last_ms) < ATTACK_LOG_MS {
            LAST_MS.store(last_ms, Ordering::Relaxed);
            return;
        }
        tracing::warn!(
            "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or \
                     Host: commands to Headcount. This is likely due to an attacker attempting to \
                     use Cross Protocol Scripting to compromise your instance. Connection from {} \
                     aborted.",
            session.client.addr
        );
    }

    /// `held`: the keys of the transaction that it is part of.
    fn run(
        &mut self,
        known: Known,
        session: &mut Session,
        args: Args<'_>,
        out: &mut Vec<u8>,
        held: Option<&mut Keys<'b>>,
    ) {
        let entry = known.entry;
        let alone = alone(entry, args, self.config.get(&self.node.config));
        // Shown by CLIENT LIST, which is not FAST; those that are do not pay for it.
        if !entry.command.flags.has(Flags::FAST) {
            session.client.activity.set_request(args.iter().map(<[u8]>::len));
        }
        self.stopwatch.before(entry, alone, self.recorder);
        let failed = self.answer(known, session, args, out, held);
        if let Some(progress) = self.node.progress()
            && entry.command.flags.has(Flags::WRITE)
        {
            session.wrote = progress.ticket();
        }
        let elapsed = self.stopwatch.after(entry, alone, failed, self.recorder);
        if let Some(elapsed) = elapsed {
            // DEBUG SLEEP sleeps afterwards; elsewhere it is the command that takes so long.
            let slept_ms = if let After::SleepMs(ms) = session.after { ms } else { 0 };
            let elapsed = elapsed.saturating_add(Duration::from_millis(slept_ms));
            self.note_if_slow(entry, session, args, elapsed);
        }
        if self.node.monitors.any() && !showing::hidden_from_monitors(entry) {
            self.feed_monitors(entry, session, args);
        }
    }

    /// Writes the reply, or the error that took its place, and tells whether it was an error.
    fn answer(
        &self,
        known: Known,
        session: &mut Session,
        args: Args<'_>,
        out: &mut Vec<u8>,
        held: Option<&mut Keys<'b>>,
    ) -> bool {
        let (entry, start) = (known.entry, out.len());
        // A command that panics has broken its own promise only: whatever it had locked is released
        // while the stack unwinds, its connection is closed, and all others go on.
        // In a transaction it has failed like any other, and the rest runs before the connection is closed.
        let attempt = || self.attempt(known, session, args, out, held);
        let text = match catch_unwind(AssertUnwindSafe(attempt)) {
            Ok(Ok(())) => return false,
            Ok(Err(CommandError::Reply(text))) => text,
            Ok(Err(CommandError::Script(failure))) => {
                out.truncate(start);
                ReplyWriter::new(out, session.protocol).error_bytes(&failure.text);
                if !failure.is_counted {
                    self.node.stats.error(&String::from_utf8_lossy(&failure.text));
                }
                return true;
            }
            Ok(Err(CommandError::NeedsExclusive)) => {
                tracing::error!("command '{}' is refused its own keys", entry.full_name);
                INTERNAL.into()
            }
            Err(_) => {
                tracing::error!("command '{}' panicked; its client is closed", entry.full_name);
                session.after = After::Close;
                INTERNAL.into()
            }
        };
        out.truncate(start);
        ReplyWriter::new(out, session.protocol).error(&text);
        self.node.stats.error(&text);
        true
    }

    /// Runs the command with its keys shared if it may, and again with them exclusive if it must.
    fn attempt(
        &self,
        known: Known,
        session: &mut Session,
        args: Args<'_>,
        out: &mut Vec<u8>,
        held: Option<&mut Keys<'b>>,
    ) -> Result<(), CommandError> {
        if let Some(keys) = held {
            if keys.is_of_script() {
                let (keyspace, command) = (&self.node.keyspace, known.entry.command);
                locking::hold(keys, keyspace, command, (session.db, args));
            }
            return self.call(known, session, args, out, keys);
        }
        let start = out.len();
        let first = locking::first_mode(known.entry.command);
        match self.attempt_with(first, known, session, args, out) {
            Err(CommandError::NeedsExclusive) if first == Mode::Shared => {
                out.truncate(start);
                self.attempt_with(Mode::Exclusive, known, session, args, out)
            }
            result => result,
        }
    }

    fn attempt_with(
        &self,
        mode: Mode,
        known: Known,
        session: &mut Session,
        args: Args<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), CommandError> {
        let (command, keyspace) = (known.entry.command, &self.node.keyspace);
        let keys = match known.only_key(session.db, args) {
            // By far the most frequent case.
            Some((_, key)) => keyspace.try_open_one(key, mode, self.now_ms),
            None => locking::open(keyspace, command, (session.db, args), mode, self.now_ms),
        };
        let mut keys = keys.ok_or(CommandError::BUSY)?;
        self.call(known, session, args, out, &mut keys)
    }

    /// Runs the command with the keys that it may touch.
    fn call(
        &self,
        known: Known,
        session: &mut Session,
        args: Args<'_>,
        out: &mut Vec<u8>,
        keys: &mut Keys<'b>,
    ) -> Result<(), CommandError> {
        let command = known.entry.command;
        (keys.no_touch, keys.by) = (session.no_touch, session.client.id);
        let only_key = known.only_key(session.db, args);
        let reads = command.flags.has(Flags::READONLY) && command.reach != Reach::Script;
        if reads && session.remembers() {
            let reader = &session.client;
            keys_of(command, args).for_each(|key| self.node.tracking.reads(reader, key));
        }
        let reply = ReplyWriter::new(out, session.protocol);
        let (node, recorder) = (self.node, self.recorder);
        let mut call = Call { node, recorder, session, args, only_key, keys, reply };
        let result = (command.run)(&mut call);
        let (hits, misses) = call.keys.take_lookups();
        // As in Redis, only reads count as hits and misses of the keyspace.
        let was_read =
            command.flags.has(Flags::READONLY) && result != Err(CommandError::NeedsExclusive);
        if was_read {
            self.recorder.looked_up(hits, misses);
        }
        call.keys.notify_missed(was_read);
        result
    }
}

/// What counts as a command's flags: a transaction's EXEC does what its commands do.
fn flags_of(entry: &Entry, session: &Session) -> Flags {
    match &session.queue {
        None => entry.command.flags,
        Some(queue) => queue.flags_of(entry),
    }
}

/// CLIENT CACHING was about this command, or about all of a transaction.
fn end_caching(session: &mut Session, planned: Planned) {
    let is_client = |entry: &Entry| entry.full_name.starts_with("client|");
    session.caching = session.queue.is_some() || planned.entry.is_some_and(is_client);
}

/// What a subscriber may say by RESP2.
fn allowed_to_subscribers(entry: &Entry) -> bool {
    entry.command.flags.has(Flags::PUSHES)
        || matches!(entry.full_name.as_str(), "ping" | "quit" | "reset")
}

/// Takes a reply back that CLIENT REPLY asked not to send. `before` is the mode in which the command
/// was met.
fn silence(
    entry: &Entry,
    before: ReplyMode,
    session: &mut Session,
    out: &mut Vec<u8>,
    start: usize,
) {
    if session.reply_mode == ReplyMode::On {
        return;
    }
    let is_push = entry.command.flags.has(Flags::PUSHES) && out.get(start) != Some(&b'-');
    if !is_push {
        out.truncate(start);
    }
    let said_again = entry.full_name == "client|reply";
    if before == ReplyMode::SkipNext && session.reply_mode == before && !said_again {
        session.reply_mode = ReplyMode::On;
    }
}

mod exec;
mod script;
mod showing;
pub(super) use script::run_script;
#[cfg(test)]
mod tests;
