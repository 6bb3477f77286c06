//! Who wrote a contribution.

use serde::{Deserialize, Serialize};

/// A node in one of its lives: `(node id, epoch)`.
///
/// Only a replica writes its own contributions. A node that lost state must not count on in the
/// epoch whose numbers its peers remember, so every start takes a fresh epoch, or one of which
/// nobody has more than the node itself.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Replica {
    pub node: u32,
    pub epoch: u32,
}

impl Replica {
    /// No replica: orders before every other, writes nothing.
    pub const NOBODY: Replica = Replica { node: 0, epoch: 0 };
}
