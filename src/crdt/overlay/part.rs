//! Parts of an overlay, to be merged into what others hold.

use super::{Cells, Fresh, Overlay, raise};
use crate::base::{Replica, Stamp, Tag};
use crate::crdt::{Generation, ReplicaMap};

/// What this node changed and has not yet handed to its stream.
#[derive(Clone, Debug)]
pub(super) struct Untold<K> {
    cells: UntoldCells<K>,
    /// It has forgotten something.
    forgot: bool,
}

#[derive(Clone, Debug)]
enum UntoldCells<K> {
    Some(Vec<K>),
    /// All that it wrote and are fresh.
    Own,
    /// All of everybody.
    All,
}

impl<K> Default for Untold<K> {
    fn default() -> Self {
        Untold { cells: UntoldCells::Some(Vec::new()), forgot: false }
    }
}

impl<K: Ord> Untold<K> {
    /// One of `fresh` cells was written.
    pub fn note(&mut self, key: K, fresh: usize) {
        let UntoldCells::Some(keys) = &mut self.cells else { return };
        if keys.last() == Some(&key) {
            return;
        }
        if keys.len() >= fresh {
            self.cells = UntoldCells::Own;
        } else {
            keys.push(key);
        }
    }

    pub fn note_forgotten(&mut self) {
        self.forgot = true;
    }

    pub fn is_all(&self) -> bool {
        matches!(self.cells, UntoldCells::All)
    }

    pub fn heap_bytes(&self) -> usize {
        match &self.cells {
            UntoldCells::Some(keys) => keys.capacity() * size_of::<K>(),
            UntoldCells::Own | UntoldCells::All => 0,
        }
    }
}

impl<C: Cells> Overlay<C> {
    /// What the stream of `me` has to be told: which cells it has written since it was last asked, and which
    /// it has forgotten. Others tell what they have written.
    #[must_use]
    pub fn take_part(&mut self, me: Replica) -> Overlay<C> {
        let untold = std::mem::take(&mut self.untold);
        let mut part = Overlay::default();
        if let Some(seen) = self.seen.get(me) {
            raise(&mut part.seen, me, *seen);
        }
        if untold.forgot {
            part.forgotten = self.forgotten.clone();
            part.wiped = self.wiped.clone();
        }
        let is_told =
            |fresh: &Fresh| fresh.tag.replica == me || (untold.forgot && fresh.value.is_none());
        match untold.cells {
            UntoldCells::All => return self.clone(),
            UntoldCells::Some(mut keys) if !untold.forgot => {
                keys.sort_unstable();
                keys.dedup();
                let told = keys.into_iter().filter_map(|key| Some((key, *self.fresh.get(&key)?)));
                let told = told.filter(|(_, fresh)| is_told(fresh));
                told.for_each(|(key, fresh)| part.admit(key, fresh));
            }
            UntoldCells::Some(_) | UntoldCells::Own => {
                let told = self.fresh.iter().filter(|(_, fresh)| is_told(fresh));
                told.for_each(|(key, fresh)| part.admit(*key, *fresh));
            }
        }
        part
    }

    /// Whether all of it is to be told.
    #[must_use]
    pub fn tells_all(&self) -> bool {
        self.untold.is_all()
    }

    /// Has all of it told when a part is next taken: nobody has been told any of it.
    pub fn tell_all(&mut self) {
        self.untold.cells = UntoldCells::All;
    }

    /// Only what is forgotten.
    #[must_use]
    pub fn tombstones_part(&self) -> Overlay<C> {
        let (forgotten, wiped) = (self.forgotten.clone(), self.wiped.clone());
        let mut part = Overlay { forgotten, wiped, ..Overlay::default() };
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
        seen >= fresh.tag.stamp || self.fresh.get(&key).is_some_and(|known| known.tag >= fresh.tag)
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

    pub(super) fn stamps(&self) -> [&ReplicaMap<Stamp>; 4] {
        [&self.seen, &self.plain, &self.forgotten, &self.wiped]
    }
}
