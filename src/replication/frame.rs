//! Frames of a peer connection.

use bytes::Bytes;

/// A message in the form in which it is sent, made once for all connections.
#[derive(Clone, Debug)]
pub struct SealedFrame {
    kind: u8,
    payload: Bytes,
}

impl SealedFrame {
    #[must_use]
    pub fn new(kind: u8, payload: Vec<u8>) -> SealedFrame {
        SealedFrame { kind, payload: payload.into() }
    }

    #[must_use]
    pub fn kind(&self) -> u8 {
        self.kind
    }

    /// Bytes that it keeps in memory.
    #[must_use]
    pub fn len(&self) -> usize {
        self.payload.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.payload.is_empty()
    }
}
