//! What lies over a text cell by cell: bits ([`Bits`]) and the registers of a HyperLogLog ([`Registers`]).
//!
//! A cell that was written is *fresh*, with a tag, until all members are known to hold it; from then on it
//! is *plain*, without one. The later tag wins a cell. DEL and SET forget fresh cells one by one, and the
//! plain ones together: whoever forgets has seen all of them, for they are plain because it holds them
//! (docs/replication.md has the argument).

mod bits;
mod both;
mod part;
mod registers;
mod wire;

pub use bits::Bitmap;
pub use both::Overlays;
pub use registers::Ranks;

use super::{Generation, ReplicaMap, Tombstones, Write};
use crate::base::{Replica, Stamp, Tag};
use part::Untold;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::RangeInclusive;
use xxhash_rust::xxh3::Xxh3Default;

/// Bits of a string.
pub type Bits = Overlay<Bitmap>;
/// Registers of a HyperLogLog.
pub type Registers = Overlay<Ranks>;

/// What an overlay shows, without tags.
pub trait Cells: Clone + Debug + Default + PartialEq + Eq {
    /// By what fresh cells are known: bits by their place alone, and the later one wins; registers by
    /// their writer too, and all of them count.
    type Key: Copy + Ord + Debug + Default;
    /// The highest place and value.
    const PLACE_MAX: u32;
    const VALUE_MAX: u8;
    /// Whether a value takes the place of what is there, and is not joined with it.
    const REPLACES: bool;

    fn key(place: u32, writer: Replica) -> Self::Key;
    fn place(key: Self::Key) -> u32;
    /// Shows a value.
    fn put(&mut self, place: u32, value: u8);
    /// Shows nothing there.
    fn clear(&mut self, place: u32);
    /// Shows what either shows.
    fn join(&mut self, other: &Self);
    fn is_empty(&self) -> bool;
    /// The sum of a hash of each cell. Stable between processes.
    fn digest(&self) -> u64;
    fn heap_bytes(&self) -> usize;
    fn encode(&self, out: &mut super::wire::Encoder);
    /// # Errors
    /// Not what `encode` writes.
    fn decode(from: &mut super::wire::Decoder<'_>) -> Result<Self, crate::base::codec::Malformed>;
}

/// A cell that not everybody is known to hold.
#[derive(Clone, Copy, Debug)]
struct Fresh {
    tag: Tag,
    /// `None`: forgotten.
    value: Option<u8>,
    /// When it was written here, or last changed. This node's own affair: not merged.
    generation: Generation,
}

/// Cells over a text.
#[derive(Clone, Debug, Default)]
pub struct Overlay<C: Cells> {
    /// Fresh and plain cells together, as they are seen.
    shown: C,
    fresh: BTreeMap<C::Key, Fresh>,
    /// The latest stamps of the plain cells.
    plain: ReplicaMap<Stamp>,
    /// The latest stamps of all cells that were seen here.
    seen: ReplicaMap<Stamp>,
    /// Up to where DEL and SET have forgotten; plain cells go when all of theirs are covered.
    forgotten: ReplicaMap<Stamp>,
    /// The latest stamps of cells that were plain where they were forgotten, and may be fresh elsewhere: all
    /// up to there were seen, for nothing becomes plain before what was written earlier has come.
    wiped: ReplicaMap<Stamp>,
    untold: Untold<C::Key>,
}

impl<C: Cells> Overlay<C> {
    #[must_use]
    pub fn shown(&self) -> &C {
        &self.shown
    }

    /// Whether there is anything to see.
    #[must_use]
    pub fn is_living(&self) -> bool {
        !self.shown.is_empty()
    }

    /// Whether it holds nothing, not even tombstones.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        !self.is_living() && self.fresh.is_empty() && self.forgotten.is_empty()
    }

    /// Whether any cell waits for others to hold it.
    #[must_use]
    pub fn has_fresh(&self) -> bool {
        !self.fresh.is_empty()
    }

    /// Writes a cell; the tag is later than all that is there.
    pub fn put(&mut self, write: &Write, place: u32, value: u8) {
        let key = C::key(place, write.replica());
        let generation = write.tombstones.generation();
        let kept = if C::REPLACES { None } else { self.living(key) };
        let value = kept.map_or(value, |kept| kept.max(value));
        self.fresh.insert(key, Fresh { tag: write.tag, value: Some(value), generation });
        self.shown.put(place, value);
        raise(&mut self.seen, write.replica(), write.stamp());
        self.untold.note(key, self.fresh.len());
    }

    /// DEL, SET: forgets all that is seen here.
    pub fn forget(&mut self, tombstones: Tombstones) {
        let Tombstones::Keep(generation) = tombstones else {
            *self = Overlay::default();
            return;
        };
        join(&mut self.forgotten, &self.seen);
        for fresh in self.fresh.values_mut().filter(|fresh| fresh.value.is_some()) {
            (fresh.value, fresh.generation) = (None, generation);
        }
        self.shown = C::default();
        join(&mut self.wiped, &std::mem::take(&mut self.plain));
        self.untold.note_forgotten();
    }

    pub fn merge(&mut self, other: &Overlay<C>, tombstones: Tombstones) {
        let generation = tombstones.generation();
        join(&mut self.forgotten, &other.forgotten);
        join(&mut self.wiped, &other.wiped);
        join(&mut self.seen, &other.seen);
        let mut is_to_show = covers(&self.forgotten, &self.plain) && !self.plain.is_empty();
        if is_to_show {
            self.plain = ReplicaMap::default();
        }
        let mut dead = if other.wiped.is_empty() { Vec::new() } else { self.wipe(generation) };
        for (key, theirs) in &other.fresh {
            if self.take(*key, theirs, generation) {
                dead.push(*key);
            }
        }
        // Nothing plain is left beneath what died, and it is faster to begin anew.
        is_to_show |= !dead.is_empty() && self.plain.is_empty();
        if is_to_show {
            self.show_fresh();
        } else {
            dead.into_iter().for_each(|key| self.show_again(key));
        }
        if !other.plain.is_empty() && !covers(&self.forgotten, &other.plain) {
            self.join_plain(other);
        }
    }

    /// Makes cells plain up to a generation, and, if all of the `whole` key is confirmed, drops what is
    /// forgotten. Sound only once all members hold the cells.
    pub fn collect(&mut self, upto: Generation, whole: bool) {
        let plain = &mut self.plain;
        self.fresh.retain(|_, fresh| {
            let stays = fresh.generation > upto;
            if !stays && fresh.value.is_some() {
                raise(plain, fresh.tag.replica, fresh.tag.stamp);
            }
            stays
        });
        if whole {
            let forgotten = std::mem::take(&mut self.forgotten);
            self.wiped = ReplicaMap::default();
            self.seen.retain(|replica, stamp| forgotten.get(replica).is_none_or(|f| f < stamp));
        }
    }

    /// A number that is another one whenever something else is forgotten, 0 for nothing. Fresh cells are
    /// left out.
    #[must_use]
    pub fn tombstones_mark(&self) -> u64 {
        if self.forgotten.is_empty() && self.is_living() {
            return 0;
        }
        let mut hasher = Xxh3Default::new();
        hasher.update(&[u8::from(self.is_living())]);
        hash_stamps(&mut hasher, self.forgotten.iter().chain(self.wiped.iter()));
        hasher.digest().max(1)
    }

    /// A hash of what lives, the same whether it is plain or fresh.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let mut hasher = Xxh3Default::new();
        hasher.update(&self.shown.digest().to_le_bytes());
        let lives = |(replica, stamp): &(Replica, &Stamp)| {
            self.forgotten.get(*replica).is_none_or(|forgotten| forgotten < *stamp)
        };
        hash_stamps(&mut hasher, self.seen.iter().filter(lives));
        hasher.digest()
    }

    /// The latest stamp that this state holds.
    #[must_use]
    pub fn max_stamp(&self) -> Stamp {
        let maps = [&self.seen, &self.plain, &self.forgotten];
        let stamps = maps.into_iter().flat_map(|map| map.iter().map(|(_, stamp)| *stamp));
        stamps.chain(self.fresh.values().map(|fresh| fresh.tag.stamp)).max().unwrap_or_default()
    }

    /// The latest tag that is known of.
    #[must_use]
    pub fn max_tag(&self) -> Tag {
        let tags = self.seen.iter().map(|(replica, stamp)| Tag::new(*stamp, replica));
        tags.max().unwrap_or(Tag::NEVER)
    }

    /// Bytes of heap that this state holds, itself included.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let maps = [&self.seen, &self.plain, &self.forgotten, &self.wiped];
        size_of::<Overlay<C>>()
            + self.shown.heap_bytes()
            + self.fresh.len() * size_of::<(C::Key, Fresh)>()
            + self.untold.heap_bytes()
            + maps.into_iter().map(ReplicaMap::heap_bytes).sum::<usize>()
    }

    fn living(&self, key: C::Key) -> Option<u8> {
        self.fresh.get(&key).and_then(|fresh| fresh.value)
    }

    /// Forgets what is fresh here and was plain where it was forgotten; returns what was shown of it.
    fn wipe(&mut self, generation: Generation) -> Vec<C::Key> {
        let mut dead = Vec::new();
        for (key, fresh) in &mut self.fresh {
            if fresh.value.is_some() && is_within(&self.wiped, fresh.tag) {
                (fresh.value, fresh.generation) = (None, generation);
                dead.push(*key);
            }
        }
        dead
    }

    /// Takes in another's fresh cell; true when something that was shown is dead by it.
    fn take(&mut self, key: C::Key, theirs: &Fresh, generation: Generation) -> bool {
        let value = theirs.value.filter(|_| !is_within(&self.wiped, theirs.tag));
        let theirs = &Fresh { value, ..*theirs };
        let mine = self.fresh.get(&key);
        let is_news = mine.is_none_or(|mine| {
            theirs.tag > mine.tag || (theirs.tag == mine.tag && theirs.value < mine.value)
        });
        if !is_news {
            return false;
        }
        let before = self.living(key);
        raise(&mut self.seen, theirs.tag.replica, theirs.tag.stamp);
        self.fresh.insert(key, Fresh { generation, ..*theirs });
        if let Some(value) = theirs.value {
            self.shown.put(C::place(key), value);
        }
        // A later value of one writer is lower only if the earlier was forgotten.
        let is_less = theirs.value.is_none() || (!C::REPLACES && theirs.value < before);
        before.is_some() && is_less
    }

    /// Shows what is fresh, and nothing else.
    fn show_fresh(&mut self) {
        self.shown = C::default();
        for (key, fresh) in &self.fresh {
            if let Some(value) = fresh.value {
                self.shown.put(C::place(*key), value);
            }
        }
    }

    /// Shows of a cell what is fresh of it.
    fn show_again(&mut self, key: C::Key) {
        let place = C::place(key);
        self.shown.clear(place);
        for (_, fresh) in self.fresh.range(keys_of::<C>(place)) {
            if let Some(value) = fresh.value {
                self.shown.put(place, value);
            }
        }
    }

    /// Joins another's plain cells, which it shows along with its fresh ones.
    fn join_plain(&mut self, other: &Overlay<C>) {
        self.shown.join(&other.shown);
        join(&mut self.plain, &other.plain);
        if C::REPLACES {
            let keys: Vec<C::Key> = self.fresh.keys().copied().collect();
            keys.into_iter().for_each(|key| self.show_again(key));
        }
    }
}

/// Equal when they say the same, whoever has been told of it.
impl<C: Cells> PartialEq for Overlay<C> {
    fn eq(&self, other: &Self) -> bool {
        self.shown == other.shown
            && self.fresh == other.fresh
            && self.plain == other.plain
            && self.seen == other.seen
            && self.forgotten == other.forgotten
            && self.wiped == other.wiped
    }
}

impl PartialEq for Fresh {
    fn eq(&self, other: &Fresh) -> bool {
        (self.tag, self.value) == (other.tag, other.value)
    }
}

impl<C: Cells> Eq for Overlay<C> {}

/// The keys of all who may have written a cell.
fn keys_of<C: Cells>(place: u32) -> RangeInclusive<C::Key> {
    const LAST: Replica = Replica { node: u32::MAX, epoch: u32::MAX };
    C::key(place, Replica::NOBODY)..=C::key(place, LAST)
}

fn raise(stamps: &mut ReplicaMap<Stamp>, replica: Replica, upto: Stamp) {
    let known = stamps.get_or_insert_with(replica, || Stamp::NEVER);
    *known = upto.max(*known);
}

fn join(mine: &mut ReplicaMap<Stamp>, theirs: &ReplicaMap<Stamp>) {
    mine.merge_with(theirs, |mine, theirs| *mine = (*mine).max(*theirs));
}

/// Whether all of `stamps` lie within `upto`.
fn covers(upto: &ReplicaMap<Stamp>, stamps: &ReplicaMap<Stamp>) -> bool {
    stamps.iter().all(|(replica, stamp)| upto.get(replica).is_some_and(|upto| upto >= stamp))
}

fn is_within(upto: &ReplicaMap<Stamp>, tag: Tag) -> bool {
    upto.get(tag.replica).is_some_and(|upto| *upto >= tag.stamp)
}

fn hash_stamps<'a>(hasher: &mut Xxh3Default, stamps: impl Iterator<Item = (Replica, &'a Stamp)>) {
    for (replica, stamp) in stamps {
        hasher.update(&replica.node.to_le_bytes());
        hasher.update(&replica.epoch.to_le_bytes());
        hasher.update(&stamp.0.to_le_bytes());
    }
}
