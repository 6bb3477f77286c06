//! Messages of channels: from this node's publishers to every peer that can be reached, and from peers to this
//! node's subscribers. What comes from a peer is not passed on: every node tells all others itself.

use super::shared::{Link, Shared};
use super::wire::LinkError;
use crate::node::Space;
use crate::replication::message::KIND_POSTS;
use crate::replication::{Fault, Post, SealedFrame};
use std::sync::atomic::Ordering::Relaxed;

/// Hands what waits to the connections.
pub fn send(shared: &Shared) {
    let posts = &shared.cluster.posts;
    let waiting = posts.take();
    let (links, peers) = shared.engine(|engine, _, _| (engine.links_out(), engine.peer_count()));
    if waiting.messages == 0 || peers == 0 {
        return;
    }
    let frame = SealedFrame::new(KIND_POSTS, waiting.frame);
    let taken = links.into_iter().filter(|link| shared.post(*link, &frame)).count() as u64;
    let missed = (peers as u64).saturating_sub(taken);
    posts.sent.fetch_add(taken * waiting.messages, Relaxed);
    posts.dropped.fetch_add(missed * waiting.messages, Relaxed);
}

/// Takes in a frame of a peer.
pub fn receive(link: &Link, payload: &[u8]) -> Result<(), LinkError> {
    let shared = &link.shared;
    let posts = Post::read_all(payload).map_err(|malformed| Fault::Malformed(malformed.0))?;
    shared.engine(|engine, _, now| engine.heard(link.id, now))?;
    shared.cluster.posts.received.fetch_add(posts.len() as u64, Relaxed);
    for post in posts {
        let space = if post.is_sharded { Space::ShardChannels } else { Space::Channels };
        shared.node.publish_here(space, post.channel, post.payload);
    }
    Ok(())
}
