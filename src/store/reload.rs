//! DEBUG RELOAD: every key as bytes, and back.

use super::entry::TextForm;
use super::{KeyRef, Keys};
use crate::crdt::wire::{Decoder, Encoder};
use crate::crdt::{Key, Tombstones};

impl Keys<'_> {
    /// Writes every visible key as the disk and peers have it and reads it back. What Redis forgets over a
    /// restart is forgotten: how a text came to be. The scope holds everything exclusively.
    ///
    /// # Errors
    /// The name of a key that does not come back as it was.
    pub fn reload(&mut self) -> Result<(), Vec<u8>> {
        for db in 0..self.keyspace.databases() {
            let mut names = Vec::new();
            self.for_each_name(db, &mut |name| names.push(name.to_vec()));
            for name in names {
                if self.reload_key(KeyRef::new(db, &name)) == Some(false) {
                    return Err(name);
                }
            }
        }
        Ok(())
    }

    /// Whether it comes back as it was; `None`: it is not there.
    fn reload_key(&mut self, key: KeyRef<'_>) -> Option<bool> {
        let tombstones = self.keyspace.tombstones();
        let state = self.state(key)?;
        let is_same = reread(&state, tombstones).is_some_and(|again| again == state);
        // Nobody sees a difference but OBJECT ENCODING: it is no change to who watches the key.
        self.change(key, |entry, _| {
            entry.form = TextForm::Plain;
            false
        });
        Some(is_same)
    }
}

fn reread(state: &Key, tombstones: Tombstones) -> Option<Key> {
    let mut encoder = Encoder::new(state.max_stamp());
    encoder.key(state);
    let bytes = encoder.finish();
    let told = Decoder::new(&bytes).ok()?.key().ok()?;
    let mut again = Key::default();
    again.merge(&told, tombstones);
    Some(again)
}
