//! Merging a state that was kept aside: RESTORE … MERGE.

use super::entry::State;
use super::{KeyRef, Keys};
use crate::base::Replica;
use crate::crdt::{Generation, Key, Tombstones};

/// Why a state is not merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotMerged<E> {
    /// Nothing here remembers what was deleted, so nobody can say whether it would bring that back.
    Forgetful,
    /// It has more than is known here of what a replica has counted that goes on counting: the maximum of
    /// both would swallow what that counts next.
    Ahead(Replica),
    /// It may bring back what was collected.
    NotAdmitted(E),
}

impl Keys<'_> {
    /// Merges a state into a key, as it is but for what has ended, and has this node tell peers all of it.
    /// `admits` is told which generations were collected of the key's shard. `writers`: who else writes now.
    ///
    /// # Errors
    /// Nothing was changed. What is not admitted is no error if nothing that lives would come of it.
    pub fn merge<E>(
        &mut self,
        key: KeyRef<'_>,
        mut theirs: Key,
        writers: &[Replica],
        admits: impl FnOnce(Generation) -> Result<(), E>,
    ) -> Result<(), NotMerged<E>> {
        let (keyspace, now_ms) = (self.keyspace, self.now_ms);
        if !keyspace.keeps() {
            return Err(NotMerged::Forgetful);
        }
        // Nobody sees it, and others may have begun it anew since.
        theirs.drop_lives(|life| life.is_past(now_ms));
        if theirs.lives().is_empty() {
            return Ok(());
        }
        let mine = self.state(key).unwrap_or_default();
        let mut writers = writers.iter().copied().chain([keyspace.me()]);
        let ahead = writers.find(|writer| mine.is_behind_on(*writer, &theirs));
        match (admits(self.shard_mut(key).collected), ahead) {
            (Ok(()), None) => {
                self.merge_marked(key, &theirs);
                Ok(())
            }
            (Ok(()), Some(writer)) => Err(NotMerged::Ahead(writer)),
            (Err(why), _) => match brings_news(key.name, mine, &theirs, now_ms) {
                true => Err(NotMerged::NotAdmitted(why)),
                false => Ok(()),
            },
        }
    }

    fn merge_marked(&mut self, key: KeyRef<'_>, theirs: &Key) {
        let (keyspace, now_ms) = (self.keyspace, self.now_ms);
        let is_new = self.shard_mut(key).find(key.hash, key.name).is_none();
        if is_new {
            let entry = keyspace.new_entry(key.name, State::whole(Key::default()));
            self.shard_mut(key).insert(key.hash, Box::new(entry));
        }
        keyspace.observe(theirs.max_stamp());
        let sealed = self.shard_mut(key).sealed_of(key.hash);
        self.change(key, |entry, write| {
            keyspace.merge_entry(entry, theirs, &sealed, now_ms);
            let mut whole = entry.take_key(keyspace.me());
            whole.tell_all(write.tombstones);
            entry.set_key(whole, keyspace.me(), now_ms);
        });
        let shard = self.shard_mut(key);
        let entry = shard.find(key.hash, key.name);
        let ended = entry.map(|entry| entry.ended(keyspace.me(), now_ms)).unwrap_or_default();
        shard.keep_sealed(key.hash, &ended);
    }
}

/// Whether anything that lives would be another after a merge.
fn brings_news(name: &[u8], mut mine: Key, theirs: &Key, now_ms: u64) -> bool {
    mine.settle(now_ms, Tombstones::KEEP);
    let before = mine.fingerprint(name, now_ms);
    mine.merge(theirs, Tombstones::KEEP);
    mine.settle(now_ms, Tombstones::KEEP);
    mine.fingerprint(name, now_ms) != before
}
