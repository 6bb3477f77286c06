//! What must be of a key once everybody has heard of everything, from the events alone: no states, no
//! merging.

use super::super::places::Place;
use super::history::{Event, EventId, History, LifeId, Mark, What, Word};
use super::sight::{LifeSight, Sight};
use std::collections::{BTreeMap, BTreeSet};

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    Counts,
    /// It was written, or told, after what had ended, or had been deleted, was collected by all others:
    /// so that does not count against it.
    Anew,
    /// It was written, and has ended and was collected, before its node had met any other: so its end
    /// ends nothing else.
    Apart,
    /// It was only in memories that are gone.
    Missing,
}

/// What became of a member's addition on which a later one, by another node, had said when the member
/// ends, and it did. Who knew of both has dropped both; who knew of the first alone has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    Kept,
    Gone,
}

struct Events<'h> {
    events: Vec<(EventId, Fate, &'h Event)>,
    now_ms: u64,
}

/// What counts of a key at `now_ms` (Unix time), when this became of its events.
pub fn expect(
    history: &History,
    place: Place,
    now_ms: u64,
    spent: Spent,
    fate: &dyn Fn(EventId) -> Fate,
) -> Sight {
    let events = history.of(place).map(|(id, event)| (id, fate(id), event));
    let events = events.filter(|(_, fate, _)| *fate != Fate::Missing).collect();
    let events = Events { events, now_ms };
    let forgotten = events.forgotten();
    let mut lives = BTreeMap::<LifeId, LifeSight>::new();
    for (id, fate, event) in &events.events {
        for life in &event.lives {
            let seen = lives.entry(events.life(*life, *fate)).or_default();
            let counts = !forgotten.contains(&(life.mark, *id));
            match &event.what {
                What::Add(_) if counts => drop(seen.adds.insert(*id)),
                What::Insert(..) if counts => drop(seen.inserts.insert(*id)),
                What::Base(mark, _) if counts && events.is_latest_base(*life, *mark, *fate) => {
                    seen.base = Some(*id);
                }
                _ => {}
            }
        }
        for (life, kind, stamp) in &event.births {
            let life = lives.entry(events.life(*life, *fate)).or_default();
            let born = life.born.entry(*kind).or_default();
            *born = (*born).max(*stamp);
        }
        for (life, _) in &event.ends {
            lives.entry(events.life(*life, *fate)).or_default();
        }
    }
    for (id, life) in &mut lives {
        life.id = *id;
        life.word = events.word(*id);
        events.drop_collected_members(history, life);
        if spent == Spent::Gone {
            events.drop_spent(life);
        }
    }
    Sight { lives: lives.into_values().collect() }
}

impl Events<'_> {
    fn forgotten(&self) -> BTreeSet<(Mark, EventId)> {
        let forgets = self.events.iter().flat_map(|(_, _, event)| &event.forgets);
        forgets.map(|(life, id)| (life.mark, *id)).collect()
    }

    /// The life that an event on this one is about: what was collected begins again.
    fn life(&self, life: LifeId, fate: Fate) -> LifeId {
        if fate == Fate::Apart {
            return LifeId { again: u32::MAX, ..life };
        }
        let has_ended = || {
            let word = self.word_of(life, |fate| fate == Fate::Counts);
            word.at_ms.is_some_and(|at_ms| at_ms <= self.now_ms)
        };
        match fate == Fate::Anew && has_ended() {
            true => LifeId { again: life.again + 1, ..life },
            false => life,
        }
    }

    /// SET ‖ SET: the later one, and a DEL that saw it leaves none. One that was deleted and collected
    /// leaves an earlier one that is told later.
    fn is_latest_base(&self, life: LifeId, mark: Mark, fate: Fate) -> bool {
        let about = self.life(life, fate);
        let forgotten = self.forgotten();
        let later = |(id, other, event): &(EventId, Fate, &Event)| match event.what {
            What::Base(written, _) if written > mark => {
                let mut lives = event.lives.iter().map(|life| self.life(*life, *other));
                let is_collected = fate == Fate::Anew && forgotten.contains(&(life.mark, *id));
                lives.any(|life| life == about) && !is_collected
            }
            _ => false,
        };
        !self.events.iter().any(later)
    }

    /// A member that has expired and was collected does not hide one that is told later.
    fn drop_collected_members(&self, history: &History, life: &mut LifeSight) {
        let is_anew = |id: &EventId| {
            self.events.iter().any(|(other, fate, _)| other == id && *fate == Fate::Anew)
        };
        let member_of = |id: &EventId| match history.event(*id).what {
            What::Insert(_, member, _) => Some(member),
            _ => None,
        };
        let (late, mut known) =
            { &life.inserts }.iter().copied().partition::<BTreeSet<_>, _>(is_anew);
        let told: BTreeSet<_> = late.iter().filter_map(member_of).collect();
        let living = LifeSight { inserts: known.clone(), ..LifeSight::default() };
        let living = living.members(history, self.now_ms);
        known.retain(|id| {
            let member = member_of(id);
            !member.is_some_and(|member| told.contains(&member) && !living.contains_key(&member))
        });
        life.inserts = late.into_iter().chain(known).collect();
    }

    fn drop_spent(&self, life: &mut LifeSight) {
        let insert = |id: &EventId| {
            let (_, _, event) = self.events.iter().find(|(other, ..)| other == id)?;
            match event.what {
                What::Insert(mark, member, _) => Some((mark, member)),
                _ => None,
            }
        };
        life.inserts.retain(|id| {
            let Some((mark, member)) = insert(id) else { return true };
            let ended = |(_, _, event): &(EventId, Fate, &Event)| match event.what {
                What::Insert(later, of, Some(at_ms)) => {
                    of == member && later > mark && at_ms <= self.now_ms
                }
                _ => false,
            };
            !self.events.iter().any(ended)
        });
    }

    fn word(&self, life: LifeId) -> Word {
        self.word_of(life, |_| true)
    }

    /// EXPIRE ‖ EXPIRE, PERSIST: the later one, and none when a DEL saw it; of the events of this fate.
    fn word_of(&self, life: LifeId, of: impl Fn(Fate) -> bool) -> Word {
        let takes_anew = of(Fate::Anew);
        let of = |fate: Fate, id: LifeId| {
            let is_it = fate == Fate::Counts && id == life;
            of(fate) && (is_it || fate != Fate::Counts && self.life(id, fate) == life)
        };
        let mut latest = Word::default();
        for (_, fate, event) in &self.events {
            let words = event.ends.iter().filter(|(id, _)| of(*fate, *id)).map(|(_, word)| *word);
            latest = words.chain([latest]).max_by_key(|word| word.mark).unwrap_or_default();
        }
        let is_silenced = |(_, fate, event): &(EventId, Fate, &Event)| {
            event.silences.iter().any(|(id, mark)| *mark == latest.mark && of(*fate, *id))
        };
        if self.events.iter().any(is_silenced) {
            latest.at_ms = None;
            // A word that was deleted and collected does not count against one that is told later.
            let anew = takes_anew.then(|| self.word_anew(life)).flatten();
            return anew.unwrap_or(latest);
        }
        latest
    }

    /// The latest word on a life's end that was told after what had been deleted was collected.
    fn word_anew(&self, life: LifeId) -> Option<Word> {
        let anew = self.events.iter().filter(|(_, fate, _)| *fate == Fate::Anew);
        let words = anew.flat_map(|(_, fate, event)| {
            let about = event.ends.iter().filter(|(id, _)| self.life(*id, *fate) == life);
            about.map(|(_, word)| *word)
        });
        words.max_by_key(|word| word.mark)
    }
}
