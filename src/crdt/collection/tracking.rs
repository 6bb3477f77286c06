//! What a node that has peers keeps about a collection besides its members.

use super::Value;
use super::member::{Dot, DotLife, Member};
use crate::base::{Name, Replica, Stamp, Tag};
use crate::crdt::{Own, ReplicaMap};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// What a part promises: all dots of `replica` with a stamp after `since` up to `upto`. So it
/// follows on the part that ended at `since`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    pub replica: Replica,
    pub since: Stamp,
    pub upto: Stamp,
}

/// Members that this node changed and has not yet handed to its stream.
#[derive(Clone, Debug)]
pub(super) enum Fresh {
    Names(Vec<Name>),
    /// More changes than members.
    All,
}

impl Default for Fresh {
    fn default() -> Self {
        Fresh::Names(Vec::new())
    }
}

/// So many notes are kept as they come.
const BEFORES_MIN: usize = 16;

#[derive(Clone, Debug, Default)]
pub(super) struct Tracking {
    /// Of a part that is told to others.
    pub chain: Option<Chain>,
    /// Every dot of the replica up to that stamp is known here, if only as forgotten.
    pub seen: ReplicaMap<Stamp>,
    fresh: Fresh,
    /// What this node alone had contributed to the values of members before it changed them; of one, the
    /// first counts. Of a part that is told: each once.
    pub befores: Vec<(Name, Own)>,
    /// So many are sorted.
    befores_sorted: usize,
    /// Up to where this node's own dots were handed to its stream.
    handed: Tag,
    digest: u64,
    /// What is dead of members that are in: how many dots and values, and the sum of a hash of each.
    scars: usize,
    scar_digest: u64,
}

impl Tracking {
    /// The sum of a hash of the latest dot of each member that is in, whatever their order.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    pub fn has_scars(&self) -> bool {
        self.scars > 0
    }

    /// Another number whenever another dot of a member that is in is dead.
    pub fn scar_digest(&self) -> u64 {
        self.scar_digest
    }

    pub fn seen(&self, replica: Replica) -> Stamp {
        self.seen.get(replica).copied().unwrap_or_default()
    }

    /// Whether the replica `me` changes something for the first time in this run.
    pub fn is_first(&self, me: Replica) -> bool {
        self.handed.replica != me
    }

    /// Up to `told` the replica `me` had added in an earlier run, and told it then.
    pub fn begin_chain(&mut self, me: Replica, told: Stamp) {
        self.handed = Tag::new(self.seen(me).max(told), me);
    }

    pub fn raise_seen(&mut self, replica: Replica, upto: Stamp) {
        if upto > Stamp::NEVER {
            let seen = self.seen.get_or_insert_with(replica, || Stamp::NEVER);
            *seen = upto.max(*seen);
        }
    }

    pub fn join_seen(&mut self, seen: &ReplicaMap<Stamp>) {
        self.seen.merge_with(seen, |mine, theirs| *mine = (*mine).max(*theirs));
    }

    /// Takes note of what another state told. False when it does not follow on what is known here:
    /// something of it was missed.
    pub fn learn(&mut self, other: &Tracking) -> bool {
        self.join_seen(&other.seen);
        let Some(chain) = other.chain else { return true };
        let follows = self.seen(chain.replica) >= chain.since;
        if follows {
            self.raise_seen(chain.replica, chain.upto);
        }
        follows
    }

    /// A member as it is from now on, among those that are in.
    pub fn enter<V: Value>(&mut self, name: &[u8], member: &Member<V>) {
        self.digest = self.digest.wrapping_add(digest_of(name, member));
        self.scars += member.scars();
        self.scar_digest = self.scar_digest.wrapping_add(digest_of_scars(name, member));
    }

    /// A member as it was, before it changes or goes.
    pub fn leave<V: Value>(&mut self, name: &[u8], member: &Member<V>) {
        self.digest = self.digest.wrapping_sub(digest_of(name, member));
        self.scars -= member.scars();
        self.scar_digest = self.scar_digest.wrapping_sub(digest_of_scars(name, member));
    }

    /// Bytes of heap that it takes, itself included.
    pub fn heap_bytes(&self) -> usize {
        let fresh = match &self.fresh {
            Fresh::Names(names) => names.capacity() * size_of::<Name>(),
            Fresh::All => 0,
        };
        let befores = self.befores.capacity() * size_of::<(Name, Own)>();
        size_of::<Tracking>() + self.seen.heap_bytes() + fresh + befores
    }

    /// No member is in any more.
    pub fn leave_all(&mut self) {
        self.digest = 0;
        self.heal();
    }

    /// The dead dots of members that are in are dropped.
    pub fn heal(&mut self) {
        self.scars = 0;
        self.scar_digest = 0;
    }

    /// Whether the member was noted last, and nothing was handed over since.
    pub fn is_noted_last(&self, name: &[u8]) -> bool {
        self.befores.last().is_some_and(|(last, _)| **last == *name)
    }

    /// What this node had contributed to a member that it is about to change.
    pub fn note_before(&mut self, name: &[u8], own: Own) {
        self.befores.push((Name::from_slice(name), own));
        // One that changes again and again stands here as often.
        if self.befores.len() > 2 * self.befores_sorted.max(BEFORES_MIN) {
            self.sort_befores();
        }
    }

    fn sort_befores(&mut self) {
        // Stable: of one member the first stays first.
        self.befores.sort_by(|(one, _), (other, _)| one.cmp(other));
        self.befores.dedup_by(|(later, _), (first, _)| later == first);
        self.befores_sorted = self.befores.len();
    }

    /// Those notes, each member once, which takes them.
    pub fn take_befores(&mut self) -> Vec<(Name, Own)> {
        self.sort_befores();
        self.befores_sorted = 0;
        std::mem::take(&mut self.befores)
    }

    /// This node changed a member of a collection that knows `known` names.
    pub fn note(&mut self, name: &[u8], known: usize) {
        let Fresh::Names(names) = &mut self.fresh else { return };
        if names.last().is_some_and(|last| **last == *name) {
            return;
        }
        if names.len() >= known {
            self.fresh = Fresh::All;
        } else {
            names.push(Name::from_slice(name));
        }
    }

    /// Nobody has been told anything yet.
    pub fn note_all(&mut self) {
        self.fresh = Fresh::All;
    }

    /// What is to be handed to the stream of `me`, which takes it.
    pub fn hand_over(&mut self, me: Replica) -> (Fresh, Chain) {
        let before = self.handed;
        let upto = self.seen(me);
        self.handed = Tag::new(upto, me);
        let since = if before.replica == me { before.stamp } else { Stamp::NEVER };
        (std::mem::take(&mut self.fresh), Chain { replica: me, since, upto })
    }
}

/// Stable between processes. Of several live dots the latest, and those without a deadline: a member that
/// had expired, and was added again, has lost the earlier ones where it had been collected meanwhile.
pub(super) fn digest_of<V: Value>(name: &[u8], member: &Member<V>) -> u64 {
    let Some(latest) = member.latest() else { return 0 };
    let (seed, all) = (xxh3_64(name), member.dots().iter());
    let counted = all.filter(|dot| *dot == latest || dot.life == DotLife::Live(None));
    let value = member.value.digest(seed);
    counted.fold(value, |sum: u64, dot| sum.wrapping_add(hash_dot(seed, dot)))
}

fn digest_of_scars<V: Value>(name: &[u8], member: &Member<V>) -> u64 {
    if member.scars() == 0 {
        return 0;
    }
    let seed = xxh3_64(name);
    let dead = member.dots().iter().filter(|dot| !dot.is_live());
    let value = match member.value.tombstones_mark() {
        0 => 0,
        mark => xxh3_64_with_seed(&mark.to_le_bytes(), seed),
    };
    dead.fold(value, |sum: u64, dot| sum.wrapping_add(hash_dot(seed, dot)))
}

fn hash_dot(seed: u64, dot: &Dot) -> u64 {
    let (has_deadline, at_ms) = match dot.life {
        DotLife::Live(Some(at_ms)) => (1, at_ms),
        DotLife::Live(None) | DotLife::Dead => (0, 0),
    };
    let mut bytes = [0; 25];
    bytes[..4].copy_from_slice(&dot.replica.node.to_le_bytes());
    bytes[4..8].copy_from_slice(&dot.replica.epoch.to_le_bytes());
    bytes[8..16].copy_from_slice(&dot.stamp.0.to_le_bytes());
    bytes[16..24].copy_from_slice(&at_ms.to_le_bytes());
    bytes[24] = has_deadline;
    xxh3_64_with_seed(&bytes, seed)
}
