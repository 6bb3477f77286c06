//! Client-side caches (CLIENT TRACKING): who is told when a key changes that it may have cached.
//!
//! A client's read is noted before it is made, with the key held; who changes a key takes out who has read it, with
//! the key held too, and tells them. So no change is missed; one that comes just before the read may be told as well.

mod options;
mod table;

pub use options::{Remember, TrackingOptions};

use super::clients::flag;
use super::{ClientHandle, Clients, ConfigCell};
use crate::resp::{Protocol, ReplyWriter};
use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use table::{Readers, Table};

/// The channel of RESP2 clients that are told in others' places.
const CHANNEL: &[u8] = b"__redis__:invalidate";

/// All that clients may have cached.
pub struct Tracking {
    config: Arc<ConfigCell>,
    clients: Arc<Clients>,
    read: Table,
    /// BCAST: the clients of each prefix.
    prefixes: RwLock<BTreeMap<Box<[u8]>, Vec<u64>>>,
    prefix_count: AtomicUsize,
    /// How many clients are told of anything.
    count: Mutex<usize>,
}

impl Tracking {
    #[must_use]
    pub fn new(config: Arc<ConfigCell>, clients: Arc<Clients>) -> Tracking {
        Tracking {
            config,
            clients,
            read: Table::default(),
            prefixes: RwLock::default(),
            prefix_count: AtomicUsize::new(0),
            count: Mutex::default(),
        }
    }

    /// CLIENT TRACKING ON. `tell`: is told whether anybody wants to hear of changes.
    pub fn begin(&self, client: &ClientHandle, options: TrackingOptions, tell: impl Fn(bool)) {
        client.open_inbox();
        if let Some(redirect) = self.clients.get(options.redirect) {
            redirect.open_inbox();
        }
        let is_broadcast = options.prefixes.is_some();
        let known = client.tracking().and_then(|known| known.prefixes).unwrap_or_default();
        let mut added = options.prefixes.clone().unwrap_or_default();
        added.retain(|prefix| !known.contains(prefix));
        let prefixes = is_broadcast.then(|| [known, added.clone()].concat());
        client.set_tracking(Some(TrackingOptions { prefixes, ..options }));
        let mut count = self.count.lock();
        if !client.has(flag::TRACKING) {
            *count += 1;
        }
        client.set_flag(flag::TRACKING_BROKEN, false);
        client.set_flag(flag::TRACKING_BROADCAST, is_broadcast);
        client.set_flag(flag::TRACKING, true);
        let mut prefixes = self.prefixes.write();
        for prefix in added {
            prefixes.entry(prefix).or_default().push(client.id);
        }
        self.prefix_count.store(prefixes.len(), Relaxed);
        tell(true);
    }

    /// CLIENT TRACKING OFF, RESET, or the connection is gone.
    pub fn end(&self, client: &ClientHandle, tell: impl Fn(bool)) {
        if !client.has(flag::TRACKING) {
            return;
        }
        let mut count = self.count.lock();
        let options = client.set_tracking(None).unwrap_or_default();
        let all = flag::TRACKING | flag::TRACKING_BROKEN | flag::TRACKING_BROADCAST;
        client.set_flag(all, false);
        let mut prefixes = self.prefixes.write();
        for prefix in options.prefixes.unwrap_or_default() {
            if let Some(clients) = prefixes.get_mut(&prefix) {
                clients.retain(|id| *id != client.id);
                if clients.is_empty() {
                    prefixes.remove(&prefix);
                }
            }
        }
        self.prefix_count.store(prefixes.len(), Relaxed);
        *count -= 1;
        if *count == 0 {
            self.read.clear();
            tell(false);
        }
    }

    /// A client is about to read a key, which is held.
    pub fn reads(&self, client: &ClientHandle, key: &[u8]) {
        self.read.add(key, client.id);
        let max_keys = self.config.get().tracking_table_max_keys;
        while max_keys != 0 && self.read.keys() as u64 > max_keys {
            let Some((other, readers)) = self.read.take_any(key) else { break };
            self.tell(&readers, &other, 0);
        }
    }

    /// A key has changed, by the client `by` (0: by none).
    pub fn changed(&self, key: &[u8], by: u64) {
        let readers = self.read.take(key);
        self.tell(&readers, key, by);
        if self.prefix_count.load(Relaxed) != 0 {
            let prefixes = self.prefixes.read();
            let matching = prefixes.iter().filter(|(prefix, _)| key.starts_with(prefix));
            for client in matching.flat_map(|(_, clients)| clients) {
                self.tell_one(*client, Some(key), by);
            }
        }
    }

    /// All keys may have.
    pub fn all_changed(&self) {
        self.read.clear();
        for client in self.clients.all().iter().filter(|client| client.has(flag::TRACKING)) {
            self.tell_one(client.id, None, 0);
        }
    }

    fn tell(&self, readers: &Readers, key: &[u8], by: u64) {
        for reader in readers {
            self.tell_one(*reader, Some(key), by);
        }
    }

    /// `key`: `None` for all.
    fn tell_one(&self, id: u64, key: Option<&[u8]>, by: u64) {
        let Some(client) = self.clients.get(id) else { return };
        let Some(options) = client.tracking() else { return };
        if options.no_loop && by == id {
            return;
        }
        if options.redirect == 0 {
            // RESP2 knows no pushes.
            if client.protocol() == Protocol::Resp3 {
                self.send(&client, push(key));
            }
            return;
        }
        let Some(target) = self.clients.get(options.redirect) else {
            client.set_flag(flag::TRACKING_BROKEN, true);
            if client.protocol() == Protocol::Resp3 {
                self.send(&client, broken(options.redirect));
            }
            return;
        };
        match target.protocol() {
            Protocol::Resp3 => self.send(&target, push(key)),
            Protocol::Resp2 if target.has(flag::PUBSUB) => self.send(&target, message(key)),
            Protocol::Resp2 => {}
        }
    }

    fn send(&self, client: &ClientHandle, message: Bytes) {
        let limits = self.config.get().client_output_buffer_limit;
        let limit = if client.has(flag::PUBSUB) { limits.pubsub } else { limits.normal };
        client.push_within(message, limit);
    }

    /// How many clients are told of anything.
    #[must_use]
    pub fn clients(&self) -> usize {
        *self.count.lock()
    }

    /// Keys that somebody may have cached; pairs of keys and clients; prefixes.
    #[must_use]
    pub fn totals(&self) -> [usize; 3] {
        [self.read.keys(), self.read.items(), self.prefix_count.load(Relaxed)]
    }
}

fn push(key: Option<&[u8]>) -> Bytes {
    let mut out = Vec::new();
    let mut writer = ReplyWriter::new(&mut out, Protocol::Resp3);
    writer.push(2);
    writer.bulk(b"invalidate");
    keys(&mut writer, key);
    out.into()
}

fn message(key: Option<&[u8]>) -> Bytes {
    let mut out = Vec::new();
    let mut writer = ReplyWriter::new(&mut out, Protocol::Resp2);
    writer.push(3);
    writer.bulk(b"message");
    writer.bulk(CHANNEL);
    keys(&mut writer, key);
    out.into()
}

fn keys(writer: &mut ReplyWriter<'_>, key: Option<&[u8]>) {
    match key {
        Some(key) => {
            writer.array(1);
            writer.bulk(key);
        }
        None => writer.null(),
    }
}

fn broken(redirect: u64) -> Bytes {
    let mut out = Vec::new();
    let mut writer = ReplyWriter::new(&mut out, Protocol::Resp3);
    writer.push(2);
    writer.bulk(b"tracking-redir-broken");
    writer.integer(redirect.cast_signed());
    out.into()
}
