//! Writes down what a command did: from what its node had seen of the key before, by the table, not from
//! what became of the state. The state afterwards has to agree with that.

use super::super::places::{Place, Use, counter_of, show, use_of};
use super::history::{Event, EventId, History, LifeId, Mark, Origin, What, Word};
use super::sight::{LifeSight, Sight, View};
use headcount::base::{Replica, Tag};
use headcount::crdt::{Deadline, Key, Kind, Life, MemberDeadline};
use std::collections::BTreeSet;

/// What a command, or a part of it, does to one key. Times are Unix milliseconds.
#[derive(Clone, Debug)]
pub enum Intent {
    Add(i128),
    /// INCRBY 0 of a missing key.
    Zero,
    Base(Vec<u8>, Deadline),
    Insert(Vec<(u8, MemberDeadline)>),
    Remove(u8),
    /// HDEL of the only field.
    Unset,
    Expire(Option<u64>),
    Delete,
}

/// Who writes, when, and which life of the key begins if none is seen.
#[derive(Clone, Copy, Debug)]
pub struct Author {
    pub origin: Origin,
    pub replica: Replica,
    pub now_ms: u64,
    pub first: FirstLife,
    /// The node has not met any other.
    pub is_alone: bool,
}

/// Which first life of a key begins where a node knows of none.
#[derive(Clone, Copy, Debug, Default)]
pub struct FirstLife {
    pub again: u32,
    /// It may be the one after.
    pub is_loose: bool,
}

/// Writes down what was done to one key.
pub struct Clerk<'a> {
    history: &'a mut History,
    author: Author,
    place: Place,
    /// The state afterwards: it tells the stamps.
    after: &'a Key,
    /// What counts, as the table says.
    sight: Sight,
}

/// Writes down that a command did this to a key, whose state was and became this.
pub fn record(
    history: &mut History,
    author: Author,
    place: Place,
    intents: &[Intent],
    before: &Key,
    after: &Key,
) -> Result<(), String> {
    let sight = Sight::of(history, place, before)?;
    let mut clerk = Clerk { history, author, place, after, sight };
    let first = clerk.history.len();
    for intent in intents {
        clerk.write(intent)?;
    }
    let expected = clerk.sight;
    let seen = Sight::of(history, place, after)?;
    agree(&expected, &seen).map_err(|error| {
        let written: Vec<String> = (first..history.len()).map(|id| history.show(id)).collect();
        format!("{} after {intents:?}: {error}\n{}", show(place), written.join("\n"))
    })
}

impl Clerk<'_> {
    fn write(&mut self, intent: &Intent) -> Result<(), String> {
        match intent {
            Intent::Add(by) => self.add(What::Add(*by)),
            Intent::Zero => {
                let mark = self.base_mark()?;
                self.add(What::Base(mark, b"0".to_vec()));
            }
            Intent::Base(text, ends) => self.base(text, *ends)?,
            Intent::Insert(members) => {
                for (member, ends) in members {
                    self.insert(*member, *ends)?;
                }
            }
            Intent::Remove(member) => self.remove(*member),
            Intent::Unset => self.unset(),
            Intent::Expire(at_ms) => self.expire(*at_ms),
            Intent::Delete => self.delete(),
        }
        Ok(())
    }

    /// What only adds to what is there.
    fn add(&mut self, what: What) {
        let mut event = self.event(what);
        let life = self.writable(&mut event);
        if !self.life(life).is_string() {
            event.births.push((life, Kind::String, self.born(life, Kind::String)));
        }
        event.lives.push(life);
        self.happen(event);
    }

    fn base(&mut self, text: &[u8], ends: Deadline) -> Result<(), String> {
        let mut event = self.event(What::Base(self.base_mark()?, text.to_vec()));
        event.forgets = match use_of(self.place) {
            Use::Hash => self.present_events(),
            _ => self.sight.events(),
        };
        let life = self.writable(&mut event);
        event.births.push((life, Kind::String, self.born(life, Kind::String)));
        event.lives.push(life);
        let at_ms = match ends {
            Deadline::Keep => {
                self.happen(event);
                return Ok(());
            }
            Deadline::Clear => None,
            Deadline::At(at_ms) => Some(at_ms),
        };
        event.ends.clear();
        self.end_all(&mut event, at_ms);
        self.happen(event);
        Ok(())
    }

    fn insert(&mut self, member: u8, ends: MemberDeadline) -> Result<(), String> {
        let now_ms = self.author.now_ms;
        let present = self.sight.members(self.history, now_ms).get(&member).copied();
        let at_ms = match (ends, present) {
            (MemberDeadline::Keep, present) => present.flatten(),
            (MemberDeadline::Set(at_ms), _) => at_ms,
            (MemberDeadline::IfNew(_), Some(present)) => present,
            (MemberDeadline::IfNew(at_ms), None) => Some(at_ms),
        };
        let mut event = self.event(What::Other);
        let life = self.writable(&mut event);
        event.what = What::Insert(self.insert_mark(life, member)?, member, at_ms);
        if self.life(life).members(self.history, now_ms).is_empty() {
            event.births.push((life, Kind::Set, self.born(life, Kind::Set)));
        }
        // The later word on a member counts wherever it is seen.
        event.lives = self.lives_with(member);
        if !event.lives.contains(&life) {
            event.lives.push(life);
        }
        event.forgets = self.own_inserts(&event.lives, member);
        self.happen(event);
        Ok(())
    }

    fn remove(&mut self, member: u8) {
        let mut event = self.event(What::Other);
        for life in self.lives_with(member) {
            event.forgets.extend(self.inserts_of(life, member).map(|id| (life, id)));
        }
        self.happen(event);
    }

    fn unset(&mut self) {
        let mut event = self.event(What::Other);
        event.forgets = self.present_events();
        self.happen(event);
    }

    /// What counts in the lives that are not past.
    fn present_events(&self) -> BTreeSet<(LifeId, EventId)> {
        let present = self.sight.present(self.author.now_ms);
        present.flat_map(|life| life.events().map(|id| (life.id, id))).collect()
    }

    fn expire(&mut self, at_ms: Option<u64>) {
        let mut event = self.event(What::Other);
        self.end_all(&mut event, at_ms);
        self.happen(event);
    }

    fn delete(&mut self) {
        let mut event = self.event(What::Other);
        event.forgets = self.sight.events();
        event.silences = self.words();
        self.happen(event);
    }

    /// The ends of the lives that are not past.
    fn words(&self) -> Vec<(LifeId, Mark)> {
        let present = self.sight.present(self.author.now_ms);
        present.map(|life| (life.id, life.word.mark)).collect()
    }

    fn event(&self, what: What) -> Event {
        let event = Event::new(self.author.origin, self.place, what);
        Event { is_alone: self.author.is_alone, ..event }
    }

    /// The life that a write goes to: the newest, or, where that has ended, the one that its end opens,
    /// which takes over the end of an older one that is still there. A key of which nothing is seen
    /// begins without the end that is left of it.
    fn writable(&self, event: &mut Event) -> LifeId {
        if self.sight.view(self.history, self.author.now_ms) == View::Nothing {
            event.silences = self.words();
        }
        let Some(newest) = self.sight.newest() else {
            event.is_loose = self.author.first.is_loose;
            return LifeId { mark: Mark::NEVER, again: self.author.first.again };
        };
        if !newest.is_past(self.author.now_ms) {
            return newest.id;
        }
        let opened = LifeId { mark: newest.word.mark, again: 0 };
        let beside = self.sight.present(self.author.now_ms).map(|life| life.word);
        let word = beside.max_by_key(|word| word.mark).unwrap_or_default();
        if word.at_ms.is_some() && event.silences.is_empty() {
            event.ends.push((opened, Word { at_ms: word.at_ms, ..self.word_after(opened) }));
        }
        opened
    }

    /// All lives that are not past end then, and so does the one that is written to.
    fn end_all(&self, event: &mut Event, at_ms: Option<u64>) {
        let present = self.sight.present(self.author.now_ms).map(|life| life.id);
        let ended: BTreeSet<LifeId> = present.chain(event.lives.iter().copied()).collect();
        for life in ended {
            event.ends.push((life, Word { at_ms, ..self.word_after(life) }));
        }
    }

    fn lives_with(&self, member: u8) -> Vec<LifeId> {
        let now_ms = self.author.now_ms;
        let present = self.sight.present(now_ms);
        present
            .filter(|life| life.members(self.history, now_ms).contains_key(&member))
            .map(|life| life.id)
            .collect()
    }

    fn inserts_of(&self, life: LifeId, member: u8) -> impl Iterator<Item = EventId> {
        let is_it = move |id: &EventId| matches!(self.history.event(*id).what, What::Insert(_, other, _) if other == member);
        self.life(life).inserts.into_iter().filter(is_it)
    }

    /// What this node itself had added of the member: its last word stands for all of them, also of those
    /// that have expired and that it remembers no more.
    fn own_inserts(&self, lives: &[LifeId], member: u8) -> BTreeSet<(LifeId, EventId)> {
        let of = |life: LifeId| self.inserts_of(life, member).map(move |id| (life, id));
        let seen = lives.iter().flat_map(|life| of(*life));
        let seen = seen.filter(|(life, id)| self.is_own(*life, *id));
        let Replica { node, epoch } = self.author.replica;
        let said = self.history.of(self.place).filter(|(_, event)| match event.what {
            What::Insert(mark, of, _) => {
                of == member && mark.node == node && event.origin.epoch == epoch
            }
            _ => false,
        });
        let said = said.flat_map(|(id, event)| {
            let to = event.lives.iter().filter(|life| lives.contains(life));
            to.map(move |life| (*life, id))
        });
        seen.chain(said).collect()
    }

    /// An addition in this epoch, or one of its node that it has said anew after it was away.
    fn is_own(&self, life: LifeId, id: EventId) -> bool {
        let event = self.history.event(id);
        let What::Insert(mark, member, _) = event.what else { return false };
        if mark.node != self.author.replica.node {
            return false;
        }
        let is_gone = || {
            let after = self.life_after(life).and_then(|life| life.set());
            let is_it = |(name, tag, _): (&[u8], Tag, _)| {
                name.first() == Some(&member) && Mark::from(tag) == mark
            };
            !after.is_some_and(|set| set.additions().any(is_it))
        };
        event.origin.epoch == self.author.replica.epoch || is_gone()
    }

    fn life(&self, id: LifeId) -> LifeSight {
        self.sight.lives.iter().find(|life| life.id == id).cloned().unwrap_or_default()
    }

    fn life_after(&self, id: LifeId) -> Option<&Life> {
        self.after.lives().iter().find(|life| Mark::from(life.id()) == id.mark)
    }

    fn base_mark(&self) -> Result<Mark, String> {
        let newest = self.after.newest().map(|life| counter_of(self.place, life));
        let base = newest.as_ref().and_then(|counter| counter.base().get());
        let (tag, _) = base.ok_or("a text that was set is not there")?;
        Ok(tag.into())
    }

    fn insert_mark(&self, life: LifeId, member: u8) -> Result<Mark, String> {
        let mut added = self
            .life_after(life)
            .and_then(|life| life.set())
            .into_iter()
            .flat_map(|set| set.additions());
        let own = added.find(|(name, tag, _)| {
            tag.replica == self.author.replica && name.first() == Some(&member)
        });
        let (_, tag, _) = own.ok_or_else(|| format!("member {member}, added, is not there"))?;
        Ok(tag.into())
    }

    fn word_after(&self, life: LifeId) -> Word {
        Word {
            mark: self
                .life_after(life)
                .map(|life| life.deadline().tag().into())
                .unwrap_or_default(),
            at_ms: None,
        }
    }

    fn born(&self, life: LifeId, kind: Kind) -> u64 {
        let born = self.life_after(life).map(|life| match kind {
            Kind::String => counter_of(self.place, life).born(),
            kind => {
                let members = life.collections().each().find(|(of, _)| *of == kind);
                members.map(|(_, members)| members.born()).unwrap_or_default()
            }
        });
        born.unwrap_or_default().0
    }

    /// Writes the event down, and what counts after it.
    fn happen(&mut self, event: Event) {
        let id = self.history.record(event);
        let event = self.history.event(id).clone();
        for life in &mut self.sight.lives {
            let counts = |other: &EventId| !event.forgets.contains(&(life.id, *other));
            life.adds.retain(counts);
            life.inserts.retain(counts);
            life.base = life.base.filter(counts);
            if event.silences.iter().any(|(silenced, _)| *silenced == life.id) {
                life.word.at_ms = None;
            }
        }
        for life in event.lives.iter().chain(event.ends.iter().map(|(life, _)| life)) {
            if !self.sight.lives.iter().any(|seen| seen.id == *life) {
                self.sight.lives.push(LifeSight { id: *life, ..LifeSight::default() });
                self.sight.lives.sort_by_key(|life| life.id);
            }
        }
        for life in &mut self.sight.lives {
            if let Some((_, word)) = event.ends.iter().find(|(ended, _)| *ended == life.id) {
                life.word = *word;
            }
            if !event.lives.contains(&life.id) {
                continue;
            }
            match event.what {
                What::Add(_) => drop(life.adds.insert(id)),
                What::Base(..) => life.base = Some(id),
                What::Insert(..) => drop(life.inserts.insert(id)),
                What::Other => {}
            }
        }
    }
}

/// Whether two sights count the same. A life of which nothing is left may be there or not.
fn agree(expected: &Sight, seen: &Sight) -> Result<(), String> {
    let ids: BTreeSet<LifeId> =
        expected.lives.iter().chain(&seen.lives).map(|life| life.id).collect();
    for id in ids {
        let of = |sight: &Sight| {
            let life = sight.lives.iter().find(|life| life.id == id).cloned().unwrap_or_default();
            (life.base, life.adds, life.inserts, life.word.at_ms)
        };
        if of(expected) != of(seen) {
            return Err(format!("in life {id:?} {:?} should be {:?}", of(seen), of(expected)));
        }
    }
    Ok(())
}
