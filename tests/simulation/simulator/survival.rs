//! Which acknowledged commands must have outlived the crashes of a run, and which may be missing.
//!
//! A command that was only in memories that are gone is gone. A run of a process hands on its drains in
//! order, so what is missing is always the end of it, whole drains.

use super::clients::state;
use super::oracle::{EventId, Sight};
use super::plan::NodeIndex;
use super::world::World;
use std::collections::{BTreeMap, BTreeSet};

/// A run of a process and the memory that it has: a node that comes back after it was forgotten keeps
/// no more of it than its own part.
pub type Holder = (usize, u64);

/// What is known of who has what.
#[derive(Default)]
pub struct Survival {
    /// Times at which a memory was lost, and of which node.
    losses: Vec<(u64, NodeIndex)>,
    /// Who was seen to have what a run of a process that is over had acknowledged.
    witnesses: BTreeMap<EventId, BTreeSet<Holder>>,
    /// When each event was acknowledged.
    acknowledged_ms: Vec<u64>,
}

impl Survival {
    pub fn acknowledged(&mut self, events: usize, now_ms: u64) {
        self.acknowledged_ms.resize(events, now_ms);
    }

    pub fn lost(&mut self, node: NodeIndex, now_ms: u64) {
        self.losses.push((now_ms, node));
    }

    pub fn losses(&self) -> usize {
        self.losses.len()
    }
}

impl World<'_> {
    /// Before a node loses what it has: looks who else has what it had acknowledged.
    pub fn look_for_witnesses(&mut self, node: NodeIndex) -> Result<(), String> {
        let memory = self.nodes[node].memory;
        for other in &self.nodes {
            let Some(process) = other.process.as_ref().filter(|_| other.index != node) else {
                continue;
            };
            let wall_ms = other.now(self.now_ms).wall_ms;
            let holder = (process.number, process.incarnation);
            for place in self.history.places() {
                let key = state(&process.keyspace, place, wall_ms);
                for (_, id) in Sight::of(&self.history, place, &key)?.events() {
                    if self.runs[self.history.event(id).origin.process].memory == memory {
                        self.survival.witnesses.entry(id).or_default().insert(holder);
                    }
                }
            }
        }
        Ok(())
    }

    /// A run, and those before it from which its memory is, was forgotten and writes again what it had
    /// not handed on.
    pub fn come_back(&mut self, run: usize) {
        let memory = self.runs[run].memory;
        self.runs[run].first_event = self.history.len();
        for other in 0..self.runs.len() {
            if self.runs[other].memory == memory {
                self.history.note_return(other);
            }
        }
    }

    /// Whether it must be there at the end.
    pub fn is_certain(&self, id: EventId) -> bool {
        let origin = self.history.event(id).origin;
        let run = &self.runs[origin.process];
        let is_kept = match run.kept_drain {
            // What a node gave up that came back, the others had, if they have lost nothing since.
            None => !self.history.has_returned(id) || self.losses_since(id) == 0,
            Some(drain) => !self.memories[run.memory - 1].is_lost && origin.drain <= drain,
        };
        is_kept || self.is_witnessed(id) || self.is_confirmed(id)
    }

    fn is_witnessed(&self, id: EventId) -> bool {
        let is_there = |holder: &Holder| {
            self.nodes.iter().any(|node| {
                let process = node.process.as_ref();
                process.is_some_and(|process| (process.number, process.incarnation) == *holder)
            })
        };
        self.survival.witnesses.get(&id).is_some_and(|holders| holders.iter().any(is_there))
    }

    /// WAIT: more nodes have confirmed it than have lost anything since.
    fn is_confirmed(&self, id: EventId) -> bool {
        let origin = self.history.event(id).origin;
        self.runs[origin.process].progress.kept_by(origin.drain) > self.losses_since(id)
    }

    /// How often other nodes have lost what they had since an event.
    fn losses_since(&self, id: EventId) -> usize {
        let node = self.runs[self.history.event(id).origin.process].node;
        let since_ms = self.survival.acknowledged_ms.get(id).copied().unwrap_or_default();
        let lost = self.survival.losses.iter();
        lost.filter(|(at_ms, other)| *at_ms >= since_ms && *other != node).count()
    }
}
