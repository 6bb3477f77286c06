//! The registry of connected clients.

pub use super::activity::Activity;

use super::Account;
use super::inbox::{Inbox, Pushed};
use super::pubsub::Subscriptions;
use super::tracking::TrackingOptions;
use crate::acl::DEFAULT_USER;
use crate::config::BufferLimit;
use crate::resp::Protocol;
use crate::store::Watch;
use bytes::Bytes;
use dashmap::DashMap;
use parking_lot::Mutex;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize};
use std::sync::{Arc, OnceLock};
use tokio::sync::Notify;

/// How much may wait for a monitor.
const MONITOR_LIMIT: BufferLimit = BufferLimit { hard_bytes: 32 << 20, soft_bytes: 0, soft_s: 0 };

/// The flags of a client, as bits.
pub mod flag {
    pub const MONITOR: u32 = 1;
    pub const UNIX_SOCKET: u32 = 1 << 1;
    /// CLIENT NO-EVICT: not closed to free memory.
    pub const NO_EVICT: u32 = 1 << 2;
    /// CLIENT NO-TOUCH: its accesses leave the keys' idle times alone.
    pub const NO_TOUCH: u32 = 1 << 3;
    /// Its command waits: for a pause to end, or for peers.
    pub const BLOCKED: u32 = 1 << 4;
    /// It is to be closed as soon as it is noticed.
    pub const KILLED: u32 = 1 << 5;
    /// It is to be closed when what is due has been sent.
    pub const CLOSING: u32 = 1 << 6;
    /// It has said MULTI. Not kept with the others; see `ClientHandle::flags_shown`.
    pub const MULTI: u32 = 1 << 7;
    /// A key has changed that it watches. Not kept with the others either.
    pub const DIRTY: u32 = 1 << 8;
    /// It has subscribed to channels.
    pub const PUBSUB: u32 = 1 << 9;
    /// CLIENT TRACKING: it is told of what changes.
    pub const TRACKING: u32 = 1 << 10;
    /// But who was to hear it in its place is gone.
    pub const TRACKING_BROKEN: u32 = 1 << 11;
    /// It is told of all keys of its prefixes.
    pub const TRACKING_BROADCAST: u32 = 1 << 12;
}

/// How CLIENT UNBLOCK ends a command's waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unblock {
    /// As if its timeout had passed.
    TimeOut,
    /// With an error.
    Error,
}

/// Whether a client's command waits, and how that was ended.
mod waiting {
    pub const NO: u8 = 0;
    pub const YES: u8 = 1;
    pub const TIMED_OUT: u8 = 2;
    pub const FAILED: u8 = 3;
}

/// What is known of a connection when it is accepted.
pub struct NewClient {
    /// `ip:port`, `[ip6]:port`, or `path:0` for a Unix socket.
    pub addr: String,
    pub laddr: String,
    pub unix_socket: bool,
    pub created_ms: u64,
}

/// The texts that a client says about itself.
#[derive(Clone, Default)]
pub struct ClientNames {
    pub name: String,
    pub library_name: String,
    pub library_version: String,
    /// Who it is; None: the default user.
    pub account: Option<Arc<Account>>,
}

impl ClientNames {
    /// The name of its user.
    #[must_use]
    pub fn user(&self) -> &[u8] {
        self.account.as_ref().map_or(DEFAULT_USER, |account| &account.name)
    }
}

/// One connected client as others see it (CLIENT LIST, CLIENT KILL), and what they send it.
pub struct ClientHandle {
    pub id: u64,
    pub addr: String,
    pub laddr: String,
    pub created_ms: u64,
    pub activity: Activity,
    /// Wakes the connection's loop: it was killed, or its inbox has something.
    pub wake: Notify,
    flags: AtomicU32,
    /// Whether its command waits for something that CLIENT UNBLOCK can end: one of `waiting`.
    waiting: AtomicU8,
    names: Mutex<ClientNames>,
    /// What others send it. Most connections never have one.
    inbox: OnceLock<Box<Inbox>>,
    tracking: Mutex<Option<Box<TrackingOptions>>>,
    /// Made when it first subscribes.
    subscriptions: OnceLock<Box<Subscriptions>>,
    /// Made when it first watches a key.
    watch: OnceLock<Arc<Watch>>,
}

impl ClientHandle {
    #[must_use]
    pub fn new(id: u64, new: NewClient) -> ClientHandle {
        let activity = Activity::default();
        activity.last_interaction_ms.store(new.created_ms, Relaxed);
        activity.protocol.store(2, Relaxed);
        ClientHandle {
            id,
            addr: new.addr,
            laddr: new.laddr,
            created_ms: new.created_ms,
            activity,
            wake: Notify::new(),
            flags: AtomicU32::new(if new.unix_socket { flag::UNIX_SOCKET } else { 0 }),
            waiting: AtomicU8::new(waiting::NO),
            names: Mutex::default(),
            inbox: OnceLock::new(),
            tracking: Mutex::default(),
            subscriptions: OnceLock::new(),
            watch: OnceLock::new(),
        }
    }

    /// The memory that the connection takes: its buffers, and this.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let activity = &self.activity;
        std::mem::size_of::<ClientHandle>()
            + activity.query_bytes.load(Relaxed)
            + activity.query_free_bytes.load(Relaxed)
            + activity.output_capacity_bytes.load(Relaxed)
            + activity.queued_bytes.load(Relaxed)
            + self.inbox_bytes()
            + self.subscriptions.get().map_or(0, |subscriptions| subscriptions.bytes())
    }

    /// The bits of [`flag`].
    #[must_use]
    pub fn flags(&self) -> u32 {
        self.flags.load(Acquire)
    }

    /// The same, with those that follow from what the connection tells of itself.
    #[must_use]
    pub fn flags_shown(&self) -> u32 {
        let multi = if self.activity.queued().is_some() { flag::MULTI } else { 0 };
        let is_dirty = self.watch.get().is_some_and(|watch| watch.has_changed());
        self.flags() | multi | if is_dirty { flag::DIRTY } else { 0 }
    }

    /// Whether the keys have changed that it watches.
    #[must_use]
    pub fn watch(&self) -> &Arc<Watch> {
        self.watch.get_or_init(Arc::default)
    }

    #[must_use]
    pub fn has(&self, flag: u32) -> bool {
        self.flags() & flag != 0
    }

    pub fn set_flag(&self, flag: u32, on: bool) {
        if on {
            self.flags.fetch_or(flag, AcqRel);
        } else {
            self.flags.fetch_and(!flag, AcqRel);
        }
    }

    /// Has the connection closed, by whoever serves it.
    pub fn kill(&self) {
        self.set_flag(flag::KILLED, true);
        self.wake.notify_one();
    }

    #[must_use]
    pub fn killed(&self) -> bool {
        self.has(flag::KILLED)
    }

    /// Its command waits from now on, and others may end that.
    pub fn begin_waiting(&self) {
        self.set_flag(flag::BLOCKED, true);
        self.waiting.store(waiting::YES, Release);
    }

    pub fn end_waiting(&self) {
        self.waiting.store(waiting::NO, Release);
        self.set_flag(flag::BLOCKED, false);
    }

    /// Ends the waiting of its command. False: it does not wait.
    pub fn unblock(&self, how: Unblock) -> bool {
        let how = match how {
            Unblock::TimeOut => waiting::TIMED_OUT,
            Unblock::Error => waiting::FAILED,
        };
        let waits = self.waiting.compare_exchange(waiting::YES, how, AcqRel, Acquire).is_ok();
        if waits {
            self.wake.notify_one();
        }
        waits
    }

    /// How another client has ended its waiting.
    #[must_use]
    pub fn unblocked(&self) -> Option<Unblock> {
        match self.waiting.load(Acquire) {
            waiting::TIMED_OUT => Some(Unblock::TimeOut),
            waiting::FAILED => Some(Unblock::Error),
            _ => None,
        }
    }

    #[must_use]
    pub fn names(&self) -> ClientNames {
        self.names.lock().clone()
    }

    pub fn edit_names(&self, edit: impl FnOnce(&mut ClientNames)) {
        edit(&mut self.names.lock());
    }

    /// Whether it is of this user.
    #[must_use]
    pub fn is_of(&self, account: &Arc<Account>) -> bool {
        let names = self.names.lock();
        let own = names.account.as_ref();
        own.map_or(account.name == DEFAULT_USER, |own| Arc::ptr_eq(own, account))
    }

    /// How it wants to be told of what changes; `None`: not at all.
    #[must_use]
    pub fn tracking(&self) -> Option<TrackingOptions> {
        match self.has(flag::TRACKING) {
            true => self.tracking.lock().as_deref().cloned(),
            false => None,
        }
    }

    /// Returns how it wanted to be told before.
    pub(super) fn set_tracking(&self, options: Option<TrackingOptions>) -> Option<TrackingOptions> {
        let options = options.map(Box::new);
        std::mem::replace(&mut *self.tracking.lock(), options).map(|before| *before)
    }

    /// The protocol that it speaks.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        if self.activity.protocol.load(Relaxed) == 3 { Protocol::Resp3 } else { Protocol::Resp2 }
    }

    /// What it has subscribed to.
    #[must_use]
    pub fn subscriptions(&self) -> &Subscriptions {
        self.subscriptions.get_or_init(Box::default)
    }

    /// The same, if it ever has.
    #[must_use]
    pub fn known_subscriptions(&self) -> Option<&Subscriptions> {
        self.subscriptions.get().map(Box::as_ref)
    }

    /// From now on others may send it messages.
    pub fn open_inbox(&self) {
        self.inbox.get_or_init(Box::default);
    }

    /// Leaves a line for a monitor.
    pub fn push(&self, line: Bytes) {
        self.push_within(line, MONITOR_LIMIT);
    }

    /// Leaves an encoded message for it. A client that reads too slowly is closed, once more waits for it than
    /// `limit`. Without an inbox the message is dropped.
    pub fn push_within(&self, message: Bytes, limit: BufferLimit) {
        let Some(inbox) = self.inbox.get() else { return };
        match inbox.push(message, limit, self.activity.output_bytes.load(Relaxed)) {
            Pushed::News => self.wake.notify_one(),
            Pushed::Behind | Pushed::Closed => {}
            Pushed::TooMuch => {
                tracing::warn!(
                    "Client {} (id {}) closed for overcoming of output buffer limits",
                    self.addr,
                    self.id
                );
                self.kill();
            }
        }
    }

    /// The next message, for the connection to send.
    #[must_use]
    pub fn pop(&self) -> Option<Bytes> {
        self.inbox.get()?.pop()
    }

    /// Bytes of memory that the messages take that wait.
    #[must_use]
    pub fn inbox_bytes(&self) -> usize {
        self.inbox.get().map_or(0, |inbox| inbox.bytes())
    }
}

/// All connected clients, by id.
#[derive(Default)]
pub struct Clients {
    by_id: DashMap<u64, Arc<ClientHandle>>,
    last_id: AtomicU64,
    count: AtomicUsize,
}

impl Clients {
    /// Enters a client, unless `max` are there already.
    pub fn register(&self, new: NewClient, max: usize) -> Option<Arc<ClientHandle>> {
        let enter = |count: usize| (count < max).then_some(count + 1);
        self.count.fetch_update(AcqRel, Acquire, enter).ok()?;
        let id = self.last_id.fetch_add(1, Relaxed) + 1;
        let client = Arc::new(ClientHandle::new(id, new));
        self.by_id.insert(id, client.clone());
        Some(client)
    }

    /// Takes a client out when its connection ends.
    pub fn remove(&self, id: u64) {
        if self.by_id.remove(&id).is_some() {
            self.count.fetch_sub(1, AcqRel);
        }
    }

    #[must_use]
    pub fn get(&self, id: u64) -> Option<Arc<ClientHandle>> {
        self.by_id.get(&id).map(|client| client.clone())
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.count.load(Relaxed)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them, the oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<ClientHandle>> {
        let mut clients: Vec<_> = self.by_id.iter().map(|entry| entry.value().clone()).collect();
        clients.sort_unstable_by_key(|client| client.id);
        clients
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new() -> NewClient {
        let (addr, laddr) = ("127.0.0.1:5000".to_owned(), "127.0.0.1:6379".to_owned());
        NewClient { addr, laddr, unix_socket: false, created_ms: 1 }
    }

    #[test]
    fn no_more_clients_than_allowed() {
        let clients = Clients::default();
        let first = clients.register(new(), 2).expect("there is room");
        let second = clients.register(new(), 2).expect("there is room");
        assert!(clients.register(new(), 2).is_none());
        assert!(second.id > first.id);
        clients.remove(first.id);
        clients.remove(first.id);
        assert_eq!(clients.len(), 1);
        let third = clients.register(new(), 2).expect("there is room again");
        let ids: Vec<u64> = clients.all().iter().map(|client| client.id).collect();
        assert_eq!(ids, [second.id, third.id]);
    }

    #[test]
    fn a_slow_reader_is_closed() {
        let client = ClientHandle::new(1, new());
        client.push(Bytes::from_static(b"nobody listens"));
        assert!(client.pop().is_none());
        client.open_inbox();
        client.push(Bytes::from_static(b"line"));
        client.push(Bytes::from(vec![b'x'; 31 << 20]));
        assert!(!client.killed());
        assert_eq!(client.pop().as_deref(), Some(&b"line"[..]));
        client.push(Bytes::from(vec![b'x'; 1 << 20]));
        assert!(client.killed());
        assert_eq!(client.inbox_bytes(), 0);
    }

    #[test]
    fn only_who_waits_is_unblocked_and_once() {
        let client = ClientHandle::new(1, new());
        assert!(!client.unblock(Unblock::TimeOut));
        client.begin_waiting();
        assert!(client.has(flag::BLOCKED) && client.unblocked().is_none());
        assert!(client.unblock(Unblock::Error));
        assert!(!client.unblock(Unblock::TimeOut), "it is about to go on");
        assert_eq!(client.unblocked(), Some(Unblock::Error));
        client.end_waiting();
        assert!(!client.has(flag::BLOCKED) && client.unblocked().is_none());
    }
}
