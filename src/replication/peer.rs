//! What two nodes tell each other before anything else.

use crate::base::Replica;
use serde::{Deserialize, Serialize};

/// Who a node is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// The node's kept id.
    pub node: u32,
    /// The epoch that it writes in.
    pub epoch: u32,
    /// The identity of its memory: a later one when it lost what it knew.
    pub incarnation: u64,
    /// Where it is dialled: `host:port`.
    pub address: String,
    /// Counts the connections that the node has dialled since its start.
    pub connection: u64,
    /// How many databases it has: as many as its peers.
    pub databases: u16,
}

impl Greeting {
    #[must_use]
    pub fn replica(&self) -> Replica {
        Replica { node: self.node, epoch: self.epoch }
    }
}

/// From where the dialler goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// The last batch of the dialler's stream that the acceptor has, 0 for none.
    pub delivered: u64,
}

/// Why a node does not let another one in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    #[error("the secret is another one (cluster-secret)")]
    Secret,
    #[error("it is this very node")]
    Myself,
    #[error("another node has the same id (cluster-node-id)")]
    SameId,
    #[error("it has {acceptor} databases and the node that dials it {dialler} (databases)")]
    Databases { dialler: u16, acceptor: u16 },
    #[error("a newer connection of the same node is there")]
    Superseded,
    /// It was away for too long: it comes back as a new memory than this `incarnation`. `settled`: all
    /// members have said how much of its stream they may hold, `upto` being the most.
    #[error("it was forgotten (node-forget-after, CLUSTER FORGET)")]
    Forgotten { incarnation: u64, settled: bool, upto: u64 },
}
