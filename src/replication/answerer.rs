//! Answers to a peer that compares its state with this node's.

use super::batch::{Deltas, Of, StatesHead};
use super::collector::Keys;
use super::message::{Answer, Ask, KIND_STATES, Message, Question, Reply};
use super::{SealedFrame, Vector};
use crate::base::{Name, Stamp};
use crate::store::{Keyspace, SlotSet};

/// Entries that one page looks at.
const PAGE_SCAN: usize = 16_384;
/// Bytes of states in an answer, about.
const ANSWER_BYTES: usize = 1 << 20;

/// What this node remembers between a peer's questions.
#[derive(Debug, Default)]
pub struct Answerer {
    round: u64,
    /// The names on the page that was answered last.
    page: Vec<(u16, Name)>,
    graves: Vec<Keys>,
}

/// What an answer is made of.
pub struct Source<'a> {
    pub keyspace: &'a Keyspace,
    pub now_ms: u64,
    pub holds: &'a Vector,
    pub may: &'a Vector,
}

impl Answerer {
    /// A round begins: `graves` are the keys with tombstones that the asker has not confirmed.
    pub fn begin(&mut self, round: u64, graves: Vec<Keys>) {
        *self = Answerer { round, page: Vec::new(), graves };
    }

    /// Answers a question; `None` when it is of another round.
    pub fn answer(&mut self, ask: &Ask, source: &Source<'_>) -> Option<SealedFrame> {
        if let Question::Named { keys } = &ask.what {
            let named = keys.iter().map(|(db, name)| (*db, &name[..]));
            let (deltas, _) = states(named, false, usize::MAX, source);
            return Some(seal(deltas, 0, Of::Named, source));
        }
        if ask.round != self.round {
            return None;
        }
        let round = ask.round;
        Some(match &ask.what {
            Question::Roots { .. } => roots(source).seal_as_answer(round),
            Question::Slots { db } => slots(*db, source).seal_as_answer(round),
            Question::Keys { db, slots, from } => {
                self.keys(*db, slots, *from, source).seal_as_answer(round)
            }
            Question::States { positions } => self.states(positions, source),
            Question::Tombstones { from } => self.tombstones(*from, source),
            Question::Named { .. } => return None,
        })
    }

    fn keys(&mut self, db: u16, slots: &[u16], from: u64, source: &Source<'_>) -> Reply {
        let slots: SlotSet = slots.iter().copied().collect();
        let (mut fingerprints, page) = (Vec::new(), &mut self.page);
        page.clear();
        let mut list = |name: &[u8], fingerprint: u64| {
            fingerprints.push(fingerprint);
            page.push((db, Name::from_slice(name)));
        };
        let next = source.keyspace.walk(db, &slots, from, PAGE_SCAN, source.now_ms, &mut list);
        Reply::Keys { fingerprints, next }
    }

    fn states(&self, positions: &[u32], source: &Source<'_>) -> SealedFrame {
        let named = positions.iter().map(|at| {
            // A position that is not on the page names nothing.
            self.page.get(*at as usize).map_or((0, &b""[..]), |(db, name)| (*db, &**name))
        });
        let (deltas, answered) = states(named, false, ANSWER_BYTES, source);
        seal(deltas, self.round, Of::Page { answered }, source)
    }

    fn tombstones(&self, from: u32, source: &Source<'_>) -> SealedFrame {
        let all = self.graves.iter().flat_map(|keys| keys.iter());
        let rest = all.skip(from as usize).map(|buried| (buried.db, &*buried.name));
        let (deltas, answered) = states(rest, true, ANSWER_BYTES, source);
        let total: usize = self.graves.iter().map(|keys| keys.len()).sum();
        let next = Some(from + answered).filter(|next| (*next as usize) < total);
        seal(deltas, self.round, Of::Tombstones { next }, source)
    }
}

/// The states of as many keys as fit, and how many were gone through.
fn states<'n>(
    named: impl Iterator<Item = (u16, &'n [u8])>,
    dead_only: bool,
    max_bytes: usize,
    source: &Source<'_>,
) -> (Deltas, u32) {
    let mut deltas = Deltas::new(Stamp::at_ms(source.now_ms));
    let mut answered = 0;
    for (db, name) in named {
        if deltas.bytes() >= max_bytes {
            break;
        }
        answered += 1;
        let state = match dead_only {
            true => source.keyspace.tombstones_of(db, name, source.now_ms),
            false => source.keyspace.state(db, name),
        };
        if let Some(state) = state {
            deltas.push(db, name, &state);
        }
    }
    (deltas, answered)
}

fn seal(deltas: Deltas, round: u64, of: Of, source: &Source<'_>) -> SealedFrame {
    let head = StatesHead { round, of, may: source.may.clone(), states: deltas.count() };
    SealedFrame::new(KIND_STATES, deltas.finish(&head))
}

fn roots(source: &Source<'_>) -> Reply {
    let databases = source.keyspace.databases_in_use().into_iter();
    let roots = databases.map(|db| (db, source.keyspace.root(db))).collect();
    Reply::Roots { roots, holds: source.holds.clone() }
}

fn slots(db: u16, source: &Source<'_>) -> Reply {
    let digests = source.keyspace.slot_digests(db).into_iter().enumerate();
    let used = digests.filter(|(_, digest)| *digest != 0);
    Reply::Slots { slots: used.map(|(slot, digest)| (slot as u16, digest)).collect() }
}

impl Reply {
    fn seal_as_answer(self, round: u64) -> SealedFrame {
        Message::Answer(Answer { round, what: self }).seal()
    }
}
