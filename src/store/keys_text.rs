//! Strings and counters in a scope.

use super::entry::{Entry, Growing, State, TextForm};
use super::tally::Tally;
use super::{AccessError, KeyRef, Keys, Text};
use crate::base::Replica;
use crate::base::decimal::Decimal;
use crate::base::number::parse_i64;
use crate::crdt::{Deadline, Key, Kind, Tombstones, Write};

impl Keys<'_> {
    /// The visible text.
    pub fn text(&self, key: KeyRef<'_>) -> Result<Option<Text<'_>>, AccessError> {
        match self.entry_touched(key)? {
            Some(entry) => entry.text(self.now_ms),
            None => Ok(None),
        }
    }

    /// SET: forgets whatever was there, of any type.
    pub fn set_text(&mut self, key: KeyRef<'_>, value: &[u8], deadline: Deadline) {
        let me = self.keyspace.me();
        let done = self.change(key, |entry, write| set_text(entry, me, write, value, deadline));
        if done.is_none() {
            let write = self.keyspace.write(self.now_ms);
            let state = State::Text { stamp: write.stamp(), text: value.into() };
            self.put_new(key, state, deadline, &write);
        }
    }

    /// APPEND, SETRANGE: writes `bytes` at `offset` of the text, zero bytes filling a gap, and returns
    /// the new length in bytes. A missing key is an empty text; the deadline stays. The caller has
    /// checked the size. A SET of the value read, as far as merging goes.
    pub fn overwrite(
        &mut self,
        key: KeyRef<'_>,
        offset: usize,
        bytes: &[u8],
    ) -> Result<usize, AccessError> {
        let grown = self.change(key, |entry, write| overwrite(entry, write, offset, bytes));
        if let Some(Some(len)) = grown {
            return Ok(len);
        }
        let mut text = self.text(key)?.map(|text| text.to_vec()).unwrap_or_default();
        write_at(&mut text, offset, bytes);
        self.set_text(key, &text, Deadline::Keep);
        self.set_form(key, TextForm::Grown);
        Ok(text.len())
    }

    /// How the text came to be; `None`: there is no such key.
    pub fn text_form(&self, key: KeyRef<'_>) -> Result<Option<TextForm>, AccessError> {
        Ok(self.entry(key)?.map(|entry| entry.form))
    }

    pub(super) fn set_form(&mut self, key: KeyRef<'_>, form: TextForm) {
        self.change(key, |entry, _| entry.form = form);
    }

    /// INCRBY: counts `by` on; a missing key counts from 0. The deadline stays. Returns the value.
    ///
    /// On a live counter this needs shared access only, and atomics.
    pub fn add(&mut self, key: KeyRef<'_>, by: i64) -> Result<i64, AccessError> {
        if !self.is_exclusive(key) {
            let entry = self.entry_touched(key)?.ok_or(AccessError::NeedsExclusive)?;
            let tally = entry.tally(self.now_ms).ok_or(AccessError::NeedsExclusive)?;
            self.mark_shared(key, entry);
            let sum = tally.add(by)?;
            self.tell_watchers(key);
            return Ok(sum);
        }
        let me = self.keyspace.me();
        if let Some(result) = self.change(key, |entry, write| add(entry, me, write, by)) {
            return result;
        }
        let write = self.keyspace.write(self.now_ms);
        self.put_new(key, first_count(&write, by), Deadline::Keep, &write);
        Ok(by)
    }

    /// INCRBYFLOAT: the visible number becomes `to` (as Redis prints it); the difference to what is
    /// visible now is what this node adds.
    pub fn move_number_to(&mut self, key: KeyRef<'_>, to: &str) -> Result<(), AccessError> {
        let me = self.keyspace.me();
        let number = Decimal::parse(to.as_bytes()).ok_or(AccessError::NotFloat)?;
        let move_to = |mut whole: Key, write: &Write| {
            let moved = whole.move_number_to(write, &number, to.as_bytes());
            if write.tombstones == Tombstones::Drop {
                whole.collect_all(write.now_ms);
            }
            moved.then_some(whole).ok_or(AccessError::NotFloat)
        };
        let changed = self.change(key, |entry, write| {
            if entry.kind(write.now_ms).is_some_and(|kind| kind != Kind::String) {
                return Err(AccessError::WrongType);
            }
            entry.set_key(move_to(entry.to_key(me), write)?, me, write.now_ms);
            entry.form = TextForm::Float;
            Ok(())
        });
        if let Some(result) = changed {
            return result;
        }
        let write = self.keyspace.write(self.now_ms);
        let mut entry = Entry::empty(key.name);
        entry.set_key(move_to(Key::default(), &write)?, me, self.now_ms);
        self.put_new(key, entry.state, Deadline::Keep, &write);
        self.set_form(key, TextForm::Float);
        Ok(())
    }
}

fn set_text(entry: &mut Entry, me: Replica, write: &Write, value: &[u8], deadline: Deadline) {
    entry.form = TextForm::Plain;
    if write.tombstones != Tombstones::Drop || !entry.is_compact() {
        let mut whole = entry.take_key(me);
        whole.set_text(write, value, deadline);
        if write.tombstones == Tombstones::Drop {
            whole.collect_all(write.now_ms);
        }
        return entry.set_key(whole, me, write.now_ms);
    }
    entry.state = State::Text { stamp: write.stamp(), text: value.into() };
    entry.write_ends(write, deadline);
}

/// In place, with room to grow, while there is nothing but a text; `None` in other forms.
fn overwrite(entry: &mut Entry, write: &Write, offset: usize, bytes: &[u8]) -> Option<usize> {
    if entry.is_past(write.now_ms) {
        return None;
    }
    let mut text = match &mut entry.state {
        State::Growing(growing) => std::mem::take(&mut growing.text),
        State::Text { text, .. } => std::mem::take(text).into_vec(),
        _ => return None,
    };
    write_at(&mut text, offset, bytes);
    let len = text.len();
    let stamp = write.stamp();
    match &mut entry.state {
        State::Growing(growing) => **growing = Growing { stamp, text },
        state => *state = State::Growing(Box::new(Growing { stamp, text })),
    }
    entry.form = TextForm::Grown;
    Some(len)
}

fn write_at(text: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if text.len() < end {
        text.resize(end, 0);
    }
    text[offset..end].copy_from_slice(bytes);
}

fn add(entry: &mut Entry, me: Replica, write: &Write, by: i64) -> Result<i64, AccessError> {
    if let Some(tally) = entry.tally(write.now_ms) {
        match tally.add(by) {
            Err(AccessError::NeedsExclusive) => {}
            done => return done,
        }
    }
    let visible = match entry.text(write.now_ms)? {
        Some(Text::Integer(value, _)) => value,
        Some(text) => parse_i64(&text).ok_or(AccessError::NotInteger)?,
        None => 0,
    };
    visible.checked_add(by).ok_or(AccessError::Overflow)?;
    let mut whole = entry.take_key(me);
    whole.add(write, i128::from(by));
    if write.tombstones == Tombstones::Drop {
        whole.collect_all(write.now_ms);
    }
    entry.set_key(whole, me, write.now_ms);
    entry.form = TextForm::Plain;
    // Not simply the sum: where merges went past the 64-bit range, its bound stays visible.
    match entry.text(write.now_ms)? {
        Some(text) => parse_i64(&text).ok_or(AccessError::NotInteger),
        None => Ok(by),
    }
}

/// The state of a key that was missing and is counted on.
fn first_count(write: &Write, by: i64) -> State {
    if by == 0 {
        return State::Text { stamp: write.stamp(), text: b"0"[..].into() };
    }
    let taken = if by < 0 { by.unsigned_abs() } else { 0 };
    State::Count { tally: Tally::new(by, taken), born: write.stamp() }
}
