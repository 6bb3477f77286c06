//! What the table leaves open at the end of a run: commands that may be missing, or count for a later
//! life. All else has one answer.

use super::oracle::{Event, EventId, Fate, What};
use super::places::Place;
use super::world::World;
use std::collections::{BTreeMap, BTreeSet};

/// More than runs write.
pub const LARGE_WINDOW_BYTES: usize = 100_000;

/// Each of so many drains may be missing or not; of more, the end.
const DROPPED_MAX: usize = 10;

/// One thing that is open, about the commands that one run of a process acknowledged.
#[derive(Clone, Debug)]
pub enum Doubt {
    /// Up to which of these drains it handed on what it had, the most first. What came after is missing,
    /// or, if its node came back after it had been forgotten, was written anew.
    HandedOn(Vec<u64>),
    /// Which of these drains fell out of its window before they were handed on, when later ones were:
    /// of a set each tells only what it changed.
    Dropped(Vec<u64>),
    /// Whether what it wrote to a key that it knew nothing of belongs to a life that had ended.
    Began,
    /// Whether what it wrote, and what ended there, was collected before its node had met any other.
    Alone,
}

/// All that is open. Its choices are numbered; 0: everything counts.
#[derive(Clone, Debug, Default)]
pub struct Room {
    doubts: Vec<(usize, Doubt)>,
}

impl Doubt {
    fn choices(&self) -> usize {
        match self {
            Doubt::HandedOn(cuts) => cuts.len(),
            Doubt::Dropped(drains) => 1 << drains.len(),
            Doubt::Began | Doubt::Alone => 2,
        }
    }
}

impl Room {
    pub fn choices(&self) -> usize {
        self.doubts.iter().map(|(_, doubt)| doubt.choices()).product()
    }

    /// The run of a process, if all that is open is how much that one has handed on.
    pub fn one_cut(&self) -> Option<usize> {
        match &self.doubts[..] {
            [(run, Doubt::HandedOn(_))] => Some(*run),
            _ => None,
        }
    }

    /// What is open about one key.
    pub fn of(&self, place: Place, world: &World<'_>) -> Room {
        let mut doubts = Vec::new();
        for (run, doubt) in &self.doubts {
            let events = world.history.of(place).filter(|(_, event)| event.origin.process == *run);
            match doubt {
                Doubt::HandedOn(cuts) => {
                    let events: Vec<_> = events.collect();
                    let certain = events.iter().filter(|(id, _)| world.is_sure(*id));
                    let certain = certain.map(|(_, event)| event.origin.drain).max();
                    let least = cuts.last().copied().max(certain).unwrap_or_default();
                    let open = events.iter().filter(|(id, _)| !world.is_sure(*id));
                    let open: BTreeSet<u64> = open.map(|(_, event)| event.origin.drain).collect();
                    let is_set = events.iter().any(|(_, e)| matches!(e.what, What::Insert(..)));
                    if is_set && !world.hands_on_in_order() && open.len() <= DROPPED_MAX {
                        doubts.push((*run, Doubt::Dropped(open.into_iter().collect())));
                        continue;
                    }
                    let drains = events.iter().map(|(_, event)| event.origin.drain);
                    doubts.extend(handed_on(*run, least, drains.collect()));
                }
                Doubt::Dropped(_) => {}
                Doubt::Began => {
                    let is_open = { events }.any(|(_, event)| event.is_loose);
                    doubts.extend(is_open.then_some((*run, Doubt::Began)));
                }
                Doubt::Alone => {
                    let is_open = { events }.any(|(_, event)| event.is_alone);
                    doubts.extend(is_open.then_some((*run, Doubt::Alone)));
                }
            }
        }
        Room { doubts }
    }

    /// What became of an event by one of the choices.
    pub fn fate(&self, id: EventId, choice: usize, world: &World<'_>) -> Fate {
        let event = world.history.event(id);
        let (mut left, mut fate) = (choice, Fate::Counts);
        for (run, doubt) in &self.doubts {
            let at = left % doubt.choices();
            left /= doubt.choices();
            if *run == event.origin.process {
                fate = fate.max(doubt.fate(id, event, at, world));
            }
        }
        fate
    }
}

impl Doubt {
    fn fate(&self, id: EventId, event: &Event, at: usize, world: &World<'_>) -> Fate {
        match self {
            Doubt::HandedOn(cuts) if event.origin.drain > cuts[at] => not_handed_on(id, world),
            Doubt::Dropped(drains) => {
                let is_it = drains.iter().position(|drain| *drain == event.origin.drain);
                match is_it.is_some_and(|index| at & (1 << index) != 0) {
                    true if world.is_sure(id) => Fate::Counts,
                    true => not_handed_on(id, world),
                    false => Fate::Counts,
                }
            }
            Doubt::Began if at == 1 && event.is_loose => Fate::Anew,
            Doubt::Alone if at == 1 && event.is_alone => Fate::Apart,
            _ => Fate::Counts,
        }
    }
}

/// What became of an event that its run did not hand on.
fn not_handed_on(id: EventId, world: &World<'_>) -> Fate {
    // Of a member that has ended meanwhile nothing is told.
    let has_ended = matches!(world.history.event(id).what, What::Insert(.., Some(at_ms)) if at_ms <= world.wall_ms());
    match world.history.has_returned(id) && world.is_certain(id) && !has_ended {
        true => Fate::Anew,
        false => Fate::Missing,
    }
}

impl World<'_> {
    /// Whether the event is where it was written.
    fn is_sure(&self, id: EventId) -> bool {
        self.is_certain(id) && !self.history.has_returned(id)
    }

    /// Whether who has a drain of a node has all before it: not, where batches may be dropped before they
    /// were handed on, and what was in them is compared later.
    pub fn hands_on_in_order(&self) -> bool {
        self.plan.setting.window_bytes >= LARGE_WINDOW_BYTES
    }

    /// What is open now.
    pub fn room(&self) -> Room {
        let mut drains = BTreeMap::<usize, (u64, BTreeSet<u64>)>::new();
        let (mut began, mut alone) = (BTreeSet::new(), BTreeSet::new());
        for id in 0..self.history.len() {
            let event = self.history.event(id);
            let (certain, open) = drains.entry(event.origin.process).or_default();
            if !self.is_sure(id) {
                open.insert(event.origin.drain);
            } else if self.hands_on_in_order() {
                *certain = event.origin.drain.max(*certain);
            }
            if event.is_loose {
                began.insert(event.origin.process);
            }
            if event.is_alone {
                alone.insert(event.origin.process);
            }
        }
        let cuts =
            drains.into_iter().filter_map(|(run, (least, open))| handed_on(run, least, open));
        let began = began.into_iter().map(|run| (run, Doubt::Began));
        let alone = alone.into_iter().map(|run| (run, Doubt::Alone));
        Room { doubts: cuts.chain(began).chain(alone).collect() }
    }
}

/// How much of these drains was handed on, if more than `least` is open.
fn handed_on(run: usize, least: u64, drains: BTreeSet<u64>) -> Option<(usize, Doubt)> {
    let mut cuts: Vec<u64> = drains.into_iter().filter(|drain| *drain > least).rev().collect();
    if cuts.is_empty() {
        return None;
    }
    cuts.push(least);
    Some((run, Doubt::HandedOn(cuts)))
}
