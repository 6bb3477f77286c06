//! What holds for any bytes a peer may send. The tests and the fuzz target share it.

use headcount::replication::batch::{read_answer, read_batch};
use headcount::replication::message::Message;
use headcount::replication::{Frame, FrameError, FrameReader};

/// Small, so that short inputs reach it.
pub const LIMIT_BYTES: usize = 10_000;

/// What a peer's bytes came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Read {
    pub frames: Vec<Frame>,
    pub error: Option<FrameError>,
}

/// Reads bytes that arrive in pieces of the given lengths, over and over; with none, in one piece.
///
/// # Panics
///
/// If the reader breaks its contract: goes on after an error, or hands out more than its limit.
pub fn read_in_pieces(input: &[u8], piece_lens: &[u8]) -> Read {
    let mut reader = FrameReader::new(LIMIT_BYTES);
    let mut read = Read::default();
    let mut lens = piece_lens.iter().map(|len| usize::from(*len).max(1)).cycle();
    let mut rest = input;
    while !rest.is_empty() && read.error.is_none() {
        let (piece, after) = rest.split_at(lens.next().unwrap_or(rest.len()).min(rest.len()));
        reader.push(piece);
        take(&mut reader, &mut read);
        rest = after;
    }
    read
}

fn take(reader: &mut FrameReader, read: &mut Read) {
    loop {
        match reader.next_frame() {
            Ok(None) => return,
            Ok(Some(frame)) => {
                assert!(frame.payload.len() <= LIMIT_BYTES);
                read.frames.push(frame);
            }
            Err(error) => {
                assert_eq!(reader.next_frame(), Err(error), "it stays so");
                read.error = Some(error);
                return;
            }
        }
    }
}

/// Holds for any input: in how many pieces it arrives makes no difference.
///
/// # Panics
///
/// If it does.
pub fn pieces_make_no_difference(input: &[u8], piece_lens: &[u8]) {
    let whole = read_in_pieces(input, &[]);
    assert_eq!(read_in_pieces(input, piece_lens), whole, "in pieces of {piece_lens:?}");
    assert_eq!(read_in_pieces(input, &[1]), whole, "byte by byte");
}

/// Holds for any payload of any kind: it is read or refused.
///
/// # Panics
///
/// If it is neither.
pub fn payloads_are_read_or_refused(payload: &[u8]) {
    if let Some(message) = Message::read(payload) {
        let sealed = message.seal().encode(0);
        let mut reader = FrameReader::new(LIMIT_BYTES.max(sealed.len()));
        reader.push(&sealed);
        let frame = reader.next_frame().expect("a good frame").expect("a whole one");
        assert_eq!(Message::read(&frame.payload), Some(message));
    }
    let (mut deltas, mut states) = (Vec::new(), Vec::new());
    if let Ok(head) = read_batch(payload, &mut deltas) {
        assert_eq!(head.deltas as usize, deltas.len());
    }
    if let Ok(head) = read_answer(payload, &mut states) {
        assert_eq!(head.states as usize, states.len());
    }
}

/// A frame as the format's description has it, its checksum right whatever it holds.
pub fn forged(front: [u8; 4], number: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).expect("a short payload").to_le_bytes();
    let unnumbered = [&front[..], &[0; 4], &len, payload].concat();
    let of_number = crc32c::crc32c(&number.to_le_bytes()) ^ crc32c::crc32c(&[0; 4]);
    let checksum = crc32c::crc32c(&unnumbered) ^ of_number;
    [&front[..], &number.to_le_bytes(), &len, &checksum.to_le_bytes(), payload].concat()
}
