//! How replication behaves.

/// Who the node is, and the bounds of what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub node: u32,
    pub epoch: u32,
    pub incarnation: u64,
    /// Where others dial this node.
    pub address: String,
    /// `cluster-peer` lines.
    pub seeds: Vec<String>,
    /// How often the store is drained.
    pub tick_ms: u64,
    /// Bytes of batches that are kept for peers that lag.
    pub window_bytes: usize,
    /// What it notes of batches that have fallen out of the window, in keys. Of more, coming back after it
    /// was forgotten takes a look at every key.
    pub notes_max: usize,
    /// At the latest after so long a peer is compared with.
    pub sync_interval_ms: u64,
    /// A member that is away for longer is forgotten.
    pub forget_after_ms: u64,
    /// Stamps further ahead of this node's clock are refused.
    pub max_stamp_ahead_ms: u64,
    /// More than clocks differ: for so long a life that has expired is kept in any case.
    pub grace_ms: u64,
    /// A peer's clock that is off by more is warned of.
    pub clock_warning_ms: u64,
    /// A silent member is called down after so long.
    pub node_timeout_ms: u64,
    /// How many databases the node has; all its peers have as many.
    pub databases: u16,
    /// Whether the state survives a crash, as far as [`Engine::persisted`](super::Engine::persisted)
    /// has said so. Else a node that crashes loses all, and what it has in memory it has for certain:
    /// whoever comes after it is another memory, which has confirmed nothing.
    pub survives: bool,
}
