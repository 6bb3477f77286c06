//! What of replication has to be kept with the store's states, for a node that survives a crash.

use super::epochs::Epochs;
use super::inbound::Inbound;
use super::journal::Journal;
use super::lost::Lost;
use super::view::Entry;
use super::{Engine, Now, Settings, Vector};
use crate::base::{Replica, Stamp};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a node knows about its state; kept together with that state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    pub(super) node: u32,
    pub(super) incarnation: u64,
    pub(super) holds: Vector,
    pub(super) may: Vector,
    pub(super) inbound: BTreeMap<Replica, Inbound>,
    view: Vec<Entry>,
    ends: Vector,
    quorum: Vec<u32>,
    lost: Vec<Lost>,
    /// What all that this node has collected was contained in.
    collected: Vector,
    /// No stamp after this one was given.
    pub(super) reserved: Stamp,
    pub(super) epochs: Epochs,
    /// How many groups of records were written down, this one included.
    pub(super) groups: u64,
}

/// What is in a directory is of an earlier memory than the one that this node had last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the log is older than what node {node:08x} last kept in memory only: what others have collected \
     since would come back. Move the log away, and the node fetches the state from its peers"
)]
pub struct Outdated {
    pub node: u32,
}

impl Memory {
    /// Who the node was.
    #[must_use]
    pub fn node(&self) -> u32 {
        self.node
    }

    /// Who the node goes on writing as, if that is certain: nobody else has ever heard of it.
    #[must_use]
    pub fn goes_on_as(&self) -> Option<Replica> {
        self.epochs.unheard().map(|epoch| Replica { node: self.node, epoch })
    }
}

impl Engine {
    /// What describes the state that the store has now (after a drain).
    #[must_use]
    pub fn memory(&self) -> Memory {
        Memory {
            node: self.settings.node,
            incarnation: self.settings.incarnation,
            holds: self.holds.clone(),
            may: self.may.clone(),
            inbound: self.inbound.clone(),
            view: self.view.entries(),
            ends: self.ends.clone(),
            quorum: self.quorum.clone(),
            lost: self.lost.clone(),
            collected: self.collected.all(),
            reserved: self.journal.as_ref().map_or(Stamp::NEVER, |journal| journal.reserved()),
            epochs: self.epochs.clone(),
            groups: self.journal.as_ref().map_or(0, Journal::groups),
        }
    }

    /// The state that `memory` describes would survive a crash from now on.
    pub fn persisted(&mut self, memory: &Memory) {
        self.durable = memory.holds.clone();
    }

    /// A node that starts with the state that `memory` describes: the same incarnation, and the epoch that
    /// `settings` have or one of its own of which nobody has more.
    #[must_use]
    pub fn restore(settings: Settings, memory: Memory, seed: u64, now: Now) -> Engine {
        let mut engine = Engine::restored(settings, memory, seed, now);
        // What it knows is late at most, as after a cut.
        engine.gate.open("the state was kept");
        engine
    }

    fn restored(settings: Settings, memory: Memory, seed: u64, now: Now) -> Engine {
        let mut engine = Engine::new(settings, seed, now);
        engine.durable = memory.holds.clone();
        (engine.holds, engine.may, engine.inbound) = (memory.holds, memory.may, memory.inbound);
        memory.view.iter().for_each(|entry| engine.admit(entry, now));
        (engine.ends, engine.quorum, engine.lost) = (memory.ends, memory.quorum, memory.lost);
        engine.collected.learn(&memory.collected);
        engine.epochs = memory.epochs.started_again();
        engine.run.start = engine.epochs.starts;
        engine.began_with = memory.groups;
        engine.choose_epoch(now);
        engine
    }

    /// Goes on from `memory`, which was read with the store's state; nobody has written or connected yet.
    ///
    /// # Errors
    /// This node was a later memory since: its settings say so.
    pub fn recall(&mut self, memory: Memory, now: Now) -> Result<(), Outdated> {
        let Memory { node, incarnation, reserved, .. } = memory;
        if node == self.settings.node && incarnation < self.settings.incarnation {
            return Err(Outdated { node });
        }
        let settings = Settings { node, incarnation, ..self.settings.clone() };
        let restored = Engine::restored(settings, memory, self.rng.random(), now);
        let before = std::mem::replace(self, restored);
        (self.progress, self.gate, self.journal) = (before.progress, before.gate, before.journal);
        (self.connections, self.clients) = (before.connections, before.clients);
        before.collected.learn(&self.collected.all());
        self.collected = before.collected;
        match self.proposal {
            Some(_) => self.gate.hold(),
            None => self.gate.open("the state was kept"),
        }
        if let Some(journal) = &mut self.journal {
            journal.reserve(reserved, now.wall_ms);
            journal.go_on(self.began_with);
        }
        Ok(())
    }
}
