//! What a node that survives a crash writes down: what it drains and what it merges, in the order in
//! which that entered the store, which lives it has sealed and dropped, and what it knows of others.
//!
//! Records are handed out in groups. Nothing is told to anybody as kept before its group is durable. The
//! forms of the payloads are in docs/design/file-format.md.

use super::batch::Deltas;
use super::frame::SealedFrame;
use super::vector::Vector;
use super::{Engine, Memory, Now};
use crate::base::{Name, Replica, Stamp, Tag};
use crate::store::{Buried, Keyspace};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// A batch: node id (4 bytes), then its payload.
pub const BATCH: u8 = 1;
/// States that were pulled.
pub const STATES: u8 = 2;
/// What the node knows beside its state: a [`Memory`].
pub const MEMORY: u8 = 3;
/// Lives that are sealed: [`Lives`].
pub const SEALED: u8 = 4;
/// Lives that are dropped: [`Lives`].
pub const DROPPED: u8 = 5;
/// All before is dropped: the node goes on as another memory, with these states.
pub const ANEW: u8 = 6;
/// Keys that were evicted, with all that is known of them.
pub const EVICTED: u8 = 7;
/// Added to a batch of this node itself.
pub const OWN: u8 = 32;
/// Added to what is compressed.
pub const COMPRESSED: u8 = 64;

/// When so much waits, nothing more is drained nor received.
const FULL_BYTES: usize = 64 << 20;
/// Stamps are reserved for so long ahead of the wall clock, and again when half of that is used.
const RESERVED_MS: u64 = 3_000;
/// A clock that is ahead already goes on by a millisecond in thousands of writes: no more is reserved,
/// or a node that starts again and again would run further and further ahead.
const RESERVED_AHEAD_MS: u64 = 100;

/// Something to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// 1 to 254.
    pub kind: u8,
    pub payload: Vec<u8>,
}

/// Records to be appended in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// For [`Engine::kept`]; 1 more than that of the group before.
    pub number: u64,
    pub records: Vec<Record>,
}

/// Lives that have expired.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Lives {
    /// When that was done (Unix ms): all of them were past.
    pub at_ms: u64,
    of_keys: Vec<OfKey>,
}

/// A key's database and name, and the tags of the deadlines of its lives.
type OfKey = (u16, Vec<u8>, Vec<(Stamp, Replica)>);

impl Lives {
    /// `None`: there are none.
    #[must_use]
    pub fn of(keys: &[Buried], at_ms: u64) -> Option<Lives> {
        let with_lives = keys.iter().filter(|key| !key.ended().is_empty());
        let tags = |key: &Buried| key.ended().iter().map(|tag| (tag.stamp, tag.replica)).collect();
        let of_keys: Vec<_> =
            with_lives.map(|key| (key.db, key.name.to_vec(), tags(key))).collect();
        (!of_keys.is_empty()).then_some(Lives { at_ms, of_keys })
    }

    /// Of each key.
    pub fn databases(&self) -> impl Iterator<Item = u16> {
        self.of_keys.iter().map(|(db, ..)| *db)
    }

    /// As the store wants it.
    #[must_use]
    pub fn keys(self) -> Vec<Buried> {
        let buried = |(db, name, tags): OfKey| {
            let tags = tags.into_iter().map(|(stamp, replica)| Tag::new(stamp, replica));
            Buried::new(db, Name::from_slice(&name), tags)
        };
        self.of_keys.into_iter().map(buried).collect()
    }
}

/// Databases and names.
pub type Evicted<'a> = Vec<(u16, &'a [u8])>;

/// How the node goes on after it has dropped everything.
#[derive(Debug, Serialize, Deserialize)]
pub struct Anew {
    pub memory: Memory,
    /// How many, and what they are.
    pub count: u32,
    pub states: Vec<u8>,
}

/// What can be said when a group is durable.
#[derive(Debug)]
struct Mark {
    group: u64,
    drain: u64,
    holds: Vector,
    sealed: (Vector, u64),
    announced: Option<Replica>,
    groups: u64,
}

/// What waits to be written down.
#[derive(Debug, Default)]
pub struct Journal {
    records: Vec<Record>,
    bytes: usize,
    /// The last group that was taken.
    group: u64,
    /// Of the groups that were taken and are not durable yet.
    marks: VecDeque<Mark>,
    memory: Option<Memory>,
    reserved: Stamp,
    /// What may be announced as sealed: it is durable.
    sealed: (Vector, u64),
    /// How many groups there were, over all runs; and how many of them are durable.
    groups: u64,
    kept_groups: u64,
    /// As whom the node may be met: that it is, is durable.
    announced: Option<Replica>,
}

impl Journal {
    pub fn batch(&mut self, node: u32, kind: u8, payload: &[u8]) {
        self.push(BATCH | kind, [&node.to_le_bytes(), payload].concat());
    }

    /// A batch of this node itself.
    pub fn own(&mut self, node: u32, frame: &SealedFrame) {
        let compressed = if frame.is_compressed() { COMPRESSED } else { 0 };
        self.batch(node, OWN | compressed, frame.payload());
    }

    pub fn states(&mut self, payload: &[u8]) {
        self.push(STATES, payload.to_vec());
    }

    pub fn lives(&mut self, kind: u8, keys: &[Buried], at_ms: u64) {
        if let Some(lives) = Lives::of(keys, at_ms) {
            self.push(kind, postcard::to_stdvec(&lives).unwrap_or_default());
        }
    }

    /// Before the batch that tells of them as keys that were made anew.
    pub fn evicted(&mut self, keys: &[(u16, Name)]) {
        if !keys.is_empty() {
            let keys: Evicted<'_> = keys.iter().map(|(db, name)| (*db, &name[..])).collect();
            self.push(EVICTED, postcard::to_stdvec(&keys).unwrap_or_default());
        }
    }

    fn anew(&mut self, anew: &Anew) {
        self.push(ANEW, postcard::to_stdvec(anew).unwrap_or_default());
    }

    fn push(&mut self, kind: u8, payload: Vec<u8>) {
        self.bytes += payload.len();
        self.records.push(Record { kind, payload });
    }

    #[must_use]
    pub fn is_full(&self) -> bool {
        self.bytes >= FULL_BYTES
    }

    #[must_use]
    pub fn reserved(&self) -> Stamp {
        self.reserved
    }

    /// What is sealed for certain, and up to which wall clock was looked for what is past.
    #[must_use]
    pub fn sealed(&self) -> &(Vector, u64) {
        &self.sealed
    }

    /// Goes on behind so many groups of earlier runs.
    pub fn go_on(&mut self, groups: u64) {
        (self.groups, self.kept_groups) = (groups, groups);
    }

    /// How many groups there were, over all runs.
    #[must_use]
    pub fn groups(&self) -> u64 {
        self.groups
    }

    /// How many of them are durable.
    #[must_use]
    pub fn kept_groups(&self) -> u64 {
        self.kept_groups
    }

    /// Whether it is durable that peers may hear of a replica.
    #[must_use]
    pub fn is_announced(&self, me: Replica) -> bool {
        self.announced == Some(me)
    }

    /// Keeps stamps from going back with the wall clock over a restart.
    pub fn reserve(&mut self, last: Stamp, wall_ms: u64) {
        let is_ahead = last.ms() > wall_ms;
        let ahead_ms = if is_ahead { RESERVED_AHEAD_MS } else { RESERVED_MS };
        if last.ms() + ahead_ms / 2 > self.reserved.ms() {
            let until_ms = (last.ms() + RESERVED_AHEAD_MS).max(wall_ms + RESERVED_MS);
            self.reserved = Stamp::at_ms(until_ms);
        }
    }
}

impl Engine {
    /// From now on everything is written down: see [`Engine::take_group`].
    pub fn keep_journal(&mut self) {
        self.journal.get_or_insert_default();
    }

    /// Whether so much waits to be written down that nothing more may be received.
    #[must_use]
    pub fn is_clogged(&self) -> bool {
        self.journal.as_ref().is_some_and(Journal::is_full)
    }

    /// Bytes that wait to be written down.
    #[must_use]
    pub fn journal_bytes(&self) -> usize {
        self.journal.as_ref().map_or(0, |journal| journal.bytes)
    }

    /// Drains what was written here, at once.
    pub fn flush(&mut self, keyspace: &Keyspace, now: Now) {
        if !self.is_clogged() {
            self.drain(keyspace, now);
        }
    }

    /// What has to be appended to the log; `None`: nothing.
    pub fn take_group(&mut self, keyspace: &Keyspace, now: Now) -> Option<Group> {
        let last = keyspace.last_stamp();
        self.journal.as_mut()?.reserve(last, now.wall_ms);
        let (mut memory, me) = (self.memory(), self.me());
        let announced = self.epochs.is_open(me.epoch).then_some(me);
        let (drain, holds) = (self.stream.finished(), self.holds.clone());
        let (sealed, swept_ms) = self.collector.sealed();
        let sealed = (sealed.clone(), swept_ms);
        let journal = self.journal.as_mut()?;
        if journal.records.is_empty() && journal.memory.as_ref() == Some(&memory) {
            // What was drained since the last group was nothing.
            match journal.marks.back_mut() {
                Some(mark) => (mark.drain, mark.sealed) = (drain, sealed),
                None => {
                    journal.sealed = sealed;
                    self.progress.set_durable(drain);
                }
            }
            return None;
        }
        (journal.group, journal.groups) = (journal.group + 1, journal.groups + 1);
        self.epochs.note_handed(me.epoch, self.stream.handed());
        memory.epochs = self.epochs.clone();
        memory.groups = journal.groups;
        journal.push(MEMORY, postcard::to_stdvec(&memory).unwrap_or_default());
        journal.memory = Some(memory);
        journal.bytes = 0;
        self.progress.set_journal_bytes(0);
        let (number, groups) = (journal.group, journal.groups);
        journal.marks.push_back(Mark { group: number, drain, holds, sealed, announced, groups });
        Some(Group { number, records: std::mem::take(&mut journal.records) })
    }

    /// What is known now, for a snapshot of all that was taken so far; to be asked right after
    /// [`Engine::take_group`].
    #[must_use]
    pub fn remember(&self) -> Record {
        Record { kind: MEMORY, payload: postcard::to_stdvec(&self.memory()).unwrap_or_default() }
    }

    /// The groups up to this one would survive a crash from now on.
    pub fn kept(&mut self, group: u64) {
        let Some(journal) = &mut self.journal else { return };
        while journal.marks.front().is_some_and(|mark| mark.group <= group)
            && let Some(mark) = journal.marks.pop_front()
        {
            self.durable = mark.holds;
            journal.sealed = mark.sealed;
            (journal.announced, journal.kept_groups) = (mark.announced, mark.groups);
            self.progress.set_durable(mark.drain);
        }
        let outs = self.peers.values_mut().filter_map(|peer| peer.out.as_mut());
        outs.for_each(super::peers::Outgoing::ack_soon);
    }

    /// Everything was dropped, but for these states of this node itself.
    pub(super) fn note_anew(&mut self, states: Deltas) {
        let (memory, count) = (self.memory(), states.count());
        if let Some(journal) = &mut self.journal {
            journal.anew(&Anew { memory, count, states: states.finish(&()) });
        }
    }

    /// What is announced as sealed.
    pub(super) fn sealed(&self) -> (&Vector, u64) {
        match &self.journal {
            Some(journal) => (&journal.sealed.0, journal.sealed.1),
            None => self.collector.sealed(),
        }
    }
}
