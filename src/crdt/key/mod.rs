//! A key: its lives, and what of them a user sees.

mod collect;
mod ended;
mod fingerprint;
mod members;
mod overlaid;
mod part;
mod scores;
mod wire;

pub use wire::Told;

use super::{Collection, Collections, Counter, DeadlineRegister, Kind, Life, MemberDeadline};
use super::{Reading, Set, Tombstones, Value, Visible, Write};
use crate::base::decimal::Decimal;
#[cfg(feature = "planted")]
use crate::base::planted::{self, Bug};
use crate::base::{Replica, Stamp, Tag};
use smallvec::SmallVec;

/// What a write does with the key's deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    Keep,
    Clear,
    At(u64),
}

/// A map life id → life, merged per life; almost always one life.
///
/// What a user sees joins the lives that are not past their own deadline; the living type with the
/// latest birth is visible, the others stay hidden until they are forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Key {
    /// In the order of their ids.
    lives: SmallVec<[Life; 1]>,
}

impl Key {
    /// A key of one first life.
    #[must_use]
    pub fn first_life(
        deadline: DeadlineRegister,
        counter: Counter,
        collections: impl Into<Collections>,
    ) -> Key {
        let life = Life { id: Tag::NEVER, deadline, counter, collections: collections.into() };
        Key { lives: SmallVec::from_iter([life]) }
    }

    #[must_use]
    pub fn lives(&self) -> &[Life] {
        &self.lives
    }

    /// The only life, if there is just one and it is the first.
    #[must_use]
    pub fn only_first_life(&self) -> Option<&Life> {
        match &self.lives[..] {
            [only] if only.id == Tag::NEVER => Some(only),
            _ => None,
        }
    }

    /// Takes the newest life's collections out, for a key that is held in another form from now on.
    #[must_use]
    pub fn take_collections(&mut self) -> Collections {
        self.lives.last_mut().map(|life| std::mem::take(&mut life.collections)).unwrap_or_default()
    }

    /// The life that writes go to, unless it is past.
    #[must_use]
    pub fn newest(&self) -> Option<&Life> {
        self.lives.last()
    }

    /// Catches up with what a replica counted in the newest life while it had a living slot there.
    pub fn count(&mut self, replica: Replica, added: i128, taken: i128) {
        if let Some(life) = self.lives.last_mut() {
            life.counter.count(replica, added, taken);
        }
    }

    /// The visible type; `None`: a user sees no key.
    #[must_use]
    pub fn kind(&self, now_ms: u64) -> Option<Kind> {
        self.present(now_ms).flat_map(Life::living).max().map(|(_, kind)| kind)
    }

    /// The visible string, if the visible type is one.
    #[must_use]
    pub fn text(&self, now_ms: u64) -> Option<Visible<'_>> {
        self.reading(now_ms)?.value()
    }

    /// The visible string, not read yet.
    #[must_use]
    pub fn reading(&self, now_ms: u64) -> Option<Reading<'_>> {
        if self.kind(now_ms)? != Kind::String {
            return None;
        }
        let mut reading = Reading::default();
        self.present(now_ms).for_each(|life| reading.include(&life.counter));
        Some(reading)
    }

    /// The sets of which the visible set is the union. Settle the key first.
    pub fn sets(&self, now_ms: u64) -> impl Iterator<Item = &Set> {
        self.members(now_ms)
    }

    /// The collections of a type of which the visible one is made. Settle the key first.
    pub fn members<V: Value>(&self, now_ms: u64) -> impl Iterator<Item = &Collection<V>> {
        self.present(now_ms).filter_map(Life::members).filter(|members| !members.is_empty())
    }

    /// When the visible key ends; `None`: not by itself.
    #[must_use]
    pub fn deadline_ms(&self, now_ms: u64) -> Option<u64> {
        self.present(now_ms).max_by_key(|life| life.deadline.tag())?.deadline.at_ms()
    }

    /// When something in the key may become due: a deadline of a life or of a member.
    #[must_use]
    pub fn next_due_ms(&self, now_ms: u64) -> Option<u64> {
        let lives = self.present(now_ms).filter_map(|life| life.deadline.at_ms());
        let members = self.present(now_ms).flat_map(|life| life.collections.each());
        lives.chain(members.filter_map(|(_, members)| members.next_due_ms())).min()
    }

    /// Whether two types are living at once: born on two nodes that had not heard of each other.
    #[must_use]
    pub fn has_type_conflict(&self, now_ms: u64) -> bool {
        let mut kinds = self.present(now_ms).flat_map(Life::living).map(|(_, kind)| kind);
        kinds.next().is_some_and(|first| kinds.any(|kind| kind != first))
    }

    /// Takes members out of sight that have expired; returns how many.
    pub fn settle(&mut self, now_ms: u64, tombstones: Tombstones) -> usize {
        let members = self.lives.iter_mut().flat_map(|life| life.collections.each_mut());
        members.map(|members| members.settle(now_ms, tombstones)).sum()
    }

    /// INCR: counts in the newest life.
    pub fn add(&mut self, write: &Write, by: i128) {
        self.begin(write.now_ms);
        self.write_seen_if(write, Life::is_overlaid);
        if by == 0 && self.kind(write.now_ms).is_none() {
            // A sum of nothing is no key: `INCRBY k 0` on a missing key writes 0.
            return self.writable(write).counter.write(write.tag, b"0");
        }
        self.writable(write).counter.add(write.tag, by);
    }

    /// INCRBYFLOAT: what is visible as a number becomes `to`. False when it is not a number.
    pub fn move_number_to(&mut self, write: &Write, to: &Decimal, to_text: &[u8]) -> bool {
        let visible = self.text(write.now_ms);
        let Some((by, is_shown)) = Reading::way_to(visible.as_ref(), to, to_text) else {
            return false;
        };
        if !by.is_zero() || !is_shown {
            self.begin(write.now_ms);
            self.write_seen_if(write, Life::is_overlaid);
            // Adding nothing makes a missing key 0, and a text take another form: `3.0` becomes `3`.
            // It is no SET, which would win over one that it had not seen.
            self.writable(write).counter.add_decimal(write.tag, &by);
        }
        true
    }

    /// SET, and what is a SET of a value read before (APPEND, SETRANGE).
    pub fn set_text(&mut self, write: &Write, value: &[u8], deadline: Deadline) {
        self.begin(write.now_ms);
        self.lives.iter_mut().for_each(|life| life.forget(write.tombstones));
        self.writable(write).counter.write(write.tag, value);
        match deadline {
            Deadline::Keep => {}
            Deadline::Clear => self.set_deadline(write, None),
            Deadline::At(at_ms) => self.set_deadline(write, Some(at_ms)),
        }
    }

    /// SADD and its like; true when the member was not in. Where the member is seen in older lives it
    /// is written there too, or it would outlive the deadline that is now the latest.
    pub fn insert(&mut self, write: &Write, member: &[u8], deadline: MemberDeadline) -> bool {
        self.begin(write.now_ms);
        // Of several lives' deadlines the newest life's is visible.
        let known = self.sets(write.now_ms).filter_map(|set| set.deadline_ms(member)).last();
        let deadline = match (deadline, known) {
            (MemberDeadline::Keep | MemberDeadline::IfNew(_), Some(known)) => {
                MemberDeadline::Set(known)
            }
            (deadline, _) => deadline,
        };
        self.newest_members::<()>(write).insert(write, member, deadline);
        for set in self.older_members::<()>(write).filter(|set| set.contains(member)) {
            set.insert(write, member, deadline);
        }
        known.is_none()
    }

    /// SREM: removes what is seen of the member, in every life; true when it was in.
    pub fn remove(&mut self, write: &Write, member: &[u8]) -> bool {
        self.remove_member::<()>(write, member)
    }

    /// EXPIRE and PERSIST: of every life that is not past.
    pub fn set_deadline(&mut self, write: &Write, at_ms: Option<u64>) {
        for life in self.lives.iter_mut().filter(|life| !life.is_past(write.now_ms)) {
            life.deadline.write(write.tag, at_ms);
        }
    }

    /// DEL: forgets all that is seen here, in every life. The deadline of a life that is past stays:
    /// it goes on covering what was written to that life elsewhere.
    pub fn delete(&mut self, write: &Write) {
        for life in &mut self.lives {
            life.forget(write.tombstones);
            #[cfg(feature = "planted")]
            if planted::is(Bug::DelWritesBase) {
                life.counter.write_nothing(write.tag);
            }
            if !life.is_past(write.now_ms) {
                life.deadline.forget();
            }
        }
    }

    /// Merges another replica's state, or a part of it ([`Key::take_part`]). False when that part does
    /// not follow on what is known here: then something was missed, and the key must be pulled whole.
    pub fn merge(&mut self, other: &Key, tombstones: Tombstones) -> bool {
        let mut follows = true;
        for theirs in &other.lives {
            let at = match self.lives.binary_search_by_key(&theirs.id, |life| life.id) {
                Ok(at) => at,
                Err(at) => {
                    // Merged into an empty life, not copied: what has expired by their clock may not
                    // have by ours.
                    self.lives.insert(at, Life::new(theirs.id));
                    at
                }
            };
            follows &= self.lives[at].merge(theirs, tombstones);
        }
        follows
    }

    /// The latest stamp that this key holds.
    #[must_use]
    pub fn max_stamp(&self) -> Stamp {
        self.lives.iter().map(Life::max_stamp).max().unwrap_or_default()
    }

    /// Bytes of heap that this state holds.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let spilled = if self.lives.spilled() { self.lives.capacity() } else { 0 };
        let parts = self.lives.iter().map(|life| {
            let members = life.collections.each().map(|(_, members)| members.heap_bytes());
            life.counter.heap_bytes() + members.sum::<usize>()
        });
        spilled * size_of::<Life>() + parts.sum::<usize>()
    }

    /// The lives that a user sees.
    fn present(&self, now_ms: u64) -> impl Iterator<Item = &Life> {
        self.lives.iter().filter(move |life| !life.is_past(now_ms))
    }

    /// A key that nobody sees begins without a deadline, if a life of it has one left.
    fn begin(&mut self, now_ms: u64) {
        if self.kind(now_ms).is_none() {
            let present = self.lives.iter_mut().filter(|life| !life.is_past(now_ms));
            present.for_each(|life| life.deadline.forget());
        }
    }

    /// The life that a write goes to: the newest, or, when that is past, a new one whose id is the
    /// tag of its deadline, so that two nodes which close one deadline open the same life.
    fn writable(&mut self, write: &Write) -> &mut Life {
        #[cfg(feature = "planted")]
        if planted::is(Bug::OneLifeForAll) {
            return self.writable_again(write);
        }
        let id = match self.lives.last() {
            None => Some(Tag::NEVER),
            Some(newest) if newest.is_past(write.now_ms) => Some(newest.deadline.tag()),
            Some(_) => None,
        };
        if let Some(id) = id {
            let beside = self.present(write.now_ms).max_by_key(|life| life.deadline.tag());
            let mut life = Life::new(id);
            if let Some(at_ms) = beside.and_then(|life| life.deadline.at_ms()) {
                life.deadline.write(write.tag, Some(at_ms));
            }
            match self.lives.binary_search_by_key(&id, |life| life.id) {
                // The newest life's deadline is later than its own id, so this cannot be.
                Ok(at) => self.lives[at] = life,
                Err(at) => self.lives.insert(at, life),
            }
        }
        let newest = self.lives.len() - 1;
        &mut self.lives[newest]
    }

    /// As a planted defect has it: what is past is deleted, and its life goes on.
    #[cfg(feature = "planted")]
    fn writable_again(&mut self, write: &Write) -> &mut Life {
        if self.lives.is_empty() {
            self.lives.push(Life::new(Tag::NEVER));
        }
        let newest = self.lives.len() - 1;
        let life = &mut self.lives[newest];
        if life.is_past(write.now_ms) {
            life.forget(write.tombstones);
            life.deadline.write(write.tag, None);
        }
        life
    }
}
