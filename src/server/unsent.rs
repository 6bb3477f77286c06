//! Replies that a client has not taken yet.

use super::stream::Stream;
use crate::config::BufferLimit;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::AsyncWrite;
use tokio::time::{Sleep, sleep};

/// What waits to be sent to a client.
#[derive(Default)]
pub struct Unsent {
    bytes: Vec<u8>,
    sent: usize,
    /// Ends when more has waited than the soft limit allows for too long.
    over_soft_limit: Option<Pin<Box<Sleep>>>,
}

/// Why a client was given up.
#[derive(Debug)]
pub enum Stuck {
    /// More waits for it than client-output-buffer-limit allows.
    OverLimit,
    Io(io::Error),
}

impl Unsent {
    /// Puts `bytes`, of which the first `sent` are gone already, where nothing waits yet.
    pub fn begin(&mut self, bytes: Vec<u8>, sent: usize) {
        (self.bytes, self.sent) = (bytes, sent);
    }

    /// Puts `bytes` behind what waits.
    pub fn append(&mut self, bytes: &mut Vec<u8>) {
        // At most as much is moved as was sent, so a byte moves once on average.
        if self.sent > self.len() {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
        self.bytes.append(bytes);
    }

    pub fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Sends what the socket takes; ready when that is all. `behind_bytes`: what waits to be put behind it, which
    /// counts for the limit too.
    ///
    /// # Errors
    /// The client is to be closed; see [`Stuck`].
    pub fn poll_send(
        &mut self,
        context: &mut Context<'_>,
        stream: &mut Stream,
        limit: BufferLimit,
        behind_bytes: usize,
    ) -> Poll<Result<(), Stuck>> {
        while !self.is_empty() {
            self.check(context, limit, behind_bytes)?;
            let rest = self.bytes.get(self.sent..).unwrap_or_default();
            match ready!(Pin::new(&mut *stream).poll_write(context, rest)) {
                Ok(0) => return Poll::Ready(Err(Stuck::Io(io::ErrorKind::WriteZero.into()))),
                Ok(count) => self.sent += count,
                Err(error) => return Poll::Ready(Err(Stuck::Io(error))),
            }
        }
        *self = Unsent::default();
        Poll::Ready(Ok(()))
    }

    fn check(
        &mut self,
        context: &mut Context<'_>,
        limit: BufferLimit,
        behind_bytes: usize,
    ) -> Result<(), Stuck> {
        let waiting = (self.len() + behind_bytes) as u64;
        if limit.hard_bytes != 0 && waiting > limit.hard_bytes {
            return Err(Stuck::OverLimit);
        }
        if limit.soft_bytes == 0 || waiting <= limit.soft_bytes {
            self.over_soft_limit = None;
            return Ok(());
        }
        let patience = || Box::pin(sleep(Duration::from_secs(limit.soft_s.into())));
        let over = self.over_soft_limit.get_or_insert_with(patience);
        if over.as_mut().poll(context).is_ready() { Err(Stuck::OverLimit) } else { Ok(()) }
    }
}
