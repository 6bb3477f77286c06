//! What two nodes tell each other before anything else.

use super::epochs::Run;
use super::view::Entry;
use crate::base::Replica;
use serde::{Deserialize, Serialize};

/// Who a node is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// The node's kept id.
    pub node: u32,
    /// The epoch that it writes in.
    pub epoch: u32,
    /// Others that it has written in, with this memory.
    pub epochs: Vec<u32>,
    /// The identity of its memory: a later one when it lost what it knew.
    pub incarnation: u64,
    /// The run of its program.
    pub run: Run,
    /// How much of its memory was durable when that run began: a number that only rises.
    pub kept: u64,
    /// It knows that its memory is of the past: it is to be forgotten.
    pub is_outdated: bool,
    /// Where it is dialled: `host:port`.
    pub address: String,
    /// Where clients reach it.
    pub clients: ClientAddress,
    /// Counts the connections that the node has dialled since its start.
    pub connection: u64,
    /// How many databases it has: as many as its peers.
    pub databases: u16,
    /// The memories (node, incarnation) that it counts as members besides its own.
    pub met: Vec<(u32, u64)>,
}

impl Greeting {
    #[must_use]
    pub fn replica(&self) -> Replica {
        Replica { node: self.node, epoch: self.epoch }
    }
}

/// Where clients reach a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientAddress {
    /// A name or an IP address, without brackets.
    pub host: String,
    /// 0: nowhere, or it is not known.
    pub port: u16,
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
    #[error("it was forgotten (node-forget-after, CLUSTER FORGET)")]
    Forgotten(Box<Forgotten>),
    #[error("it has not written down yet who it is")]
    NotReady,
    #[error("it has met a later run of the node: what is in `dir` has gone back")]
    Outdated,
}

/// What the members have of a stream of a memory that does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub epoch: u32,
    /// Some member had all of it up to this batch when it was forgotten.
    pub held: u64,
    /// Nobody has anything of later batches.
    pub upto: u64,
}

/// What a memory is told that does not count, or is not to: it may come back as another one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// The node that says so.
    pub by: u32,
    /// The memory that was refused.
    pub incarnation: u64,
    /// The latest memory of its node that is known.
    pub latest: u64,
    /// Whether all members have agreed that it does not count, and what they had of its stream has come
    /// to the one who says so.
    pub settled: bool,
    /// What the members have of its streams.
    pub streams: Vec<Told>,
    /// Who counts, and who does not.
    pub members: Vec<Entry>,
}
