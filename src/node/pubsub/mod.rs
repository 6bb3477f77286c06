//! Channels: who hears what is published.
//!
//! A publisher leaves its message in the inbox of each subscriber and goes on; it waits for none of them.
//! While it does so it holds the part of the table in which the channel is, so all that hear a channel hear its
//! messages in one order. Nothing here waits, and no other lock is taken but those of inboxes: so whoever holds
//! keys may publish.

mod channels;
mod message;
mod patterns;
mod subscriptions;

pub use subscriptions::{Space, Subscriptions};

use super::clients::flag;
use super::{ClientHandle, Node};
use crate::config::BufferLimit;
use crate::replication::Post;
use channels::Channels;
use indexmap::IndexMap;
use message::Encoded;
use patterns::Patterns;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Clients by their ids.
type Subscribers = IndexMap<u64, Arc<ClientHandle>, foldhash::fast::FixedState>;

/// All subscriptions of a node.
#[derive(Default)]
pub struct PubSub {
    channels: Channels,
    /// Of SSUBSCRIBE: names of their own.
    shard_channels: Channels,
    patterns: Patterns,
    /// How many clients have any subscription.
    clients: AtomicUsize,
}

impl PubSub {
    /// From now on `client` hears `name`; false: it did already.
    pub fn subscribe(&self, space: Space, name: &[u8], client: &Arc<ClientHandle>) -> bool {
        client.open_inbox();
        let Some(name) = client.subscriptions().add(space, name) else { return false };
        if !client.has(flag::PUBSUB) {
            client.set_flag(flag::PUBSUB, true);
            self.clients.fetch_add(1, Relaxed);
        }
        match space {
            Space::Channels => self.channels.add(&name, client),
            Space::ShardChannels => self.shard_channels.add(&name, client),
            Space::Patterns => self.patterns.add(&name, client),
        }
        true
    }

    /// `client` does not hear `name` any more; false: it did not.
    pub fn unsubscribe(&self, space: Space, name: &[u8], client: &ClientHandle) -> bool {
        let was_there = client.subscriptions().remove(space, name);
        if was_there {
            match space {
                Space::Channels => self.channels.remove(name, client.id),
                Space::ShardChannels => self.shard_channels.remove(name, client.id),
                Space::Patterns => self.patterns.remove(name, client.id),
            }
            if client.subscriptions().is_empty() {
                client.set_flag(flag::PUBSUB, false);
                self.clients.fetch_sub(1, Relaxed);
            }
        }
        was_there
    }

    /// `client` hears nothing any more (RESET, or the connection is gone).
    pub fn leave(&self, client: &ClientHandle) {
        if !client.has(flag::PUBSUB) {
            return;
        }
        for space in Space::ALL {
            for name in client.subscriptions().names(space) {
                self.unsubscribe(space, &name, client);
            }
        }
    }

    /// Sends a message to who hears the channel; returns to how many. `limit`: how much may wait for each.
    pub fn publish(&self, channel: &[u8], payload: &[u8], limit: BufferLimit) -> usize {
        self.channels.with(channel, |subscribers| {
            let heard = subscribers.map_or(0, |subscribers| {
                deliver(subscribers, &mut Encoded::message("message", channel, payload), limit)
            });
            heard + self.patterns.publish(channel, payload, limit)
        })
    }

    /// The same of a shard channel, which no pattern matches.
    pub fn publish_to_shard(&self, channel: &[u8], payload: &[u8], limit: BufferLimit) -> usize {
        self.shard_channels.with(channel, |subscribers| {
            subscribers.map_or(0, |subscribers| {
                deliver(subscribers, &mut Encoded::message("smessage", channel, payload), limit)
            })
        })
    }

    /// Whether anybody hears any channel: a few relaxed loads.
    #[must_use]
    pub fn any(&self) -> bool {
        self.clients.load(Relaxed) != 0
    }

    /// How many clients hear anything.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.clients.load(Relaxed)
    }

    /// How many names of `space` somebody hears.
    #[must_use]
    pub fn count(&self, space: Space) -> usize {
        match space {
            Space::Channels => self.channels.len(),
            Space::ShardChannels => self.shard_channels.len(),
            Space::Patterns => self.patterns.len(),
        }
    }

    /// The channels (or shard channels) that somebody hears.
    #[must_use]
    pub fn names(&self, space: Space) -> Vec<Arc<[u8]>> {
        match space {
            Space::ShardChannels => self.shard_channels.names(),
            _ => self.channels.names(),
        }
    }

    /// How many hear a channel (or shard channel) by its name.
    #[must_use]
    pub fn subscribers(&self, space: Space, name: &[u8]) -> usize {
        let channels = match space {
            Space::ShardChannels => &self.shard_channels,
            _ => &self.channels,
        };
        channels.with(name, |subscribers| subscribers.map_or(0, Subscribers::len))
    }
}

fn deliver(subscribers: &Subscribers, message: &mut Encoded<'_>, limit: BufferLimit) -> usize {
    for client in subscribers.values() {
        client.push_within(message.of(client.protocol()), limit);
    }
    subscribers.len()
}

impl Node {
    /// Sends a message to the subscribers of this node, and returns to how many; and to those of the other nodes,
    /// as far as they can be reached.
    pub fn publish(&self, space: Space, channel: &[u8], payload: &[u8]) -> usize {
        if let Some(cluster) = &self.cluster {
            cluster.posts.push(Post {
                is_sharded: space == Space::ShardChannels,
                channel,
                payload,
            });
        }
        self.publish_here(space, channel, payload)
    }

    /// The same without the other nodes.
    pub fn publish_here(&self, space: Space, channel: &[u8], payload: &[u8]) -> usize {
        if !self.pubsub.any() {
            return 0;
        }
        let limit = self.config().client_output_buffer_limit.pubsub;
        match space {
            Space::ShardChannels => self.pubsub.publish_to_shard(channel, payload, limit),
            _ => self.pubsub.publish(channel, payload, limit),
        }
    }
}

#[cfg(test)]
mod tests;
