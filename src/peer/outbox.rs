//! Frames on their way into a socket.

use crate::replication::SealedFrame;
use bytes::{Buf, Bytes};
use std::collections::VecDeque;
use std::io::IoSlice;

/// Frames that are written together, by as few system calls as the socket allows.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Headers and payloads, none of them empty.
    pieces: VecDeque<Bytes>,
    remaining: usize,
    /// The number of the next frame of this connection.
    number: u32,
}

impl Outbox {
    pub fn push(&mut self, frame: &SealedFrame) {
        let header = Bytes::copy_from_slice(&frame.header(self.number));
        self.number = self.number.wrapping_add(1);
        for piece in [header, frame.payload().clone()] {
            if !piece.is_empty() {
                self.remaining += piece.len();
                self.pieces.push_back(piece);
            }
        }
    }
}

impl Buf for Outbox {
    fn remaining(&self) -> usize {
        self.remaining
    }

    fn chunk(&self) -> &[u8] {
        self.pieces.front().map_or(&[], |piece| piece)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let filled = slices.iter_mut().zip(&self.pieces);
        filled.map(|(slice, piece)| *slice = IoSlice::new(piece)).count()
    }

    fn advance(&mut self, count: usize) {
        self.remaining = self.remaining.saturating_sub(count);
        let mut left = count;
        while let Some(piece) = self.pieces.front_mut() {
            if left < piece.len() {
                piece.advance(left);
                break;
            }
            left -= piece.len();
            self.pieces.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replication::FrameReader;

    #[test]
    fn frames_leave_in_order_however_the_socket_takes_them() {
        let mut outbox = Outbox::default();
        let mut reader = FrameReader::new(100);
        let payloads = [&b"one"[..], b"", b"three", b""];
        for (kind, payload) in (0..).zip(payloads) {
            outbox.push(&SealedFrame::new(kind, payload.to_vec()));
        }
        for step in [1, 2, 3, 5, 7, 11].into_iter().cycle() {
            let mut slices = [IoSlice::new(&[]); 3];
            let count = outbox.chunks_vectored(&mut slices);
            let bytes: Vec<u8> = slices[..count].iter().flat_map(|it| it.to_vec()).collect();
            let taken = step.min(bytes.len());
            reader.push(&bytes[..taken]);
            outbox.advance(taken);
            if !outbox.has_remaining() {
                break;
            }
        }
        for (kind, payload) in (0..).zip(payloads) {
            let frame = reader.next_frame().unwrap().expect("a frame");
            assert_eq!((frame.kind, &frame.payload[..]), (kind, payload));
        }
        assert_eq!(reader.next_frame(), Ok(None));
    }
}
