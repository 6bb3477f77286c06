//! What this node knows of one other node, and the connections to and from it.

use super::answerer::Answerer;
use super::asker::Asker;
use super::clock_offset::ClockOffset;
use super::epochs::Run;
use super::message::{Ack, Holds, Message};
use super::stream::Stream;
use super::{ClientAddress, LinkId, Now, SealedFrame};
use crate::base::Replica;
use std::collections::{BTreeSet, VecDeque};

/// Packets of the failure detector, and acks, are left out when so much is queued: there will be others.
const QUEUE_MAX: usize = 1_000;
/// So many keys are asked for by their names at a time, and about so many bytes of names.
const NAMED_MAX: usize = 256;
const NAMED_BYTES: usize = 1 << 20;

/// Another node.
#[derive(Debug, Default)]
pub struct Peer {
    pub address: String,
    /// Where clients reach it, as it has said last.
    pub clients: ClientAddress,
    /// The epoch that it writes in, once it was met.
    pub replica: Option<Replica>,
    /// Which run of its program that was.
    pub run: Run,
    /// How much of its memory it has said to be durable.
    pub kept: u64,
    pub out: Option<Outgoing>,
    pub incoming: Option<Incoming>,
    /// The number of the latest connection of its replica.
    pub connection: u64,
    /// The last batch of this node's stream that it has merged.
    pub delivered: u64,
    /// It has all of this node's stream up to here, in its memory at least.
    pub has: u64,
    /// The last batch of which anything was ever sent to it.
    pub sent: u64,
    /// Its latest word on what it holds, and when that came (monotonic ms).
    pub word: Option<(Holds, u64)>,
    /// Whether it has said what it had collected before it asked for this node's word.
    pub told_collected: bool,
    pub clock: ClockOffset,
    pub clock_warned: bool,
    /// When it was last heard (monotonic ms).
    pub heard_ms: Option<u64>,
    /// Since when it may be missed: when this node first knew of it.
    pub known_ms: u64,
    pub asker: Option<Asker>,
    pub answerer: Answerer,
    /// Something is known to be missing: a round is due before its time.
    pub needs_round: bool,
    pub next_round_ms: u64,
    /// When the last round that has ended with it began (monotonic ms).
    pub compared_ms: Option<u64>,
    /// Keys of which a part did not fit: to be pulled whole.
    pub named: BTreeSet<(u16, Vec<u8>)>,
    /// Those that the peer was asked for, in this order; none: nothing is open.
    named_asked: Vec<(u16, Vec<u8>)>,
    pub bytes_in: u64,
    pub bytes_out: u64,
}

/// A connection that this node dialled.
#[derive(Debug)]
pub struct Outgoing {
    pub link: LinkId,
    /// What was dialled.
    pub address: String,
    /// The next batch to send.
    pub next_seq: u64,
    /// The last batch that was sent, 0 for none.
    pub sent: u64,
    queue: VecDeque<Queued>,
    ack_due: bool,
    acked_ms: u64,
    /// When it was opened (monotonic ms).
    pub since_ms: u64,
}

/// A connection that the peer dialled.
#[derive(Clone, Copy, Debug)]
pub struct Incoming {
    pub link: LinkId,
    pub replica: Replica,
    /// When it was accepted (monotonic ms).
    pub since_ms: u64,
    /// Whether a frame has come: then the peer knows that it was let in, and can answer.
    pub is_used: bool,
    /// In how many pieces something has come since the last whole frame.
    pub pieces: u32,
}

/// A frame that waits, for the batches up to `after_seq` to be sent before it.
#[derive(Debug)]
struct Queued {
    after_seq: u64,
    frame: SealedFrame,
    says_what_is_held: bool,
}

impl Incoming {
    #[must_use]
    pub fn new(link: LinkId, replica: Replica, now: Now) -> Incoming {
        Incoming { link, replica, since_ms: now.mono_ms, is_used: false, pieces: 0 }
    }
}

impl Outgoing {
    #[must_use]
    pub fn new(link: LinkId, address: &str, next_seq: u64, now: Now) -> Outgoing {
        Outgoing {
            link,
            address: address.to_owned(),
            next_seq,
            sent: 0,
            queue: VecDeque::new(),
            ack_due: true,
            acked_ms: 0,
            since_ms: now.mono_ms,
        }
    }

    pub fn push(&mut self, frame: SealedFrame) {
        self.push_after(0, frame);
    }

    /// To be sent when the batches up to `after_seq` are.
    pub fn push_after(&mut self, after_seq: u64, frame: SealedFrame) {
        self.queue.push_back(Queued { after_seq, frame, says_what_is_held: false });
    }

    /// As [`Outgoing::push`] of what may be lost.
    pub fn push_if_room(&mut self, frame: SealedFrame) {
        if self.queue.len() < QUEUE_MAX {
            self.push(frame);
        }
    }

    /// The next frame: what is queued goes before batches, but for what has to come after them.
    pub fn next_frame(&mut self, stream: &Stream) -> Option<SealedFrame> {
        // What was dropped from the window is skipped: the peer notices the gap.
        self.next_seq = self.next_seq.max(stream.first_kept());
        let first = self.queue.front();
        if first.is_some_and(|first| self.next_seq > first.after_seq) {
            return self.queue.pop_front().map(|first| first.frame);
        }
        let frame = stream.frame(self.next_seq)?;
        self.sent = self.next_seq;
        self.next_seq += 1;
        Some(frame)
    }

    pub fn ack_soon(&mut self) {
        self.ack_due = true;
    }

    /// Whether an ack is due, at the latest `heartbeat_ms` after the last.
    #[must_use]
    pub fn is_ack_due(&self, now: Now, heartbeat_ms: u64) -> bool {
        self.ack_due || now.mono_ms >= self.acked_ms + heartbeat_ms
    }

    /// Queues an ack and a word on what this node holds. While an earlier word waits for batches to be
    /// sent, the later one waits for it.
    pub fn push_ack(&mut self, ack: Ack, holds: &Holds, last_seq: u64, now: Now) {
        self.acked_ms = now.mono_ms;
        self.ack_due = self.queue.iter().any(|queued| queued.says_what_is_held);
        if self.ack_due {
            return;
        }
        self.push(Message::Ack(ack).seal());
        let frame = Message::Holds(holds.clone()).seal();
        self.queue.push_back(Queued { after_seq: last_seq, frame, says_what_is_held: true });
    }
}

impl Peer {
    #[must_use]
    pub fn new(address: &str, now: Now) -> Peer {
        Peer { address: address.to_owned(), known_ms: now.mono_ms, ..Peer::default() }
    }

    /// Whether both directions stand, and the peer knows it: what it is asked before, it cannot answer.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.out.is_some() && self.incoming.is_some_and(|incoming| incoming.is_used)
    }

    pub fn send(&mut self, frame: SealedFrame) {
        if let Some(out) = &mut self.out {
            out.push(frame);
        }
    }

    /// What a round and questions were about is void: a connection is gone.
    pub fn give_up_round(&mut self) {
        self.asker = None;
        self.take_named(0);
    }

    /// Which keys to ask for, if nothing is open: a bounded number at a time.
    pub fn next_named(&mut self) -> Option<Vec<(u16, Vec<u8>)>> {
        if !self.named_asked.is_empty() || self.named.is_empty() || !self.is_up() {
            return None;
        }
        let mut bytes = 0;
        while bytes < NAMED_BYTES && self.named_asked.len() < NAMED_MAX {
            let Some(key) = self.named.pop_first() else { break };
            bytes += key.1.len();
            self.named_asked.push(key);
        }
        Some(self.named_asked.clone())
    }

    /// The first `answered` of the keys that were asked for have come; the others are asked for again.
    pub fn take_named(&mut self, answered: u32) {
        self.named.extend(self.named_asked.drain(..).skip(answered as usize));
    }
}
