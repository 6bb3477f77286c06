//! What of replication has to be kept with the store's states, for a node that survives a crash.

use super::comeback::Lost;
use super::inbound::Inbound;
use super::view::Entry;
use super::{Engine, Now, Settings, Vector};
use crate::base::Replica;
use std::collections::BTreeMap;

/// What a node knows about its state; kept together with that state.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    holds: Vector,
    may: Vector,
    inbound: BTreeMap<Replica, Inbound>,
    view: Vec<Entry>,
    ends: Vector,
    quorum: Vec<u32>,
    lost: Vec<Lost>,
}

impl Engine {
    /// What describes the state that the store has now (after a drain).
    #[must_use]
    pub fn memory(&self) -> Memory {
        Memory {
            holds: self.holds.clone(),
            may: self.may.clone(),
            inbound: self.inbound.clone(),
            view: self.view.entries(),
            ends: self.ends.clone(),
            quorum: self.quorum.clone(),
            lost: self.lost.clone(),
        }
    }

    /// The state that `memory` describes would survive a crash from now on.
    pub fn persisted(&mut self, memory: &Memory) {
        self.durable = memory.holds.clone();
    }

    /// A node that starts with the state that `memory` describes: the same incarnation, another epoch.
    #[must_use]
    pub fn restore(settings: Settings, memory: Memory, seed: u64, now: Now) -> Engine {
        let mut engine = Engine::new(settings, seed, now);
        engine.durable = memory.holds.clone();
        (engine.holds, engine.may, engine.inbound) = (memory.holds, memory.may, memory.inbound);
        memory.view.iter().for_each(|entry| engine.admit(entry, now));
        (engine.ends, engine.quorum, engine.lost) = (memory.ends, memory.quorum, memory.lost);
        // What it knows is late at most, as after a cut.
        engine.gate.open("the state was kept");
        engine
    }
}
