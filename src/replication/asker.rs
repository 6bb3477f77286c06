//! One round of comparing with a peer, by the node that pulls: roots of databases, digests of key
//! slots, fingerprints of keys, then the states that differ, then the dead.
//!
//! One question is open at a time, and each answer is bounded, so a round takes its time and leaves
//! clients theirs. Its cost is that of the slots that differ.

use super::message::{Ask, Message, Question, Reply};
use super::{SealedFrame, Vector};
use crate::store::{Keyspace, SlotSet};
use foldhash::fast::FixedState;
use std::collections::{HashSet, VecDeque};

/// Entries of its own that the asker looks at in one step.
const WALK_SCAN: usize = 16_384;

/// A round.
#[derive(Debug)]
pub struct Asker {
    round: u64,
    began_ms: u64,
    /// When the last step was made: monotonic ms.
    stepped_ms: u64,
    /// What the peer held when the round began: this node holds it when it ends.
    held: Vector,
    databases: VecDeque<u16>,
    /// This node had nothing, and the peer something.
    pulls_all: bool,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Roots,
    Slots {
        db: u16,
    },
    /// Looking through this node's own keys in the slots that differ.
    Walking {
        differing: Differing,
        from: u64,
    },
    Keys {
        differing: Differing,
    },
    States {
        differing: Differing,
        rest: VecDeque<u32>,
        next: Option<u64>,
    },
    Tombstones,
    Done,
}

/// The slots of a database that differ, and the fingerprints of this node's keys there.
#[derive(Debug)]
struct Differing {
    db: u16,
    slots: Vec<u16>,
    mine: HashSet<u64, FixedState>,
}

impl Asker {
    /// Begins a round; the frame is to be sent.
    #[must_use]
    pub fn begin(round: u64, holds: Vector, now_ms: u64) -> (Asker, SealedFrame) {
        let asker = Asker {
            round,
            began_ms: now_ms,
            stepped_ms: now_ms,
            held: Vector::new(),
            databases: VecDeque::new(),
            pulls_all: false,
            phase: Phase::Roots,
        };
        let frame = asker.ask(Question::Roots { holds });
        (asker, frame)
    }

    #[must_use]
    pub fn round(&self) -> u64 {
        self.round
    }

    #[must_use]
    pub fn stepped_ms(&self) -> u64 {
        self.stepped_ms
    }

    /// The answer is on its way.
    pub fn wait_on(&mut self, now_ms: u64) {
        self.stepped_ms = now_ms;
    }

    #[must_use]
    pub fn began_ms(&self) -> u64 {
        self.began_ms
    }

    /// Whether the round is about the whole state.
    #[must_use]
    pub fn pulls_all(&self) -> bool {
        self.pulls_all
    }

    /// When the round is over: what the peer held when it began.
    #[must_use]
    pub fn finished(&self) -> Option<&Vector> {
        matches!(self.phase, Phase::Done).then_some(&self.held)
    }

    /// The peer's answer; the next question, if it can be put already.
    pub fn answered(
        &mut self,
        reply: Reply,
        keyspace: &Keyspace,
        now_ms: u64,
    ) -> Option<SealedFrame> {
        self.stepped_ms = now_ms;
        let phase = std::mem::replace(&mut self.phase, Phase::Done);
        match (phase, reply) {
            (Phase::Roots, Reply::Roots { roots, holds }) => {
                self.held = holds;
                let differ = |(db, root): &(u16, u64)| *root != 0 && keyspace.root(*db) != *root;
                let had_any = keyspace.databases_in_use().iter().any(|db| keyspace.root(*db) != 0);
                self.pulls_all = !had_any && roots.iter().any(|(_, root)| *root != 0);
                self.databases =
                    roots.iter().filter(|root| differ(root)).map(|(db, _)| *db).collect();
                self.next_database()
            }
            (Phase::Slots { db }, Reply::Slots { slots: theirs }) => {
                let mine = keyspace.slot_digests(db);
                let differ = |(slot, digest): &&(u16, u64)| {
                    mine.get(usize::from(*slot)).is_some_and(|mine| mine != digest)
                };
                let slots = theirs.iter().filter(differ).map(|(slot, _)| *slot).collect();
                let mine = HashSet::default();
                self.phase = Phase::Walking { differing: Differing { db, slots, mine }, from: 0 };
                None
            }
            (Phase::Keys { differing }, Reply::Keys { fingerprints, next }) => {
                let lacking = fingerprints.iter().enumerate();
                let lacking = lacking.filter(|(_, print)| !differing.mine.contains(print));
                let rest = lacking.filter_map(|(at, _)| u32::try_from(at).ok()).collect();
                self.phase = Phase::States { differing, rest, next };
                self.next_states()
            }
            // An answer to something else: the round stalls, and is given up in time.
            (phase, _) => {
                self.phase = phase;
                None
            }
        }
    }

    /// States have come and are merged, `answered` of those asked for; the next question.
    pub fn states_merged(&mut self, answered: u32, now_ms: u64) -> Option<SealedFrame> {
        self.stepped_ms = now_ms;
        if let Phase::States { rest, .. } = &mut self.phase {
            rest.drain(..rest.len().min(answered as usize));
            return self.next_states();
        }
        None
    }

    /// The dead have come and are merged.
    pub fn tombstones_merged(&mut self, next: Option<u32>, now_ms: u64) -> Option<SealedFrame> {
        self.stepped_ms = now_ms;
        if !matches!(self.phase, Phase::Tombstones) {
            return None;
        }
        match next {
            Some(from) => Some(self.ask(Question::Tombstones { from })),
            None => {
                self.phase = Phase::Done;
                None
            }
        }
    }

    /// A step of looking through this node's own keys, if the round is there.
    pub fn walk(&mut self, keyspace: &Keyspace, wall_ms: u64, now_ms: u64) -> Option<SealedFrame> {
        let Phase::Walking { differing, from } = &mut self.phase else { return None };
        self.stepped_ms = now_ms;
        let slots: SlotSet = differing.slots.iter().copied().collect();
        let mine = &mut differing.mine;
        let mut list = |_: &[u8], fingerprint: u64| {
            mine.insert(fingerprint);
        };
        let next = match slots.is_empty() {
            true => None,
            false => keyspace.walk(differing.db, &slots, *from, WALK_SCAN, wall_ms, &mut list),
        };
        if let Some(next) = next {
            *from = next;
            return None;
        }
        let phase = std::mem::replace(&mut self.phase, Phase::Done);
        let Phase::Walking { differing, .. } = phase else { return None };
        if differing.slots.is_empty() {
            return self.next_database();
        }
        self.ask_keys(differing, 0)
    }

    fn next_states(&mut self) -> Option<SealedFrame> {
        let phase = std::mem::replace(&mut self.phase, Phase::Done);
        let Phase::States { differing, rest, next } = phase else { return None };
        if !rest.is_empty() {
            let positions = rest.iter().copied().collect();
            self.phase = Phase::States { differing, rest, next };
            return Some(self.ask(Question::States { positions }));
        }
        match next {
            Some(from) => self.ask_keys(differing, from),
            None => self.next_database(),
        }
    }

    fn ask_keys(&mut self, differing: Differing, from: u64) -> Option<SealedFrame> {
        let question = Question::Keys { db: differing.db, slots: differing.slots.clone(), from };
        self.phase = Phase::Keys { differing };
        Some(self.ask(question))
    }

    fn next_database(&mut self) -> Option<SealedFrame> {
        match self.databases.pop_front() {
            Some(db) => {
                self.phase = Phase::Slots { db };
                Some(self.ask(Question::Slots { db }))
            }
            None => {
                self.phase = Phase::Tombstones;
                Some(self.ask(Question::Tombstones { from: 0 }))
            }
        }
    }

    fn ask(&self, what: Question) -> SealedFrame {
        Message::Ask(Ask { round: self.round, what }).seal()
    }
}
