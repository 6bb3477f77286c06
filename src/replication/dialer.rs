//! Which addresses to dial, and when again.

use rand::RngExt;
use rand::rngs::SmallRng;
use std::collections::BTreeMap;

/// After the first failure, doubled with every other one.
const BACKOFF_MIN_MS: u64 = 50;
const BACKOFF_MAX_MS: u64 = 500;
/// A dial that nothing is heard of is made again.
const DIAL_TIMEOUT_MS: u64 = 10_000;

/// An address that is dialled until a connection stands.
#[derive(Clone, Debug)]
struct Target {
    /// Who answered there last.
    node: Option<u32>,
    /// From the operator: kept for ever. Others go when their node does.
    seed: bool,
    next_ms: u64,
    backoff_ms: u64,
}

/// All addresses.
#[derive(Clone, Debug, Default)]
pub struct Dialer {
    targets: BTreeMap<String, Target>,
}

impl Dialer {
    pub fn add_seed(&mut self, address: &str) {
        self.add(address, None).seed = true;
    }

    /// The address of a member.
    pub fn add_member(&mut self, address: &str, node: u32) {
        self.add(address, Some(node)).node = Some(node);
    }

    /// A connection to the address stands; `node` answered.
    pub fn opened(&mut self, address: &str, node: u32) {
        if let Some(target) = self.targets.get_mut(address) {
            target.node = Some(node);
            target.backoff_ms = BACKOFF_MIN_MS;
            target.next_ms = 0;
        }
    }

    /// The address could not be reached, or refused.
    pub fn failed(&mut self, address: &str, now_ms: u64, rng: &mut SmallRng) {
        if let Some(target) = self.targets.get_mut(address) {
            let jitter_ms = rng.random_range(0..=target.backoff_ms / 2);
            target.next_ms = now_ms + target.backoff_ms + jitter_ms;
            target.backoff_ms = (target.backoff_ms * 2).min(BACKOFF_MAX_MS);
        }
    }

    /// The node can be reached: if it waits to be dialled again, it waits no longer.
    pub fn hurry(&mut self, node: u32, now_ms: u64) {
        let waits = |target: &&mut Target| {
            target.node == Some(node) && target.next_ms <= now_ms + 2 * BACKOFF_MAX_MS
        };
        self.targets.values_mut().filter(waits).for_each(|target| target.next_ms = 0);
    }

    /// Whether there is nobody to dial.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Nobody is to be dialled there any more, unless the operator said so.
    pub fn remove_node(&mut self, node: u32) {
        self.targets.retain(|_, target| target.seed || target.node != Some(node));
    }

    /// Everything is forgotten, seeds included.
    pub fn clear(&mut self) {
        self.targets.clear();
    }

    /// This node itself answers there.
    pub fn remove_address(&mut self, address: &str) {
        self.targets.remove(address);
    }

    /// What to dial now, of those whose node is not `connected`.
    pub fn due(&mut self, now_ms: u64, connected: impl Fn(u32) -> bool) -> Vec<String> {
        let mut due = Vec::new();
        for (address, target) in &mut self.targets {
            if target.next_ms <= now_ms && !target.node.is_some_and(&connected) {
                target.next_ms = now_ms + DIAL_TIMEOUT_MS;
                due.push(address.clone());
            }
        }
        due
    }

    fn add(&mut self, address: &str, node: Option<u32>) -> &mut Target {
        let new = || Target { node, seed: false, next_ms: 0, backoff_ms: BACKOFF_MIN_MS };
        self.targets.entry(address.to_owned()).or_insert_with(new)
    }
}
