//! What is visible of a key, taken out to be written elsewhere: COPY, RENAME, MOVE, SWAPDB, RESTORE.

use super::entry::Entry;
use super::{HashView, KeyRef, Keys, ListView, SetView, SortedView, TextForm};
use crate::crdt::{Deadline, Field, Key, Kind, Tombstones};

/// A visible value and its deadline.
pub(super) struct Portrait {
    value: Value,
    ends_ms: Option<u64>,
    form: TextForm,
}

enum Value {
    Text(Vec<u8>),
    /// Members, each with its deadline.
    Set(Vec<(Vec<u8>, Option<u64>)>),
    /// Fields, each with its value and its deadline.
    Hash(Vec<(Vec<u8>, Vec<u8>, Option<u64>)>),
    /// Members and their scores.
    Sorted(Vec<(Vec<u8>, f64)>),
    List(Vec<Vec<u8>>),
}

impl Keys<'_> {
    /// What is visible of a key; `None`: nothing.
    pub(super) fn portrait(&mut self, key: KeyRef<'_>) -> Option<Portrait> {
        self.settle(key);
        let ends_ms = self.deadline(key).ok()??;
        let form = self.text_form(key).ok()??;
        let value = match self.kind(key).ok()?? {
            Kind::String => Value::Text(self.text(key).ok()??.to_vec()),
            Kind::Set => Value::members(&self.set(key).ok()??),
            Kind::Hash => Value::fields(&self.hash(key).ok()??),
            Kind::SortedSet => Value::sorted(&self.sorted(key).ok()??),
            Kind::List => Value::elements(&self.list(key).ok()??),
        };
        Some(Portrait { value, ends_ms, form })
    }

    /// RESTORE: makes a key look as `state` did at `read_ms`, by new writes. Members that have expired since
    /// are left out; the deadline of the key is the caller's affair. False: nothing is left to see, and
    /// the key is deleted.
    pub fn put_visible(
        &mut self,
        key: KeyRef<'_>,
        state: Key,
        read_ms: u64,
        ends_ms: Option<u64>,
    ) -> bool {
        let portrait = Portrait::of_state(key.name, state, read_ms, ends_ms);
        match portrait.and_then(|portrait| portrait.without_past(self.now_ms)) {
            Some(portrait) => self.put(key, &portrait),
            None => {
                self.delete(key);
                return false;
            }
        }
        true
    }

    /// Makes a key look like the portrait, by new writes.
    pub(super) fn put(&mut self, key: KeyRef<'_>, portrait: &Portrait) {
        match &portrait.value {
            Value::Text(text) => {
                let ends = portrait.ends_ms.map_or(Deadline::Clear, Deadline::At);
                let was_there = self.exists(key).unwrap_or(false);
                self.set_text(key, text, ends);
                if was_there {
                    self.notify_new(key);
                }
                if portrait.form != TextForm::Plain {
                    self.set_form(key, portrait.form);
                }
            }
            Value::List(texts) => {
                self.put_list(key, texts.iter().map(Vec::as_slice));
                if portrait.ends_ms.is_some() {
                    self.set_deadline(key, portrait.ends_ms);
                }
            }
            Value::Set(members) => {
                self.put_set(key, members.iter().map(|(name, at_ms)| (&name[..], *at_ms)));
            }
            Value::Hash(fields) => {
                let fields = fields.iter();
                self.put_hash(
                    key,
                    fields.map(|(name, text, at_ms)| (&name[..], &text[..], *at_ms)),
                );
            }
            Value::Sorted(members) => {
                self.put_sorted(key, members.iter().map(|(name, score)| (&name[..], *score)));
            }
        }
        if portrait.ends_ms.is_some() && !matches!(portrait.value, Value::Text(_)) {
            self.set_deadline(key, portrait.ends_ms);
        }
    }
}

impl Portrait {
    /// Of a state that no entry holds, as it was seen at `read_ms`.
    fn of_state(
        name: &[u8],
        mut state: Key,
        read_ms: u64,
        ends_ms: Option<u64>,
    ) -> Option<Portrait> {
        state.settle(read_ms, Tombstones::KEEP);
        let mut entry = Entry::empty(name);
        entry.set_key(state, Default::default(), read_ms);
        let value = match entry.kind(read_ms)? {
            Kind::String => Value::Text(entry.text(read_ms).ok()??.to_vec()),
            Kind::Set => Value::members(&entry.members::<()>(read_ms).ok()??),
            Kind::Hash => Value::fields(&entry.members::<Field>(read_ms).ok()??),
            Kind::SortedSet => Value::sorted(&entry.sorted(read_ms).ok()??),
            Kind::List => Value::elements(&entry.list(read_ms).ok()??),
        };
        Some(Portrait { value, ends_ms, form: TextForm::Plain })
    }

    /// Without the members that have expired; `None`: none is left.
    fn without_past(mut self, now_ms: u64) -> Option<Portrait> {
        let is_left = |at_ms: &Option<u64>| at_ms.is_none_or(|at_ms| at_ms > now_ms);
        let is_empty = match &mut self.value {
            // Only members of sets and fields expire.
            Value::Text(_) | Value::Sorted(_) | Value::List(_) => false,
            Value::Set(members) => {
                members.retain(|(_, at_ms)| is_left(at_ms));
                members.is_empty()
            }
            Value::Hash(fields) => {
                fields.retain(|(_, _, at_ms)| is_left(at_ms));
                fields.is_empty()
            }
        };
        (!is_empty).then_some(self)
    }
}

impl Value {
    fn elements(list: &ListView<'_>) -> Value {
        Value::List(list.iter().map(<[u8]>::to_vec).collect())
    }

    fn members(set: &SetView<'_>) -> Value {
        let members = set.iter().map(|name| (name.to_vec(), set.deadline(name).flatten()));
        Value::Set(members.collect())
    }

    fn sorted(set: &SortedView<'_>) -> Value {
        let members = set.range(0..set.len()).map(|(name, score)| (name.to_vec(), score));
        Value::Sorted(members.collect())
    }

    fn fields(hash: &HashView<'_>) -> Value {
        let fields = hash
            .fields()
            .map(|(name, text)| (name.to_vec(), text.to_vec(), hash.deadline(name).flatten()));
        Value::Hash(fields.collect())
    }
}
