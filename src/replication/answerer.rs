//! Answers to a peer that compares its state with this node's.

use super::batch::{Deltas, Of, StatesHead};
use super::collector::{Collector, Keys};
use super::message::{Answer, Ask, KIND_STATES, Message, Question, Reply};
use super::{SealedFrame, Vector};
use crate::base::{Name, Stamp};
use crate::crdt::Key;
use crate::store::{Keyspace, SlotSet};

/// Entries that one page looks at.
const PAGE_SCAN: usize = 16_384;
/// Bytes of states in an answer, about.
const ANSWER_BYTES: usize = 1 << 20;

/// What this node remembers between a peer's questions.
#[derive(Debug, Default)]
pub struct Answerer {
    round: u64,
    /// What the asker held when the round began.
    holds: Vector,
    /// The names on the page that was answered last.
    page: Vec<(u16, Name)>,
    graves: Vec<Keys>,
}

/// An answer.
pub enum Given {
    Reply(Reply),
    States { deltas: Deltas, of: Of },
}

impl Given {
    /// The answer as a frame; `may`: what the states in it are contained in.
    #[must_use]
    pub fn seal(self, round: u64, may: &Vector) -> SealedFrame {
        match self {
            Given::Reply(what) => Message::Answer(Answer { round, what }).seal(),
            Given::States { deltas, of } => {
                let head = StatesHead { round, of, may: may.clone(), states: deltas.count() };
                SealedFrame::new(KIND_STATES, deltas.finish(&head))
            }
        }
    }
}

impl Answerer {
    /// Whether the question is the first one after the dead.
    #[must_use]
    pub fn wants_graves(&self, ask: &Ask) -> bool {
        ask.round == self.round && matches!(ask.what, Question::Tombstones { from: 0 })
    }

    /// Takes note of the keys with tombstones that the asker has not confirmed.
    pub fn take_graves(&mut self, collector: &Collector) {
        self.graves = collector.unconfirmed_by(&self.holds).cloned().collect();
    }

    /// Answers a question; `None` when it is of another round. `holds`: what this node holds.
    pub fn answer(
        &mut self,
        ask: &Ask,
        keyspace: &Keyspace,
        holds: &Vector,
        now_ms: u64,
    ) -> Option<Given> {
        if let Question::Named { keys } = &ask.what {
            return Some(named(keys, keyspace, now_ms));
        }
        if let Question::Roots { holds: theirs } = &ask.what {
            *self = Answerer { round: ask.round, holds: theirs.clone(), ..Answerer::default() };
            return Some(Given::Reply(roots(keyspace, holds)));
        }
        if ask.round != self.round {
            return None;
        }
        Some(match &ask.what {
            Question::Slots { db } => Given::Reply(slots(*db, keyspace)),
            Question::Keys { db, slots, from } => {
                Given::Reply(self.keys(*db, slots, *from, keyspace, now_ms))
            }
            Question::States { positions } => self.states(positions, keyspace, now_ms),
            Question::Tombstones { from } => self.tombstones(*from, keyspace, now_ms),
            Question::Roots { .. } | Question::Named { .. } => return None,
        })
    }

    fn keys(
        &mut self,
        db: u16,
        slots: &[u16],
        from: u64,
        keyspace: &Keyspace,
        now_ms: u64,
    ) -> Reply {
        let slots: SlotSet = slots.iter().copied().collect();
        let (mut fingerprints, page) = (Vec::new(), &mut self.page);
        page.clear();
        let mut list = |name: &[u8], fingerprint: u64| {
            fingerprints.push(fingerprint);
            page.push((db, Name::from_slice(name)));
        };
        let next = keyspace.walk(db, &slots, from, PAGE_SCAN, now_ms, &mut list);
        Reply::Keys { fingerprints, next }
    }

    fn states(&self, positions: &[u32], keyspace: &Keyspace, now_ms: u64) -> Given {
        let named = positions.iter().map(|at| {
            // A position that is not on the page names nothing.
            self.page.get(*at as usize).map_or((0, &b""[..]), |(db, name)| (*db, &**name))
        });
        let state = |db, name: &[u8]| keyspace.state(db, name);
        let (deltas, answered) = states(named, ANSWER_BYTES, now_ms, state);
        Given::States { deltas, of: Of::Page { answered } }
    }

    fn tombstones(&self, from: u32, keyspace: &Keyspace, now_ms: u64) -> Given {
        let all = self.graves.iter().flat_map(|keys| keys.iter());
        let rest = all.skip(from as usize).map(|buried| (buried.db, &*buried.name));
        let dead = |db, name: &[u8]| keyspace.tombstones_of(db, name, now_ms);
        let (deltas, answered) = states(rest, ANSWER_BYTES, now_ms, dead);
        let total: usize = self.graves.iter().map(|keys| keys.len()).sum();
        let next = Some(from + answered).filter(|next| (*next as usize) < total);
        Given::States { deltas, of: Of::Tombstones { next } }
    }
}

/// The states of as many keys as fit, and how many were gone through.
fn states<'n>(
    named: impl Iterator<Item = (u16, &'n [u8])>,
    max_bytes: usize,
    now_ms: u64,
    state: impl Fn(u16, &[u8]) -> Option<Key>,
) -> (Deltas, u32) {
    let mut deltas = Deltas::new(Stamp::at_ms(now_ms));
    let mut answered = 0;
    for (db, name) in named {
        if deltas.bytes() >= max_bytes {
            break;
        }
        answered += 1;
        if let Some(state) = state(db, name) {
            deltas.push(db, name, &state);
        }
    }
    (deltas, answered)
}

fn named(keys: &[(u16, Vec<u8>)], keyspace: &Keyspace, now_ms: u64) -> Given {
    let named = keys.iter().map(|(db, name)| (*db, &name[..]));
    let state = |db, name: &[u8]| {
        let exists = keyspace.has_database(db);
        exists.then(|| keyspace.state(db, name)).flatten()
    };
    let (deltas, answered) = states(named, ANSWER_BYTES, now_ms, state);
    Given::States { deltas, of: Of::Named { answered } }
}

fn roots(keyspace: &Keyspace, holds: &Vector) -> Reply {
    let databases = keyspace.databases_in_use().into_iter();
    let roots = databases.map(|db| (db, keyspace.root(db))).collect();
    Reply::Roots { roots, holds: holds.clone() }
}

fn slots(db: u16, keyspace: &Keyspace) -> Reply {
    let digests = keyspace.slot_digests(db).into_iter().enumerate();
    let used = digests.filter(|(_, digest)| *digest != 0);
    Reply::Slots { slots: used.map(|(slot, digest)| (slot as u16, digest)).collect() }
}
