//! Parts of an overlay, to be merged into what others hold.

use super::{Cells, Fresh, Overlay, raise};
use crate::base::{Replica, Stamp, Tag};
use crate::crdt::{Generation, ReplicaMap};

/// Cells that this node changed and has not yet handed to its stream.
#[derive(Clone, Debug)]
pub(super) enum Untold<K> {
    Keys(Vec<K>),
    /// All that are fresh.
    Fresh,
    All,
}

impl<K> Default for Untold<K> {
    fn default() -> Self {
        Untold::Keys(Vec::new())
    }
}

impl<K: Ord> Untold<K> {
    /// One of `fresh` cells was changed.
    pub fn note(&mut self, key: K, fresh: usize) {
        let Untold::Keys(keys) = self else { return };
        if keys.last() == Some(&key) {
            return;
        }
        if keys.len() >= fresh {
            *self = Untold::Fresh;
        } else {
            keys.push(key);
        }
    }

    pub fn note_fresh(&mut self) {
        if !matches!(self, Untold::All) {
            *self = Untold::Fresh;
        }
    }

    pub fn heap_bytes(&self) -> usize {
        match self {
            Untold::Keys(keys) => keys.capacity() * size_of::<K>(),
            Untold::Fresh | Untold::All => 0,
        }
    }
}

impl<C: Cells> Overlay<C> {
    /// What the stream of `me` has to be told: what has changed since it was last asked.
    #[must_use]
    pub fn take_part(&mut self, me: Replica) -> Overlay<C> {
        let mut part = Overlay { forgotten: self.forgotten.clone(), ..Overlay::default() };
        if let Some(seen) = self.seen.get(me) {
            raise(&mut part.seen, me, *seen);
        }
        match std::mem::take(&mut self.untold) {
            Untold::All => return self.clone(),
            Untold::Fresh => {
                self.fresh.iter().for_each(|(key, fresh)| part.admit(*key, *fresh));
            }
            Untold::Keys(mut keys) => {
                keys.sort_unstable();
                keys.dedup();
                let told = keys.into_iter().filter_map(|key| Some((key, *self.fresh.get(&key)?)));
                told.for_each(|(key, fresh)| part.admit(key, fresh));
            }
        }
        part
    }

    /// Has all of it told when a part is next taken: nobody has been told any of it.
    pub fn tell_all(&mut self) {
        self.untold = Untold::All;
    }

    /// Only what is forgotten.
    #[must_use]
    pub fn tombstones_part(&self) -> Overlay<C> {
        let mut part = Overlay { forgotten: self.forgotten.clone(), ..Overlay::default() };
        let dead = self.fresh.iter().filter(|(_, fresh)| fresh.value.is_none());
        dead.for_each(|(key, fresh)| part.admit(*key, *fresh));
        part
    }

    /// What the replica `lost` wrote after the stamp `since`, and `known` lacks, as the words of `new`.
    #[must_use]
    pub fn reissue(
        &self,
        lost: Replica,
        since: Stamp,
        new: Replica,
        known: Option<&Overlay<C>>,
    ) -> Overlay<C> {
        let mut part = Overlay::default();
        for (key, fresh) in &self.fresh {
            let is_known = known.is_some_and(|known| known.has_seen(*key, fresh));
            let Tag { stamp, replica } = fresh.tag;
            if replica != lost || stamp <= since || fresh.value.is_none() || is_known {
                continue;
            }
            part.admit(C::key(C::place(*key), new), Fresh { tag: Tag::new(stamp, new), ..*fresh });
            if !C::REPLACES {
                part.admit(*key, Fresh { value: None, ..*fresh });
            }
        }
        part
    }

    /// Whether a replica has left anything in it.
    #[must_use]
    pub fn mentions(&self, replica: Replica) -> bool {
        self.seen.get(replica).is_some()
    }

    /// Whether another's fresh cell was heard of, if only as forgotten.
    fn has_seen(&self, key: C::Key, fresh: &Fresh) -> bool {
        let seen = self.seen.get(fresh.tag.replica).copied().unwrap_or(Stamp::NEVER);
        seen >= fresh.tag.stamp
            || self.fresh.get(&key).is_some_and(|known| known.tag >= fresh.tag)
    }

    /// Takes in a fresh cell of which nothing is known yet.
    pub(super) fn admit(&mut self, key: C::Key, fresh: Fresh) {
        raise(&mut self.seen, fresh.tag.replica, fresh.tag.stamp);
        if let Some(value) = fresh.value {
            self.shown.put(C::place(key), value);
        }
        self.fresh.insert(key, fresh);
    }

    pub(super) fn admit_told(&mut self, place: u32, tag: Tag, value: Option<u8>) {
        let generation = Generation::default();
        self.admit(C::key(place, tag.replica), Fresh { tag, value, generation });
    }

    pub(super) fn stamps(&self) -> [&ReplicaMap<Stamp>; 3] {
        [&self.seen, &self.plain, &self.forgotten]
    }
}
