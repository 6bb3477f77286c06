//! The frames of a writer that are not durable yet.
//!
//! They are kept until they are, for after a failure they have to be written again elsewhere. Their
//! checksums depend on where that is, so they get them when they are written.

use super::frame::{self, GAP, HEAD_BYTES, MARK, PAIR_BYTES, Salted};

/// Another mark stands in a group after so many bytes: what is behind damage is found again from there.
const MARK_EVERY_BYTES: usize = 64 << 10;
/// More room than this is given back when nothing is held.
const ROOM_KEPT_BYTES: usize = 1 << 20;

/// Frames of records `durable + 1` to `appended`.
#[derive(Debug)]
pub(super) struct Held {
    frames: Vec<u8>,
    /// How many bytes of the frames were written to the present segment.
    written_bytes: usize,
    /// Where the last mark begins.
    marked_at: usize,
    durable: u64,
    written: u64,
    appended: u64,
}

impl Held {
    /// Nothing, where the last record is `last`.
    pub(super) fn new(last: u64) -> Held {
        let frames = Vec::new();
        Held {
            frames,
            written_bytes: 0,
            marked_at: 0,
            durable: last,
            written: last,
            appended: last,
        }
    }

    pub(super) fn durable(&self) -> u64 {
        self.durable
    }

    pub(super) fn written(&self) -> u64 {
        self.written
    }

    pub(super) fn appended(&self) -> u64 {
        self.appended
    }

    /// Bytes that are held.
    pub(super) fn bytes(&self) -> usize {
        self.frames.len()
    }

    /// Bytes of memory that this takes.
    pub(super) fn room_bytes(&self) -> usize {
        self.frames.capacity()
    }

    /// Whether nothing that was written waits to become durable.
    pub(super) fn is_durable(&self) -> bool {
        self.written_bytes == 0
    }

    pub(super) fn unwritten_bytes(&self) -> usize {
        self.frames.len() - self.written_bytes
    }

    /// What a record of this length adds at most.
    pub(super) fn bytes_with(&self, payload_bytes: usize) -> usize {
        self.frames.len() + 2 * HEAD_BYTES + PAIR_BYTES + payload_bytes
    }

    /// Adds a record; returns its number.
    pub(super) fn push(&mut self, kind: u8, payload: &[u8]) -> u64 {
        self.mark_if_due();
        frame::put(&mut self.frames, kind, payload);
        self.appended += 1;
        self.appended
    }

    /// Adds a record that has its number already: it is not before the next one.
    pub(super) fn push_at(&mut self, number: u64, kind: u8, payload: &[u8]) {
        if number > self.appended + 1 {
            self.push_gap(number - 1);
        }
        self.push(kind, payload);
    }

    /// Adds a mark; what it says is filled in when it is written.
    pub(super) fn push_mark(&mut self) {
        self.marked_at = self.frames.len();
        frame::put(&mut self.frames, MARK, &[0; PAIR_BYTES]);
    }

    /// Leaves out the numbers up to `last`.
    pub(super) fn push_gap(&mut self, last: u64) {
        self.mark_if_due();
        frame::put(&mut self.frames, GAP, &frame::pair(self.appended + 1, last));
        self.appended = last;
    }

    fn mark_if_due(&mut self) {
        let since_mark = self.frames.len() - self.marked_at;
        if self.unwritten_bytes() == 0 || since_mark > MARK_EVERY_BYTES {
            self.push_mark();
        }
    }

    /// What is to be written next, at this position of a segment.
    pub(super) fn seal_unwritten(&mut self, salted: Salted, position: u64) -> &[u8] {
        let (mut next, mut at) = (self.written + 1, position);
        let (_, mut rest) = self.frames.split_at_mut(self.written_bytes);
        while let Some((head, frame, after)) = frame::split_first(rest) {
            match head.kind {
                MARK => fill(frame, self.durable, next),
                GAP => next = frame::read_pair(frame).map_or(next, |(_, last)| last + 1),
                _ => next += 1,
            }
            salted.seal(at, frame);
            at += frame.len() as u64;
            rest = after;
        }
        self.frames.split_at(self.written_bytes).1
    }

    /// All that is held was written.
    pub(super) fn note_written(&mut self) {
        (self.written_bytes, self.written) = (self.frames.len(), self.appended);
    }

    /// What was written is durable.
    pub(super) fn note_durable(&mut self) {
        self.frames.drain(..self.written_bytes);
        self.marked_at = self.marked_at.saturating_sub(self.written_bytes);
        (self.written_bytes, self.durable) = (0, self.written);
        if self.frames.is_empty() {
            self.frames.shrink_to(ROOM_KEPT_BYTES);
        }
    }

    /// What was written and is not durable has to be written again, elsewhere.
    pub(super) fn unwrite(&mut self) {
        (self.written_bytes, self.written) = (0, self.durable);
    }
}

fn fill(mark: &mut [u8], durable: u64, next: u64) {
    if let Some((_, payload)) = mark.split_at_mut_checked(HEAD_BYTES) {
        payload.copy_from_slice(&frame::pair(durable, next));
    }
}
