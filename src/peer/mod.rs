//! Connections to peers.
//!
//! All of it runs on one thread: the listeners of `cluster-port`, a task for each connection, and the
//! replication engine's ticks. Each pair of nodes has two connections, one dialled by each; who has
//! dialled sends (`outgoing`), who has accepted receives (`incoming`).

mod announce;
mod dial;
mod door;
mod identity;
mod incoming;
mod outbox;
mod outgoing;
mod posts;
mod repeats;
mod settings;
mod shared;
mod thread;
mod ticker;
mod wire;

pub use identity::IdentityError;
pub use settings::make_cluster;
pub use thread::{PeerError, Peers};
