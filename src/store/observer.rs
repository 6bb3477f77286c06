//! Who is told of what happens to keys, while it happens: publishers of events, and caches of clients.
//!
//! The observer is called with the key's shard held, so it hears of a key in the order in which it changes, and
//! whoever looks at a key because of what was heard sees it changed. It takes no key and waits for nothing.

use super::{KeyRef, Keys, Keyspace, TOKENS};
use crate::base::Name;
use crate::config::EventClasses;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Hears of what was asked for.
pub trait Observer: Send + Sync {
    /// A command, expiry or eviction has done something to a key.
    fn event(&self, class: EventClasses, event: &'static str, db: u16, key: &[u8]);

    /// What users see of a key has changed, by whatever. `by`: the client that did it; 0: none did.
    fn changed(&self, key: &[u8], by: u64);

    /// The same of many keys at once.
    fn all_changed(&self);
}

/// Beside the bits of [`EventClasses`]: changes are asked for.
const CHANGES: u32 = 1 << 31;

/// What is asked for, and who asks.
#[derive(Default)]
pub(super) struct Observed {
    wanted: AtomicU32,
    observer: OnceLock<Box<dyn Observer>>,
}

impl Observed {
    #[inline]
    fn wants(&self, bits: u32) -> Option<&dyn Observer> {
        if self.wanted.load(Relaxed) & bits == 0 {
            return None;
        }
        self.observer.get().map(Box::as_ref)
    }

    pub fn tells_events(&self) -> bool {
        self.wants(!CHANGES).is_some()
    }

    /// Tells of an event, if anybody wants to know: else it costs one look.
    #[inline]
    pub fn event(&self, class: EventClasses, event: &'static str, key: KeyRef<'_>) {
        if let Some(observer) = self.wants(class.0).filter(|_| key.db != TOKENS) {
            observer.event(class, event, key.db, key.name);
        }
    }

    #[inline]
    pub fn changed(&self, key: KeyRef<'_>, by: u64) {
        if let Some(observer) = self.wants(CHANGES).filter(|_| key.db != TOKENS) {
            observer.changed(key.name, by);
        }
    }

    pub fn all_changed(&self) {
        if let Some(observer) = self.wants(CHANGES) {
            observer.all_changed();
        }
    }
}

impl Keyspace {
    /// Says who hears of what happens to keys. The first one stays.
    pub fn set_observer(&self, observer: impl Observer + 'static) {
        self.observed.observer.get_or_init(|| Box::new(observer));
    }

    /// From now on these events are told of.
    pub fn tell_events(&self, classes: EventClasses) {
        let told = self.observed.wanted.load(Relaxed) & CHANGES;
        self.observed.wanted.store(classes.0 | told, Relaxed);
    }

    /// From now on changes are told of, or are not.
    pub fn tell_changes(&self, on: bool) {
        if on {
            self.observed.wanted.fetch_or(CHANGES, Relaxed);
        } else {
            self.observed.wanted.fetch_and(!CHANGES, Relaxed);
        }
    }
}

impl Keys<'_> {
    /// Tells of what was done to a key that is held: publishes the event, if `notify-keyspace-events` has its class.
    #[inline]
    pub fn notify(&self, class: EventClasses, event: &'static str, key: KeyRef<'_>) {
        self.keyspace.observed.event(class, event, key);
    }

    /// Tells that many keys have changed, or been removed, at once (FLUSHALL, SWAPDB).
    pub fn notify_all_changed(&self) {
        self.keyspace.observed.all_changed();
    }

    /// Whether any event is told: for who has to look for what it was.
    #[inline]
    #[must_use]
    pub fn tells_events(&self) -> bool {
        self.keyspace.observed.tells_events()
    }

    /// DEL, of a key in whose place something may have been written meanwhile: the event `del` if it was there.
    pub fn notify_deleted(&self, was_there: bool, key: KeyRef<'_>) {
        if was_there {
            self.notify(EventClasses::GENERIC, "del", key);
        }
    }

    /// A key is there that was not, unless it takes the place of another.
    pub(super) fn notify_new(&self, key: KeyRef<'_>) {
        if !self.replaces {
            self.notify(EventClasses::NEW, "new", key);
        }
    }

    /// Somebody has asked for a key that is not there. It is told once it is known that it was a read.
    pub(super) fn note_miss(&self, key: KeyRef<'_>) {
        if self.keyspace.observed.wants(EventClasses::KEY_MISS.0).is_some() {
            self.missed.borrow_mut().push((key.db, Name::from_slice(key.name)));
        }
    }

    /// Tells of the keys that were asked for in vain since the last time, or forgets them.
    pub fn notify_missed(&self, was_read: bool) {
        if self.missed.borrow().is_empty() {
            return;
        }
        let missed = self.missed.take();
        for (db, name) in missed.iter().filter(|_| was_read) {
            self.notify(EventClasses::KEY_MISS, "keymiss", KeyRef::new(*db, name));
        }
    }
}
