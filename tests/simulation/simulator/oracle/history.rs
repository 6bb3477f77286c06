//! What happened: every acknowledged command, and what its node had seen of the key by then.

use super::super::places::{Place, show};
use headcount::base::Tag;
use headcount::crdt::Kind;
use std::collections::{BTreeMap, BTreeSet};

/// An event's place in the history.
pub type EventId = usize;

/// What tells one write from another: its stamp and its node. Not its epoch: what a node that was away
/// says anew in another epoch is still the same write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    pub stamp: u64,
    pub node: u32,
}

impl Mark {
    pub const NEVER: Mark = Mark { stamp: 0, node: 0 };
}

impl From<Tag> for Mark {
    fn from(tag: Tag) -> Mark {
        Mark { stamp: tag.stamp.0, node: tag.replica.node }
    }
}

/// A life of a key: the mark of the deadline that ended the one before. One that has ended and was
/// collected by all may begin again, as what comes late or as a key of which nothing was left: `again`
/// counts that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LifeId {
    pub mark: Mark,
    pub again: u32,
}

/// When an end of a life was said, and the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Word {
    pub mark: Mark,
    pub at_ms: Option<u64>,
}

/// Who acknowledged, as part of which drain of its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The run of a process that it was.
    pub process: usize,
    /// In which it wrote.
    pub epoch: u32,
    pub drain: u64,
}

/// What one command did to one key.
#[derive(Clone, Debug)]
pub struct Event {
    pub origin: Origin,
    pub place: Place,
    pub what: What,
    /// The lives that it wrote to.
    pub lives: Vec<LifeId>,
    /// The lives in which it was the first of its type, with the stamp of that.
    pub births: Vec<(LifeId, Kind, u64)>,
    /// The lives whose ends it wrote.
    pub ends: Vec<(LifeId, Word)>,
    /// What it took away of which life, as it had seen it.
    pub forgets: BTreeSet<(LifeId, EventId)>,
    /// The ends that it took away.
    pub silences: Vec<(LifeId, Mark)>,
    /// Its life had ended, and its node may have known so, or not: so it may belong to the one after.
    pub is_loose: bool,
    /// Its node had not met any other.
    pub is_alone: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Counts this, which no other event of the key does: a power of four.
    Add(i128),
    Base(Mark, Vec<u8>),
    /// Adds a member, which ends at this time.
    Insert(Mark, u8, Option<u64>),
    /// Writes and takes away no more than `ends`, `forgets` and `silences` say.
    Other,
}

impl Event {
    pub fn new(origin: Origin, place: Place, what: What) -> Event {
        Event {
            origin,
            place,
            what,
            lives: Vec::new(),
            births: Vec::new(),
            ends: Vec::new(),
            forgets: BTreeSet::new(),
            silences: Vec::new(),
            is_loose: false,
            is_alone: false,
        }
    }
}

/// Increments of one key: more of them would leave the 64-bit range.
const ADDS_MAX: u32 = 26;

/// Everything that happened anywhere.
#[derive(Default)]
pub struct History {
    events: Vec<Event>,
    by_place: BTreeMap<Place, Vec<EventId>>,
    /// The increments of a key: the i-th counts 4^i.
    adds: BTreeMap<Place, Vec<EventId>>,
    bases: BTreeMap<(Place, Mark), EventId>,
    inserts: BTreeMap<(Place, u8, Mark), EventId>,
    /// Ends that were said of a life (the second mark), and which one that was.
    ends: BTreeMap<(Place, Mark, Mark), u32>,
    /// Runs of processes that came back after they had been forgotten.
    returned: BTreeSet<usize>,
}

impl History {
    pub fn event(&self, id: EventId) -> &Event {
        &self.events[id]
    }

    pub fn len(&self) -> usize {
        self.events.len()
    }

    pub fn places(&self) -> impl Iterator<Item = Place> {
        self.by_place.keys().copied()
    }

    /// What happened to a key, in order of time.
    pub fn of(&self, place: Place) -> impl DoubleEndedIterator<Item = (EventId, &Event)> {
        let ids = self.by_place.get(&place).map_or(&[][..], Vec::as_slice);
        ids.iter().map(|id| (*id, &self.events[*id]))
    }

    /// What the next increment of the key counts; `None`: it had enough.
    pub fn next_weight(&self, place: Place) -> Option<i128> {
        let made = self.adds.get(&place).map_or(0, Vec::len) as u32;
        (made < ADDS_MAX).then(|| 4i128.pow(made))
    }

    pub fn add_of(&self, place: Place, digit: usize) -> Option<EventId> {
        self.adds.get(&place)?.get(digit).copied()
    }

    pub fn base_of(&self, place: Place, mark: Mark) -> Option<EventId> {
        self.bases.get(&(place, mark)).copied()
    }

    pub fn insert_of(&self, place: Place, member: u8, mark: Mark) -> Option<EventId> {
        self.inserts.get(&(place, member, mark)).copied()
    }

    /// Which of the lives of this mark it was of which an end was said with mark `word`.
    pub fn again_of_end(&self, place: Place, life: Mark, word: Mark) -> Option<u32> {
        self.ends.get(&(place, life, word)).copied()
    }

    /// How often a life has begun again, as far as anybody wrote to it.
    pub fn latest_again(&self, place: Place, mark: Mark) -> u32 {
        let lives = self.of(place).flat_map(|(_, event)| {
            event.lives.iter().chain(event.ends.iter().map(|(life, _)| life))
        });
        lives.filter(|life| life.mark == mark).map(|life| life.again).max().unwrap_or(0)
    }

    /// A process has come back after it had been forgotten.
    pub fn note_return(&mut self, process: usize) {
        self.returned.insert(process);
    }

    /// Whether the event is of a process that has come back.
    pub fn has_returned(&self, id: EventId) -> bool {
        self.is_returned(self.events[id].origin.process)
    }

    /// Whether a process has come back.
    pub fn is_returned(&self, process: usize) -> bool {
        self.returned.contains(&process)
    }

    /// Whether it may be found in a later life than the one that it was written to.
    pub fn is_loose(&self, id: EventId) -> bool {
        self.events[id].is_loose || self.has_returned(id)
    }

    pub fn record(&mut self, event: Event) -> EventId {
        let (id, place) = (self.events.len(), event.place);
        self.by_place.entry(place).or_default().push(id);
        match &event.what {
            What::Add(_) => self.adds.entry(place).or_default().push(id),
            What::Base(mark, _) => drop(self.bases.insert((place, *mark), id)),
            What::Insert(mark, member, _) => {
                self.inserts.insert((place, *member, *mark), id);
            }
            What::Other => {}
        }
        for (life, word) in &event.ends {
            self.ends.insert((place, life.mark, word.mark), life.again);
        }
        self.events.push(event);
        id
    }

    /// An event as people read it.
    pub fn show(&self, id: EventId) -> String {
        let event = &self.events[id];
        format!(
            "#{id} {} by process {} (drain {}): {:?} lives {:?} ends {:?} forgets {:?}",
            show(event.place),
            event.origin.process,
            event.origin.drain,
            event.what,
            event.lives,
            event.ends,
            event.forgets
        )
    }
}
