//! What a connection is woken for, besides its socket.

use crate::node::{ClientHandle, Node};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::futures::Notified;

/// Watches for whoever calls a connection: to kill it, to send it something, or because the server
/// stops.
pub struct Attention<'c> {
    node: &'c Node,
    client: &'c ClientHandle,
    /// Registered once and kept: waiting again costs nothing.
    notified: Pin<Box<Notified<'c>>>,
}

impl<'c> Attention<'c> {
    pub fn new(node: &'c Node, client: &'c ClientHandle) -> Attention<'c> {
        Attention { node, client, notified: Box::pin(client.wake.notified()) }
    }

    /// Ready when the connection was called, for whatever reason.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let called = self.notified.as_mut().poll(context);
        if called.is_ready() {
            self.notified.set(self.client.wake.notified());
        }
        called
    }

    /// Whether the connection has to end.
    pub fn must_end(&self) -> bool {
        self.client.killed() || self.node.shutdown.requested().is_some()
    }

    /// Ready when the connection has to end.
    pub fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.poll(context).is_ready() {
            if self.must_end() {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }
}
