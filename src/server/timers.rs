//! What the server does by the clock.

use crate::command::blocking;
use crate::config::Config;
use crate::metrics::memory;
use crate::node::clock::unix_ms;
use crate::node::{ClientHandle, Node};
use crate::store::Room;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

/// Entries that are looked at between two looks at the clock.
const STEP_ENTRIES: usize = 1000;
/// How often the rate of commands is measured.
const SAMPLE: Duration = Duration::from_millis(100);
/// How often garbage is looked for.
const GARBAGE: Duration = Duration::from_millis(100);
/// How often it is looked whether the script has ended that holds up who waits for keys.
const SERVING: Duration = Duration::from_millis(10);
/// How often idle clients are looked for.
const IDLE_CHECK: Duration = Duration::from_secs(1);

/// Has the keyspace remove what has expired and what has no room, `hz` times a second, for at most the
/// part of the time that `active-expire-effort` allows (Redis's: a quarter, and 2 % more for each step).
pub async fn expire(node: Arc<Node>) {
    loop {
        let config = node.config();
        let period = Duration::from_secs(1) / config.hz.max(1);
        let begun = Instant::now();
        let percent = 25 + 2 * config.active_expire_effort.saturating_sub(1);
        let end = begun + period * percent / 100;
        if node.active_expiry.load(Relaxed) {
            expire_until(&node, end);
        }
        if config.maxmemory_bytes != 0 {
            evict_until(&node, &config, end);
        }
        sleep(period.saturating_sub(begun.elapsed())).await;
    }
}

/// Goes on with what the commands have left of an eviction.
fn evict_until(node: &Node, config: &Config, end: Instant) {
    while node.make_room(config, unix_ms(), false) == Room::Unfinished && Instant::now() < end {}
}

fn expire_until(node: &Node, end: Instant) {
    let begun = Instant::now();
    let mut more = true;
    while more && Instant::now() < end {
        more = node.keyspace.expire(unix_ms(), STEP_ENTRIES) >= STEP_ENTRIES;
    }
    node.background.looked_for_expired(begun.elapsed(), more);
}

/// Serves those who wait for keys that a peer has told of, that a pause held up, or that a thread without
/// clients has changed; mostly those who changed them have done so already.
pub async fn serve_waiting(node: Arc<Node>) {
    loop {
        poll_fn(|context| node.keyspace.bell().poll_rung(context)).await;
        node.pause.ended(true).await;
        blocking::serve(&node);
        if node.keyspace.bell().is_rung() {
            // A script runs.
            sleep(SERVING).await;
        }
    }
}

/// Frees what UNLINK and FLUSHALL ASYNC have left, on a thread that nobody waits for.
pub async fn free_garbage(node: Arc<Node>) {
    let mut ticks = interval(GARBAGE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        if node.keyspace.garbage_waiting() > 0 {
            let node = node.clone();
            let freed = tokio::task::spawn_blocking(move || node.keyspace.free_garbage()).await;
            if let Err(error) = freed {
                tracing::error!("Memory could not be freed: {error}");
            }
        }
    }
}

/// Feeds the figures of INFO that are about time.
pub async fn sample(node: Arc<Node>) {
    let mut ticks = interval(SAMPLE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        node.stats.sample(unix_ms());
        node.tokens.counted(node.keyspace.tokens());
        let limit_bytes = node.config().maxmemory_bytes;
        let counted_bytes = memory::used_bytes().saturating_sub(node.log_buffer_bytes());
        let over = limit_bytes != 0 && counted_bytes > limit_bytes;
        node.background.memory_is_over_limit(over, std::time::Instant::now());
    }
}

/// Closes clients that said nothing for longer than `timeout`.
pub async fn close_idle(node: Arc<Node>) {
    let mut ticks = interval(IDLE_CHECK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        let timeout_s = node.config().timeout_s;
        if timeout_s != 0 {
            close_idle_for(&node, u64::from(timeout_s) * 1000);
        }
    }
}

fn close_idle_for(node: &Node, timeout_ms: u64) {
    let now_ms = unix_ms();
    for client in node.clients.all() {
        if is_idle(&client, now_ms, timeout_ms) {
            tracing::debug!("Closing idle client {}", client.addr);
            client.kill();
        }
    }
}

/// Monitors and subscribers only listen, and a client that waits for a pause to end is not idle.
fn is_idle(client: &ClientHandle, now_ms: u64, timeout_ms: u64) -> bool {
    use crate::node::clients::flag::{BLOCKED, MONITOR, PUBSUB};
    let last_ms = client.activity.last_interaction_ms.load(Relaxed);
    now_ms.saturating_sub(last_ms) > timeout_ms && !client.has(MONITOR | BLOCKED | PUBSUB)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::NewClient;
    use crate::node::clients::flag;

    #[test]
    fn only_who_could_speak_is_idle() {
        let new = NewClient {
            addr: String::new(),
            laddr: String::new(),
            unix_socket: false,
            created_ms: 1000,
        };
        let client = ClientHandle::new(1, new);
        assert!(!is_idle(&client, 3000, 2000));
        assert!(is_idle(&client, 3001, 2000));
        // The clock was set back.
        assert!(!is_idle(&client, 10, 2000));
        for listens in [flag::MONITOR, flag::PUBSUB] {
            client.set_flag(listens, true);
            assert!(!is_idle(&client, 3001, 2000));
            client.set_flag(listens, false);
        }
    }
}
