//! A connection that a peer has made: it sends, this node receives.

use super::dial::set_options;
use super::door::Stranger;
use super::posts;
use super::shared::{Link, Shared};
use super::wire::{LinkError, Wire};
use crate::replication::Frame;
use crate::replication::batch::FRAME_BYTES_MAX;
use crate::replication::handshake::{Acceptor, HandshakeError};
use crate::replication::message::KIND_POSTS;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::yield_now;
use tokio::time::timeout;

/// A peer that takes longer to say who it is, is none.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// The connection's whole life.
pub async fn serve(shared: Rc<Shared>, stranger: Stranger) {
    let Stranger { stream, from, place } = stranger;
    if let Err(error) = set_options(&stream, &shared.node.config()) {
        tracing::debug!("Cannot set up the connection from {from}: {error}");
    }
    let mut wire = Wire::new(stream);
    let admitted = match timeout(HANDSHAKE, admit(&shared, &mut wire)).await {
        Ok(admitted) => admitted,
        Err(_) => Err(LinkError::Slow),
    };
    drop(place);
    let who = format!("from {}", from.ip());
    match admitted {
        Ok(link) => {
            shared.troubles.borrow_mut().clear(&who);
            link.tell_begin(&format!(" (from {from})"));
            let reason = receive_until_closed(&link, &mut wire).await;
            link.tell_end(&reason);
        }
        Err(error) => tell_refused(&shared, &who, from, &error),
    }
}

/// Strangers are many and their mistakes are dull; who nearly is a peer is worth a line.
fn tell_refused(shared: &Shared, who: &str, from: SocketAddr, error: &LinkError) {
    let is_near = matches!(
        error,
        LinkError::Unwanted(_)
            | LinkError::Handshake(HandshakeError::Secret | HandshakeError::Version { .. })
    );
    if is_near && !error.is_usual() && shared.troubles.borrow_mut().is_news(who, &error.to_string())
    {
        tracing::warn!("Refused a peer at {from}: {error}");
    } else {
        tracing::debug!("Refused a connection from {from}: {error}");
    }
}

/// Up to where the peer may send.
async fn admit(shared: &Rc<Shared>, wire: &mut Wire) -> Result<Link, LinkError> {
    let config = shared.node.config();
    let acceptor = Acceptor::new(config.cluster_secret.as_bytes(), rand::random());
    let proven = wire.examine(acceptor).await?;
    let (id, peer) = (shared.next_link(), proven.peer());
    let title = format!("From peer {:08x} ({})", peer.node, peer.address.escape_debug());
    let answer = shared.engine(|engine, _, now| {
        // As it was before the peer was let in: whom it had met then.
        let greeting = engine.greeting();
        Ok((greeting, engine.accept(id, peer.clone(), now)?))
    });
    match answer {
        Ok((greeting, resume)) => {
            let link = Link::new(shared.clone(), id, false, title, &config);
            wire.send(&proven.welcome(greeting, resume)).await?;
            wire.set_limit(FRAME_BYTES_MAX);
            // There is somebody to drain for now.
            shared.cluster.wake.notify_one();
            Ok(link)
        }
        Err(refusal) => {
            wire.send(&proven.refusal(&refusal)).await?;
            Err(refusal.into())
        }
    }
}

async fn receive_until_closed(link: &Link, wire: &mut Wire) -> LinkError {
    tokio::select! {
        reason = link.signals.closing() => LinkError::Told(reason),
        error = receive(link, wire) => error,
    }
}

async fn receive(link: &Link, wire: &mut Wire) -> LinkError {
    loop {
        if let Err(error) = receive_some(link, wire).await {
            return error;
        }
    }
}

/// What has come whole, then waits for more.
async fn receive_some(link: &Link, wire: &mut Wire) -> Result<(), LinkError> {
    while let Some(frame) = wire.read_frame()? {
        link.shared.room().await;
        take_in(link, &frame)?;
        // The merge may have taken a while, and others wait.
        yield_now().await;
    }
    let count = wire.fill().await?;
    link.shared.engine(|engine, _, now| engine.transferred(link.id, count as u64, now));
    Ok(())
}

fn take_in(link: &Link, frame: &Frame) -> Result<(), LinkError> {
    if frame.kind == KIND_POSTS {
        return posts::receive(link, &frame.payload);
    }
    let shared = &link.shared;
    shared.engine(|engine, keyspace, now| {
        engine.receive(keyspace, link.id, frame.kind, &frame.payload, now)
    })?;
    shared.wake_all();
    shared.cluster.confirmed.notify_waiters();
    shared.write_much();
    Ok(())
}
