//! The merge rules over sets of events: what a user sees follows from the events that a node has heard
//! of and from what each of them had heard of. No states, no merging.

use headcount::base::Tag;
use headcount::crdt::Kind;
use std::collections::{BTreeMap, BTreeSet};

/// Events that a node has heard of, by their place in the history.
pub type Seen = BTreeSet<usize>;

/// One command, on the node that ran it.
#[derive(Clone, Debug)]
pub struct Event {
    tag: Tag,
    /// All that the node had heard of.
    seen: Seen,
    what: What,
    /// The lives that it wrote to.
    lives: Vec<Tag>,
    /// The lives whose deadline it wrote or, as a deletion, forgot, and the deadline.
    ends: Vec<(Tag, Option<u64>)>,
    /// The lives whose deadline, as far as seen, it took away: a deletion, or a write to a key of which
    /// nothing was seen.
    silenced: Vec<Tag>,
    /// Nothing of this type was there before it.
    birth: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Add(i128),
    /// SET: a base, and everything seen is forgotten.
    Base(String),
    /// A base without forgetting: `INCRBY k 0` on a missing key.
    Zero,
    Insert(u8, Option<u64>),
    /// The insertions that it saw in.
    Remove(Seen),
    Expire,
    Delete,
}

/// What a user sees of a key.
#[derive(Clone, Debug, PartialEq)]
pub enum View {
    Nothing,
    Text(String, Option<u64>),
    /// Members, each with its deadline.
    Members(BTreeMap<u8, Option<u64>>, Option<u64>),
}

/// The lives that a command wrote to, whose deadline it wrote, and whose deadline it took away.
type Touched = (Vec<Tag>, Vec<(Tag, Option<u64>)>, Vec<Tag>);

/// Everything that happened anywhere.
#[derive(Default)]
pub struct History {
    events: Vec<Event>,
}

impl History {
    pub fn view(&self, seen: &Seen, now_ms: u64) -> View {
        let mut living = Vec::new();
        for life in self.present(seen, now_ms) {
            if self.is_string(seen, life) {
                living.push((self.born(seen, life, Kind::String), Kind::String));
            }
            if !self.members(seen, life, now_ms).is_empty() {
                living.push((self.born(seen, life, Kind::Set), Kind::Set));
            }
        }
        let ends_ms = self.ends_ms(seen, now_ms);
        match living.into_iter().max() {
            None => View::Nothing,
            Some((_, Kind::String)) => View::Text(self.text(seen, now_ms), ends_ms),
            Some((_, _)) => View::Members(self.union(seen, now_ms), ends_ms),
        }
    }

    /// INCRBY.
    pub fn add(&mut self, tag: Tag, now_ms: u64, seen: &mut Seen, by: i128) {
        let what = match by == 0 && self.view(seen, now_ms) == View::Nothing {
            true => What::Zero,
            false => What::Add(by),
        };
        let (life, ends) = self.writable(seen, now_ms);
        let birth = what == What::Zero || !self.is_string(seen, life);
        let silenced = self.begun(seen, now_ms);
        self.happen(tag, seen, what, (vec![life], ends, silenced), birth);
    }

    /// SET; `keep`: the deadline stays.
    pub fn set(&mut self, tag: Tag, now_ms: u64, seen: &mut Seen, text: &str, ends: Ends) {
        let (life, mut written) = self.writable(seen, now_ms);
        if let Ends::Write(at_ms) = ends {
            written = self.present(seen, now_ms).into_iter().map(|life| (life, at_ms)).collect();
            if !written.iter().any(|(known, _)| *known == life) {
                written.push((life, at_ms));
            }
        }
        let silenced = self.begun(seen, now_ms);
        self.happen(tag, seen, What::Base(text.into()), (vec![life], written, silenced), true);
    }

    /// SADD, SADDEX.
    pub fn insert(
        &mut self,
        tag: Tag,
        now_ms: u64,
        seen: &mut Seen,
        name: u8,
        deadline: InsertEnds,
    ) {
        let present = self.union(seen, now_ms).get(&name).copied();
        let at_ms = match (deadline, present) {
            (InsertEnds::Keep, present) => present.flatten(),
            (InsertEnds::Set(at_ms), _) => at_ms,
            (InsertEnds::IfNew(_), Some(present)) => present,
            (InsertEnds::IfNew(at_ms), None) => Some(at_ms),
        };
        // The later word on a member counts wherever it is seen.
        let mut lives = self.present(seen, now_ms);
        lives.retain(|life| self.members(seen, *life, now_ms).contains_key(&name));
        let (life, ends) = self.writable(seen, now_ms);
        let birth = self.members(seen, life, now_ms).is_empty();
        if !lives.contains(&life) {
            lives.push(life);
        }
        let silenced = self.begun(seen, now_ms);
        self.happen(tag, seen, What::Insert(name, at_ms), (lives, ends, silenced), birth);
    }

    /// SREM.
    pub fn remove(&mut self, tag: Tag, now_ms: u64, seen: &mut Seen, name: u8) {
        let mut lives = self.present(seen, now_ms);
        lives.retain(|life| self.members(seen, *life, now_ms).contains_key(&name));
        let is_it = |id: &usize| matches!(self.events[*id].what, What::Insert(n, _) if n == name);
        let removed = seen.iter().copied().filter(is_it).collect();
        self.happen(tag, seen, What::Remove(removed), (lives, Vec::new(), Vec::new()), false);
    }

    /// EXPIRE, PERSIST.
    pub fn expire(&mut self, tag: Tag, now_ms: u64, seen: &mut Seen, at_ms: Option<u64>) {
        let ends = self.present(seen, now_ms).into_iter().map(|life| (life, at_ms)).collect();
        self.happen(tag, seen, What::Expire, (Vec::new(), ends, Vec::new()), false);
    }

    /// DEL.
    pub fn delete(&mut self, tag: Tag, now_ms: u64, seen: &mut Seen) {
        let silenced = self.present(seen, now_ms);
        let ends = silenced.iter().map(|life| (*life, None)).collect();
        self.happen(tag, seen, What::Delete, (Vec::new(), ends, silenced), false);
    }

    fn happen(
        &mut self,
        tag: Tag,
        seen: &mut Seen,
        what: What,
        (lives, ends, silenced): Touched,
        birth: bool,
    ) {
        let seen_before = seen.clone();
        self.events.push(Event { tag, seen: seen_before, what, lives, ends, silenced, birth });
        seen.insert(self.events.len() - 1);
    }

    fn heard<'h>(&'h self, seen: &'h Seen) -> impl Iterator<Item = (usize, &'h Event)> {
        seen.iter().map(|id| (*id, &self.events[*id]))
    }

    /// The life that a write goes to, and the deadline that it copies when it opens one.
    fn writable(&self, seen: &Seen, now_ms: u64) -> (Tag, Vec<(Tag, Option<u64>)>) {
        let Some(newest) = self.lives(seen).last().copied() else {
            return (Tag::NEVER, Vec::new());
        };
        if !self.is_past(seen, newest, now_ms) {
            return (newest, Vec::new());
        }
        let opened = self.deadline(seen, newest).map_or(Tag::NEVER, |(tag, _)| tag);
        let beside = self.ends_ms(seen, now_ms).filter(|_| self.begun(seen, now_ms).is_empty());
        (opened, beside.map(|at_ms| (opened, Some(at_ms))).into_iter().collect())
    }

    /// The lives that a write begins again without a deadline: all, when nothing is seen of the key.
    fn begun(&self, seen: &Seen, now_ms: u64) -> Vec<Tag> {
        match self.view(seen, now_ms) {
            View::Nothing => self.present(seen, now_ms),
            _ => Vec::new(),
        }
    }

    fn lives(&self, seen: &Seen) -> BTreeSet<Tag> {
        let written = |(_, event): (usize, &Event)| {
            let ends: Vec<Tag> = event.ends.iter().map(|(life, _)| *life).collect();
            event.lives.iter().copied().chain(ends).collect::<Vec<_>>()
        };
        self.heard(seen).flat_map(written).collect()
    }

    fn present(&self, seen: &Seen, now_ms: u64) -> Vec<Tag> {
        let mut lives: Vec<Tag> = self.lives(seen).into_iter().collect();
        lives.retain(|life| !self.is_past(seen, *life, now_ms));
        lives
    }

    fn is_past(&self, seen: &Seen, life: Tag, now_ms: u64) -> bool {
        self.deadline(seen, life).is_some_and(|(_, at_ms)| at_ms.is_some_and(|at| at <= now_ms))
    }

    /// The last word on a life's end, and when it was said; deletions silence what they saw.
    fn deadline(&self, seen: &Seen, life: Tag) -> Option<(Tag, Option<u64>)> {
        let on_life = |event: &Event| event.ends.iter().find(|(id, _)| *id == life).copied();
        let words = self.heard(seen).filter(|(_, event)| event.what != What::Delete);
        let (id, tag, at_ms) = words
            .filter_map(|(id, event)| Some((id, event.tag, on_life(event)?.1)))
            .max_by_key(|(_, tag, _)| *tag)?;
        let silenced = self
            .heard(seen)
            .any(|(_, event)| event.silenced.contains(&life) && event.seen.contains(&id));
        Some((tag, if silenced { None } else { at_ms }))
    }

    fn ends_ms(&self, seen: &Seen, now_ms: u64) -> Option<u64> {
        let present = self.present(seen, now_ms);
        let words = present.into_iter().map(|life| self.deadline(seen, life).unwrap_or_default());
        words.max_by_key(|(tag, _)| *tag)?.1
    }

    /// Whether a deletion, SET or SREM that was heard of had seen the event.
    fn is_forgotten(&self, seen: &Seen, id: usize) -> bool {
        self.heard(seen).any(|(_, event)| match &event.what {
            What::Delete | What::Base(_) => event.seen.contains(&id),
            What::Remove(removed) => {
                let shared = self.events[id].lives.iter().any(|life| event.lives.contains(life));
                shared && removed.contains(&id)
            }
            _ => false,
        })
    }

    fn base<'h>(&'h self, seen: &'h Seen, life: Tag) -> Option<(Tag, &'h str)> {
        let text = |what: &'_ What| matches!(what, What::Base(_) | What::Zero);
        let bases = self.heard(seen).filter(|(_, event)| event.lives.contains(&life));
        let (id, event) =
            bases.filter(|(_, event)| text(&event.what)).max_by_key(|(_, event)| event.tag)?;
        let text = match &event.what {
            What::Base(text) => text.as_str(),
            _ => "0",
        };
        (!self.is_forgotten(seen, id)).then_some((event.tag, text))
    }

    /// What was counted in a life and is not forgotten.
    fn counted(&self, seen: &Seen, life: Tag) -> Vec<i128> {
        let counted = |(id, event): (usize, &Event)| match event.what {
            What::Add(by) if by != 0 && event.lives.contains(&life) => {
                (!self.is_forgotten(seen, id)).then_some(by)
            }
            _ => None,
        };
        self.heard(seen).filter_map(counted).collect()
    }

    fn is_string(&self, seen: &Seen, life: Tag) -> bool {
        self.base(seen, life).is_some() || !self.counted(seen, life).is_empty()
    }

    fn text(&self, seen: &Seen, now_ms: u64) -> String {
        let lives = self.present(seen, now_ms);
        let sum: i128 = lives.iter().flat_map(|life| self.counted(seen, *life)).sum();
        let counted = lives.iter().any(|life| !self.counted(seen, *life).is_empty());
        let base = lives.iter().filter_map(|life| self.base(seen, *life)).max();
        match base {
            Some((_, text)) => match text.parse::<i64>() {
                Ok(base) if counted => (i128::from(base) + sum).to_string(),
                _ => text.into(),
            },
            None => sum.to_string(),
        }
    }

    /// The members that are in a life at `now_ms`.
    fn members(&self, seen: &Seen, life: Tag, now_ms: u64) -> BTreeMap<u8, Option<u64>> {
        let mut latest = BTreeMap::<u8, (Tag, Option<u64>)>::new();
        for (id, event) in self.heard(seen) {
            let What::Insert(name, at_ms) = event.what else { continue };
            if event.lives.contains(&life) && !self.is_forgotten(seen, id) {
                let word = latest.entry(name).or_default();
                *word = (*word).max((event.tag, at_ms));
            }
        }
        let words = latest.into_iter().map(|(name, (_, at_ms))| (name, at_ms));
        words.filter(|(_, at_ms)| at_ms.is_none_or(|at| at > now_ms)).collect()
    }

    fn union(&self, seen: &Seen, now_ms: u64) -> BTreeMap<u8, Option<u64>> {
        let present = self.present(seen, now_ms);
        present.into_iter().flat_map(|life| self.members(seen, life, now_ms)).collect()
    }

    /// When a life last took on a type.
    fn born(&self, seen: &Seen, life: Tag, kind: Kind) -> headcount::base::Stamp {
        let births = self.heard(seen).filter(|(_, event)| {
            let string = matches!(event.what, What::Add(_) | What::Base(_) | What::Zero);
            let set = matches!(event.what, What::Insert(..));
            event.birth
                && event.lives.contains(&life)
                && (if kind == Kind::String { string } else { set })
        });
        births.map(|(_, event)| event.tag.stamp).max().unwrap_or_default()
    }
}

/// What SET does with the deadline.
#[derive(Clone, Copy)]
pub enum Ends {
    Keep,
    Write(Option<u64>),
}

/// What SADD and its like do with the member's.
#[derive(Clone, Copy)]
pub enum InsertEnds {
    Keep,
    Set(Option<u64>),
    IfNew(u64),
}
