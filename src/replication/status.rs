//! What INFO, CLUSTER and COUNTER.INFO tell of replication.

use super::ClientAddress;
use crate::base::decimal::Decimal;

/// What the failure detector thinks of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    Alive,
    Suspect,
    Down,
}

/// One other member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerStatus {
    pub node: u32,
    pub address: String,
    pub health: Health,
    /// Where clients reach it.
    pub clients: ClientAddress,
    /// For how long this node's connection to it has stood, and its connection to this node; `None`: it does not.
    pub out_age_ms: Option<u64>,
    pub in_age_ms: Option<u64>,
    /// Since it was last heard; `None`: never.
    pub last_contact_ms: Option<u64>,
    /// Batches, and deltas in them, that it has not confirmed.
    pub unconfirmed_batches: u64,
    pub unconfirmed_deltas: u64,
    /// Age of the oldest write that it has not confirmed; 0 when it has all.
    pub lag_ms: u64,
    /// Its wall clock less this node's, as measured by round trips.
    pub clock_offset_ms: Option<i64>,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Whether this node is pulling what differs from it.
    pub syncing: bool,
}

impl PeerStatus {
    /// Whether this node's connection to it stands.
    #[must_use]
    pub fn out_up(&self) -> bool {
        self.out_age_ms.is_some()
    }

    /// Whether its connection to this node does.
    #[must_use]
    pub fn in_up(&self) -> bool {
        self.in_age_ms.is_some()
    }
}

/// Replication as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    pub node: u32,
    pub epoch: u32,
    pub incarnation: u64,
    pub address: String,
    /// Where clients reach this node.
    pub clients: ClientAddress,
    /// Members but this one, by node id.
    pub peers: Vec<PeerStatus>,
    /// Whether all members hold this node's view of who is a member.
    pub view_agreed: bool,
    /// Batches drained so far, and bytes of them kept for peers that lag.
    pub stream_batches: u64,
    pub window_bytes: u64,
    /// Keys of which this node, having been forgotten, may have to write again what the members lack.
    pub keys_in_doubt: u64,
    /// Keys changed here and not yet drained.
    pub keys_waiting: u64,
    /// Keys with something deleted that not all members have confirmed.
    pub tombstones_waiting: u64,
    /// Times that this node pulled the whole state, rounds of comparing, keys pulled.
    pub full_resyncs: u64,
    pub sync_rounds: u64,
    pub keys_pulled: u64,
    /// Batches refused because their stamps were too far ahead.
    pub refused_stamps: u64,
    /// Keys of two types at once, seen when merging.
    pub type_conflicts: u64,
}

/// COUNTER.INFO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CounterReport {
    /// As GET answers.
    pub value: Vec<u8>,
    /// The value that was SET, if any, on which nodes count.
    pub base: Option<Vec<u8>>,
    /// Per node (of all its epochs) what it contributes to the value.
    pub contributions: Vec<(u32, Decimal)>,
    /// Per member but this one, the part of this node's contribution that it has not confirmed;
    /// `None`: not known any more, as it has lagged for too long.
    pub unconfirmed: Vec<(u32, Option<Decimal>)>,
    /// Per member but this one, milliseconds since its last word that may have been about this key.
    pub heard_ms: Vec<(u32, Option<u64>)>,
}
