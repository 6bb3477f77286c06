//! What happens to keys, on its way to those who listen: keyspace notifications, published on channels of this node,
//! and clients' caches.

use super::{ConfigCell, PubSub, Tracking};
use crate::config::EventClasses;
use crate::store::Observer;
use std::sync::Arc;

/// Publishes events. They stay on their node: every node has its own clients' commands, and notices by itself what
/// expires.
pub struct Notifier {
    pub config: Arc<ConfigCell>,
    pub pubsub: Arc<PubSub>,
    pub tracking: Arc<Tracking>,
}

impl Observer for Notifier {
    fn event(&self, _class: EventClasses, event: &'static str, db: u16, key: &[u8]) {
        if !self.pubsub.any() {
            return;
        }
        let config = self.config.get();
        let (channels, limit) =
            (config.notify_keyspace_events, config.client_output_buffer_limit.pubsub);
        if channels.has(EventClasses::KEYSPACE) {
            let channel = [format!("__keyspace@{db}__:").as_bytes(), key].concat();
            self.pubsub.publish(&channel, event.as_bytes(), limit);
        }
        if channels.has(EventClasses::KEYEVENT) {
            let channel = format!("__keyevent@{db}__:{event}");
            self.pubsub.publish(channel.as_bytes(), key, limit);
        }
    }

    fn changed(&self, key: &[u8], by: u64) {
        self.tracking.changed(key, by);
    }

    fn all_changed(&self) {
        self.tracking.all_changed();
    }
}
