//! A peer's socket as a sequence of frames, and the handshake on it.

use super::outbox::Outbox;
use crate::replication::handshake::{
    Acceptor, Dialler, HANDSHAKE_LIMIT_BYTES, HandshakeError, Proven, Rejected,
};
use crate::replication::{
    Fault, Frame, FrameError, FrameReader, Greeting, Refusal, Resume, SealedFrame,
};
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How much is read at once.
const READ_BYTES: usize = 64 << 10;

/// Why a connection has ended.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("no answer in time")]
    Slow,
    #[error("the peer has closed it")]
    Closed,
    #[error("{0}")]
    Frame(#[from] FrameError),
    #[error("{0}")]
    Handshake(#[from] HandshakeError),
    #[error("{0}")]
    Unwanted(#[from] Refusal),
    #[error("{0}")]
    Fault(#[from] Fault),
    #[error("data from a peer that accepted: it has nothing to say")]
    OutOfTurn,
    /// The engine's word.
    #[error("{0}")]
    Told(String),
}

impl LinkError {
    /// Whether it is nobody's fault: an operator may name this node too, or a node by two addresses.
    pub fn is_usual(&self) -> bool {
        matches!(
            self,
            LinkError::Unwanted(Refusal::Myself | Refusal::Superseded)
                | LinkError::Handshake(HandshakeError::Refused(
                    Refusal::Myself | Refusal::Superseded
                ))
        )
    }
}

/// A peer's socket.
pub struct Wire {
    stream: TcpStream,
    reader: FrameReader,
    outbox: Outbox,
}

impl Wire {
    /// For a handshake.
    pub fn new(stream: TcpStream) -> Wire {
        let reader = FrameReader::new(HANDSHAKE_LIMIT_BYTES);
        Wire { stream, reader, outbox: Outbox::default() }
    }

    /// From now on reads payloads of so many bytes.
    pub fn set_limit(&mut self, limit_bytes: usize) {
        self.reader.set_limit(limit_bytes);
    }

    /// For who only writes from now on: the socket, and what numbers the frames.
    pub fn into_parts(self) -> (TcpStream, Outbox) {
        (self.stream, self.outbox)
    }

    pub async fn send(&mut self, frame: &SealedFrame) -> Result<(), LinkError> {
        self.outbox.push(frame);
        Ok(self.stream.write_all_buf(&mut self.outbox).await?)
    }

    /// The next frame.
    pub async fn receive(&mut self) -> Result<Frame, LinkError> {
        loop {
            if let Some(frame) = self.read_frame()? {
                return Ok(frame);
            }
            self.fill().await?;
        }
    }

    /// A frame that has come whole.
    pub fn read_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        self.reader.next_frame()
    }

    /// Waits until more has come; returns how many bytes.
    pub async fn fill(&mut self) -> Result<usize, LinkError> {
        let buffer = self.reader.buffer();
        buffer.reserve(READ_BYTES);
        match self.stream.read_buf(buffer).await? {
            0 => Err(LinkError::Closed),
            count => Ok(count),
        }
    }

    /// The dialler's handshake: who has let this node in, and from where to go on.
    pub async fn introduce(&mut self, dialler: Dialler) -> Result<(Greeting, Resume), LinkError> {
        self.send(&dialler.hello()).await?;
        let (challenged, proof) = dialler.challenged(&self.receive().await?)?;
        self.send(&proof).await?;
        Ok(challenged.answered(&self.receive().await?)?)
    }

    /// The acceptor's handshake, up to where the peer has proven the secret.
    pub async fn examine(&mut self, acceptor: Acceptor) -> Result<Proven, LinkError> {
        let greeted = acceptor.greeted(&self.receive().await?);
        let (greeted, challenge) = self.unless_rejected(greeted).await?;
        self.send(&challenge).await?;
        let proven = greeted.proven(&self.receive().await?);
        self.unless_rejected(proven).await
    }

    async fn unless_rejected<T>(&mut self, step: Result<T, Rejected>) -> Result<T, LinkError> {
        match step {
            Ok(next) => Ok(next),
            Err(Rejected { error, reply }) => {
                if let Some(reply) = reply {
                    self.send(&reply).await?;
                }
                Err(error.into())
            }
        }
    }
}
