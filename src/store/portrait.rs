//! What is visible of a key, taken out to be written elsewhere: COPY, RENAME, MOVE, SWAPDB.

use super::{KeyRef, Keys, TextForm};
use crate::crdt::Deadline;

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
}

impl Keys<'_> {
    /// What is visible of a key; `None`: nothing.
    pub(super) fn portrait(&mut self, key: KeyRef<'_>) -> Option<Portrait> {
        self.settle(key);
        let ends_ms = self.deadline(key).ok()??;
        let form = self.text_form(key).ok()??;
        if let Ok(text) = self.text(key) {
            return Some(Portrait { value: Value::Text(text?.to_vec()), ends_ms, form });
        }
        let set = self.set(key).ok()??;
        let members = set.iter().map(|name| (name.to_vec(), set.deadline(name).flatten()));
        Some(Portrait { value: Value::Set(members.collect()), ends_ms, form })
    }

    /// Makes a key look like the portrait, by new writes.
    pub(super) fn put(&mut self, key: KeyRef<'_>, portrait: &Portrait) {
        match &portrait.value {
            Value::Text(text) => {
                let ends = portrait.ends_ms.map_or(Deadline::Clear, Deadline::At);
                self.set_text(key, text, ends);
                if portrait.form != TextForm::Plain {
                    self.set_form(key, portrait.form);
                }
            }
            Value::Set(members) => {
                self.put_set(key, members.iter().map(|(name, at_ms)| (&name[..], *at_ms)));
                if portrait.ends_ms.is_some() {
                    self.set_deadline(key, portrait.ends_ms);
                }
            }
        }
    }
}
