//! The state machine.

use super::{
    CounterReport, Dial, Fault, Greeting, LinkId, Now, Progress, Refusal, Resume, SealedFrame,
    Status,
};
use crate::base::Replica;
use crate::store::Keyspace;

use std::sync::Arc;

/// How replication behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub node: u32,
    pub epoch: u32,
    pub incarnation: u64,
    /// Where others dial this node.
    pub address: String,
    /// `cluster-peer` lines.
    pub seeds: Vec<String>,
    pub tick_ms: u64,
    pub window_bytes: usize,
    pub sync_interval_ms: u64,
    pub forget_after_ms: u64,
    pub max_stamp_ahead_ms: u64,
    pub clock_warning_ms: u64,
    pub node_timeout_ms: u64,
}

/// One node's side of replication.
pub struct Engine {
    settings: Settings,
    progress: Arc<Progress>,
}

impl Engine {
    /// `seed`: of all randomness in it.
    #[must_use]
    pub fn new(settings: Settings, _seed: u64, _now: Now) -> Engine {
        Engine { settings, progress: Arc::default() }
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Who this node writes as.
    #[must_use]
    pub fn me(&self) -> Replica {
        Replica { node: self.settings.node, epoch: self.settings.epoch }
    }

    /// From now on behaves so. Who the node is stays as it is.
    pub fn configure(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Bytes that have come on an accepted connection, or gone out on a dialled one.
    pub fn transferred(&mut self, _link: LinkId, _bytes: u64) {}

    /// For WAIT.
    #[must_use]
    pub fn progress(&self) -> Arc<Progress> {
        self.progress.clone()
    }

    /// What is due: drains the store, compares with peers, collects, probes.
    pub fn tick(&mut self, _keyspace: &Keyspace, _now: Now) {}

    /// When to call [`Engine::tick`] next, by the monotonic clock.
    #[must_use]
    pub fn next_wake_ms(&self) -> u64 {
        0
    }

    /// What to dial now. Each address is named again, with backoff, until it is opened.
    pub fn dials(&mut self, _now: Now) -> Vec<Dial> {
        Vec::new()
    }

    /// Who this node is, for the handshake of its next connection.
    pub fn greeting(&mut self) -> Greeting {
        todo!()
    }

    /// A connection that this node dialled has gone through its handshake.
    ///
    /// # Errors
    /// The connection is not wanted: close it.
    pub fn opened(
        &mut self,
        _link: LinkId,
        _address: &str,
        _peer: Greeting,
        _resume: Resume,
        _now: Now,
    ) -> Result<(), Refusal> {
        todo!()
    }

    /// A dialled peer has refused this node, or could not be reached (`None`).
    pub fn refused(
        &mut self,
        _keyspace: &Keyspace,
        _address: &str,
        _refusal: Option<Refusal>,
        _now: Now,
    ) {
    }

    /// A peer that has proven the secret wants to send on this connection.
    ///
    /// # Errors
    /// Tell it why, and close.
    pub fn accept(&mut self, _link: LinkId, _peer: Greeting, _now: Now) -> Result<Resume, Refusal> {
        todo!()
    }

    /// A connection is gone.
    pub fn closed(&mut self, _link: LinkId, _now: Now) {}

    /// A frame has come on a connection that was accepted.
    ///
    /// # Errors
    /// Close the connection, and log why.
    pub fn receive(
        &mut self,
        _keyspace: &Keyspace,
        _link: LinkId,
        _kind: u8,
        _payload: &[u8],
        _now: Now,
    ) -> Result<(), Fault> {
        Ok(())
    }

    /// The next frame to write to a connection that this node dialled.
    pub fn next_frame(&mut self, _link: LinkId) -> Option<SealedFrame> {
        None
    }

    /// Connections that are to be closed, each with the reason for the log.
    pub fn take_closings(&mut self) -> Vec<(LinkId, String)> {
        Vec::new()
    }

    /// CLUSTER MEET.
    pub fn meet(&mut self, _address: String) {}

    /// CLUSTER FORGET: false when there is no such member.
    pub fn forget(&mut self, _node: u32, _now: Now) -> bool {
        false
    }

    /// CLUSTER RESET: forgets all peers; HARD: with a new node id. The data stays.
    pub fn reset(&mut self, _keyspace: &Keyspace, _hard: bool, _now: Now) {}

    /// Says good-bye. Drain and flush the links before closing them.
    pub fn leave(&mut self, _keyspace: &Keyspace, _now: Now) {}

    #[must_use]
    pub fn status(&self, _keyspace: &Keyspace, _now: Now) -> Status {
        Status::default()
    }

    /// COUNTER.INFO; `None`: no such key, or not a counter.
    #[must_use]
    pub fn counter_report(
        &self,
        _keyspace: &Keyspace,
        _db: u16,
        _name: &[u8],
        _now: Now,
    ) -> Option<CounterReport> {
        None
    }
}
