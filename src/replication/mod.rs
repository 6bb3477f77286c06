//! Replication between nodes, as a state machine without I/O: time, randomness and messages come in
//! as arguments, and what is to be sent or dialled is asked for. The server runs it on TCP, the
//! simulator on a virtual network in virtual time.
//!
//! Every node keeps a stream of the batches that it drained from its own store. It dials every other
//! node and sends on that connection, in order: its stream, what it acknowledges, and its answers to
//! what was asked on the other's connection. The acceptor of a connection says nothing on it but its
//! part of the handshake.

mod answerer;
mod asker;
mod banished;
pub mod batch;
mod clock_offset;
mod collected;
mod collector;
mod comeback;
mod confirm;
mod counter_report;
mod dead_streams;
mod dialer;
mod engine;
mod epochs;
mod frame;
pub mod handshake;
mod inbound;
mod journal;
mod links;
mod lost;
mod membership;
mod memory;
pub mod message;
mod operator;
mod overflow;
mod payload;
mod peer;
mod peers;
mod post;
mod progress;
mod readiness;
mod receive;
pub mod replay;
mod report;
mod rounds;
mod saved;
pub mod saving;
mod settings;
mod status;
mod stream;
mod vector;
mod view;

pub use collected::{Collected, NotAdmitted};
pub use engine::Engine;
pub use epochs::{Epochs, Run};
pub use frame::{Frame, FrameError, FrameReader, HEADER_BYTES, SealedFrame};
pub use journal::{Group, Record};
pub use memory::{Memory, Outdated};
pub use payload::{Origin, Payload, PayloadError};
pub use peer::{ClientAddress, Forgotten, Greeting, Refusal, Resume, Told};
pub use post::Post;
pub use progress::Progress;
pub use readiness::Readiness;
pub use replay::Replay;
pub use saving::{Saving, StateBlock};
pub use settings::Settings;
pub use status::{CounterReport, Health, PeerStatus, Status};
pub use vector::Vector;
pub use view::{Entry, Standing};

/// The two clocks of a node, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Unix time; may jump.
    pub wall_ms: u64,
    /// From an arbitrary start; only goes forward. Timers run on it.
    pub mono_ms: u64,
}

/// A connection. Who owns the sockets numbers them and uses no number twice.
pub type LinkId = u64;

/// An address to dial: `host:port` of a peer's `cluster-announce` or of a `cluster-peer` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    pub address: String,
}

/// Why an incoming connection has to be closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("a message that cannot be read: {0}")]
    Malformed(&'static str),
    #[error("a batch of another stream or out of sequence")]
    OutOfSequence,
    #[error("an older connection of the same peer")]
    Superseded,
    #[error("stamps {ahead_ms} ms ahead of this node's clock, more than cluster-max-stamp-ahead")]
    StampAhead { ahead_ms: u64 },
    #[error("the peer is not a member any more")]
    Forgotten,
}
