//! What belongs to one connection.

use super::ScriptRequest;
use super::queue::Queue;
use crate::node::clients::flag;
use crate::node::{Access, Account, ClientHandle, Confirmation, Remember};
use crate::resp::Protocol;
use crate::store::{Keyspace, Waiter, WatchedKey};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// The state of one connection that commands read and change.
pub struct Session {
    /// The entry of this connection in the node's registry (id, addresses, name, flags, times).
    pub client: Arc<ClientHandle>,
    /// The selected database.
    pub db: u16,
    pub protocol: Protocol,
    pub authenticated: bool,
    /// The user, and so what it may do.
    pub account: Arc<Account>,
    pub reply_mode: ReplyMode,
    /// CLIENT NO-TOUCH: accesses leave the keys' idle times alone.
    pub no_touch: bool,
    /// It is sent every command (MONITOR).
    pub monitoring: bool,
    /// It hears channels: by RESP2, where replies and messages look alike, it may do little else.
    pub subscribed: bool,
    /// CLIENT TRACKING: which of its reads are remembered; `None`: none.
    pub remember: Option<Remember>,
    /// CLIENT CACHING was said, which is about the next command.
    pub caching: bool,
    /// The drain by which peers learn of its last write (`Progress::ticket`); 0: it has written nothing,
    /// or this node is alone.
    pub wrote: u64,
    /// The drain that is on disk before replies leave, whatever `appendfsync` says: what DUMP tells may be
    /// kept for longer than this node would remember it. 0: none.
    pub dumped: u64,
    /// What waits for EXEC, once MULTI was said.
    pub(super) queue: Option<Box<Queue>>,
    /// WATCH: the keys that must not have changed when EXEC is said.
    watched: Vec<WatchedKey>,
    watched_bytes: usize,
    /// EXEC or a script runs: no command may wait.
    pub in_exec: bool,
    /// Its commands are a script's.
    pub in_script: bool,
    /// Whether its connection can have scripts run elsewhere ([`After::AwaitScript`]).
    pub hands_over: bool,
    /// What is to be run elsewhere.
    pub script: Option<Box<ScriptRequest>>,
    /// As whom it waits for a key, with [`After::AwaitKeys`].
    pub waiter: Option<Arc<Waiter>>,
    /// What the connection has to do once this command's reply is written.
    pub after: After,
}

impl Session {
    /// A new connection's state: that of the default user.
    #[must_use]
    pub fn new(client: Arc<ClientHandle>, access: &Access) -> Session {
        Session {
            client,
            db: 0,
            protocol: Protocol::Resp2,
            authenticated: access.is_open(),
            account: access.default_account().clone(),
            reply_mode: ReplyMode::On,
            no_touch: false,
            monitoring: false,
            subscribed: false,
            remember: None,
            caching: false,
            wrote: 0,
            dumped: 0,
            queue: None,
            watched: Vec::new(),
            watched_bytes: 0,
            in_exec: false,
            in_script: false,
            hands_over: false,
            script: None,
            waiter: None,
            after: After::Nothing,
        }
    }

    /// The state in which what was said on this one runs elsewhere.
    #[must_use]
    pub fn apart(&self, access: &Access) -> Session {
        let mut session = Session::new(self.client.clone(), access);
        session.authenticated = true;
        session.account = self.account.clone();
        (session.db, session.protocol) = (self.db, self.protocol);
        (session.no_touch, session.wrote) = (self.no_touch, self.wrote);
        (session.remember, session.caching) = (self.remember, self.caching);
        session
    }

    /// As it was when it connected, but for what the client said of its library (RESET).
    pub fn reset(&mut self, access: &Access, keyspace: &Keyspace) {
        self.forget(keyspace);
        let (wrote, dumped, hands_over) = (self.wrote, self.dumped, self.hands_over);
        let new = Session::new(self.client.clone(), access);
        *self = Session { wrote, dumped, hands_over, ..new };
        self.client.set_flag(flag::NO_EVICT | flag::NO_TOUCH | flag::MONITOR, false);
        self.client.edit_names(|names| {
            names.name.clear();
            names.account = None;
        });
        self.client.activity.db.store(0, Relaxed);
        self.set_protocol(Protocol::Resp2);
    }

    /// From now on it is this user.
    pub(super) fn become_user(&mut self, account: Arc<Account>) {
        self.authenticated = true;
        self.client.edit_names(|names| names.account = Some(account.clone()));
        self.account = account;
    }

    /// Whether what it reads now is remembered.
    #[must_use]
    pub fn remembers(&self) -> bool {
        match self.remember {
            None => false,
            Some(Remember::Always) => true,
            Some(Remember::IfAsked) => self.caching,
            Some(Remember::UnlessAsked) => !self.caching,
        }
    }

    /// MULTI; false: it was said already.
    pub(super) fn begin_transaction(&mut self) -> bool {
        if self.queue.is_some() {
            return false;
        }
        self.queue = Some(Queue::begin(self.db));
        self.client.activity.set_queued(0, 0);
        true
    }

    /// DISCARD; false: there is nothing to discard. The caller holds no key, if any is watched.
    pub(super) fn discard_transaction(&mut self, keyspace: &Keyspace) -> bool {
        let Some(queue) = self.queue.take() else { return false };
        self.end_transaction(queue);
        self.unwatch(keyspace);
        true
    }

    /// UNWATCH. The caller holds no key, if any is watched.
    pub(super) fn unwatch(&mut self, keyspace: &Keyspace) {
        if self.watches() {
            keyspace.unwatch(&self.take_watched(), self.client.watch());
            self.client.watch().reset();
        }
    }

    /// WATCH: it watches one more key.
    pub(super) fn note_watched(&mut self, key: WatchedKey) {
        self.watched_bytes += key.memory_bytes();
        self.watched.push(key);
    }

    /// Whether it watches anything.
    pub(super) fn watches(&self) -> bool {
        !self.watched.is_empty()
    }

    /// What it watched, for the caller to have the store forget.
    pub(super) fn take_watched(&mut self) -> Vec<WatchedKey> {
        self.watched_bytes = 0;
        std::mem::take(&mut self.watched)
    }

    /// The end of its transaction and of what it watches: the connection ends.
    pub fn forget(&mut self, keyspace: &Keyspace) {
        self.discard_transaction(keyspace);
        self.unwatch(keyspace);
    }

    /// Whether MULTI was said.
    #[must_use]
    pub fn is_in_transaction(&self) -> bool {
        self.queue.is_some()
    }

    /// What waited was run, or will never be.
    pub(super) fn end_transaction(&mut self, queue: Box<Queue>) {
        queue.end();
        self.client.activity.set_queueless();
    }

    /// Bytes of memory that what waits for EXEC takes, and what is watched until then.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.queue.as_ref().map_or(0, |queue| queue.memory_bytes()) + self.watched_bytes
    }

    /// Speaks `protocol` from the next reply on.
    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
        let version = if protocol == Protocol::Resp3 { 3 } else { 2 };
        self.client.activity.protocol.store(version, Relaxed);
    }

    /// Works in database `db`.
    pub fn select(&mut self, db: u16) {
        self.db = db;
        self.client.activity.db.store(db, Relaxed);
    }
}

/// CLIENT REPLY.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplyMode {
    #[default]
    On,
    Off,
    /// SKIP was said: the next command's reply is left out.
    SkipNext,
}

/// What follows a command, besides its reply. Commands are synchronous; whatever must wait is done
/// by the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum After {
    #[default]
    Nothing,
    /// Write what is due and close the connection (QUIT, protocol errors, CLIENT KILL of oneself).
    Close,
    /// DEBUG SLEEP: this connection waits, and no other.
    SleepMs(u64),
    /// WAIT, WAITAOF.
    AwaitConfirmed(AwaitConfirmed),
    /// BLPOP and its like: it waits as the session's `waiter`, for ever with 0; `silent` as there.
    AwaitKeys { timeout_ms: u64, silent: bool },
    /// SAVE: the connection waits for the snapshot of that number.
    AwaitSnapshot(u64),
    /// EVAL: the connection has [`Session::script`] run, and sends what that answers.
    AwaitScript,
    /// SHUTDOWN: the server stops; the client gets no reply.
    Shutdown,
}

impl After {
    /// What is to be done after two commands of one transaction.
    #[must_use]
    pub fn and(self, next: After) -> After {
        match (self, next) {
            (After::SleepMs(first), After::SleepMs(second)) => {
                After::SleepMs(first.saturating_add(second))
            }
            (After::Close | After::Shutdown, _) | (_, After::Nothing) => self,
            _ => next,
        }
    }
}

/// The connection waits, and then answers who has confirmed what it wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AwaitConfirmed {
    pub what: Confirmation,
    /// 0: for ever.
    pub timeout_ms: u64,
    /// CLIENT REPLY has asked for no answer.
    pub silent: bool,
}
