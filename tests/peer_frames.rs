//! Frames of a peer connection: what arrives is what was sent, or the connection ends.

#[path = "properties/peer_frame.rs"]
mod properties;

use headcount::replication::{FrameError, FrameReader, HEADER_BYTES, SealedFrame};
use proptest::{collection::vec, prelude::*, sample::Index};

use properties::{
    LIMIT_BYTES, forged, payloads_are_read_or_refused, pieces_make_no_difference, read_in_pieces,
};

/// The front of a header: of this version, of kind 7, not compressed.
const FRONT: [u8; 4] = [0xC1, 7, 0, 0];
const LZ4: [u8; 4] = [0xC1, 7, 1, 0];

type Message = (u8, Vec<u8>);

/// Short ones, and long ones of few different bytes, which are compressed.
fn message() -> impl Strategy<Value = Message> {
    (any::<u8>(), prop_oneof![vec(any::<u8>(), 0..60), vec(0u8..3, 4_000..LIMIT_BYTES)])
}

fn encoded(messages: &[Message]) -> Vec<u8> {
    let frames = (0..).zip(messages);
    frames
        .flat_map(|(number, (kind, payload))| {
            SealedFrame::new(*kind, payload.clone()).encode(number)
        })
        .collect()
}

/// What comes out of these bytes.
fn read(bytes: &[u8]) -> (Vec<Message>, Option<FrameError>) {
    let read = read_in_pieces(bytes, &[]);
    let messages = read.frames.into_iter().map(|frame| (frame.kind, frame.payload.to_vec()));
    (messages.collect(), read.error)
}

fn error(bytes: &[u8]) -> Option<FrameError> {
    read(bytes).1
}

proptest! {
    #[test]
    fn what_is_sent_arrives(
        messages in vec(message(), 0..5),
        piece_lens in vec(any::<u8>(), 0..5),
    ) {
        let bytes = encoded(&messages);
        prop_assert_eq!(read(&bytes), (messages, None));
        pieces_make_no_difference(&bytes, &piece_lens);
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in vec(any::<u8>(), 0..100),
        piece_lens in vec(any::<u8>(), 0..5),
    ) {
        pieces_make_no_difference(&bytes, &piece_lens);
    }

    #[test]
    fn any_contents_behind_a_right_checksum_are_read_or_refused(
        (version, kind, flags) in (0u8..4, any::<u8>(), 0u8..4),
        number in prop_oneof![Just(0), any::<u32>()],
        payload in vec(any::<u8>(), 0..100),
    ) {
        let bytes = forged([0xC0 | version, kind, flags, 0], number, &payload);
        pieces_make_no_difference(&bytes, &[7]);
    }

    #[test]
    fn any_payload_is_read_or_refused(
        first in 0u8..8,
        rest in vec(prop_oneof![0u8..8, any::<u8>()], 0..80),
    ) {
        payloads_are_read_or_refused(&[&[first][..], &rest].concat());
    }

    #[test]
    fn no_damage_goes_unnoticed(
        messages in vec(message(), 1..4),
        at in any::<Index>(),
        bit in 0u32..8,
    ) {
        let mut bytes = encoded(&messages);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        // Whole frames before it arrive; of the damaged one and what follows, nothing. A damaged
        // length may make the reader wait for more, but what comes then will not do.
        let (arrived, mut error) = read(&bytes);
        prop_assert!(arrived.len() < messages.len());
        prop_assert_eq!(&arrived[..], &messages[..arrived.len()]);
        if error.is_none() {
            bytes.resize(bytes.len() + LIMIT_BYTES, 0);
            error = read(&bytes).1;
        }
        prop_assert!(error.is_some());
    }
}

#[test]
fn the_format_is_as_described() {
    let frame = SealedFrame::new(7, b"payload".to_vec());
    for number in [0, 1, 0x0102_0304, u32::MAX] {
        assert_eq!(frame.encode(number), forged(FRONT, number, b"payload"));
        assert_eq!(frame.header(number)[..], frame.encode(number)[..HEADER_BYTES]);
    }
}

#[test]
fn large_payloads_are_compressed_where_that_helps() {
    let large = SealedFrame::new(7, vec![b'a'; 9_000]);
    assert!(large.len() < 100, "{}", large.len());
    assert_eq!(read(&large.encode(0)), (vec![(7, vec![b'a'; 9_000])], None));
    assert_eq!(SealedFrame::new(7, vec![b'a'; 4_096]).len(), 4_096);
    let noise: Vec<u8> =
        (0..9_000u64).map(|n| xxhash_rust::xxh3::xxh3_64(&n.to_le_bytes()) as u8).collect();
    let noisy = SealedFrame::new(7, noise.clone());
    assert_eq!(noisy.len(), 9_000);
    assert_eq!(read(&noisy.encode(0)), (vec![(7, noise)], None));
}

#[test]
fn other_protocols_and_versions_are_told_apart() {
    for text in ["*1\r\n$4\r\nPING\r\n", "GET / HTTP/1.1\r\n", "\x16\x03\x01", "\0"] {
        assert_eq!(error(text.as_bytes()), Some(FrameError::Foreign), "{text}");
    }
    // By the first byte, for nobody knows what comes behind it.
    assert_eq!(error(&[0xC2]), Some(FrameError::NewerVersion { version: 2 }));
    assert_eq!(error(&[0xC0]), Some(FrameError::Damaged));
}

#[test]
fn unknown_flags_are_refused() {
    assert_eq!(error(&forged([0xC1, 7, 2, 0], 0, b"")), Some(FrameError::Damaged));
    assert_eq!(error(&forged([0xC1, 7, 0, 1], 0, b"")), Some(FrameError::Damaged));
}

#[test]
fn what_is_too_long_is_refused_by_its_header() {
    let too_long = |bytes| Some(FrameError::TooLong { bytes, limit_bytes: LIMIT_BYTES });
    let header = SealedFrame::new(7, Vec::new()).header(0);
    let announcing = |len: u32| [&header[..8], &len.to_le_bytes(), &header[12..]].concat();
    assert_eq!(error(&announcing(LIMIT_BYTES as u32 + 1)), too_long(LIMIT_BYTES + 1));
    assert_eq!(error(&announcing(u32::MAX)), too_long(u32::MAX as usize));
    assert_eq!(error(&announcing(LIMIT_BYTES as u32)), None);
    // It is long when it is unpacked.
    let packed = SealedFrame::new(7, vec![0; LIMIT_BYTES + 1]).encode(0);
    assert_eq!(error(&packed), too_long(LIMIT_BYTES + 1));
}

#[test]
fn an_announced_length_takes_no_memory() {
    let mut reader = FrameReader::new(1 << 30);
    let header = SealedFrame::new(7, Vec::new()).header(0);
    reader.push(&[&header[..8], &(1u32 << 30).to_le_bytes(), &header[12..]].concat());
    assert_eq!(reader.next_frame(), Ok(None));
    assert!(reader.buffer().capacity() < 1_000);
}

#[test]
fn a_block_that_announces_more_than_it_can_hold_is_damaged() {
    let announcing = |len: u32| forged(LZ4, 0, &[&len.to_le_bytes()[..], &[0x10, b'a']].concat());
    assert_eq!(read(&announcing(1)), (vec![(7, b"a".to_vec())], None));
    for len in [0, 2, 9_999] {
        assert_eq!(error(&announcing(len)), Some(FrameError::Damaged), "{len}");
    }
    for payload in [&b""[..], b"abc", b"\x01\0\0\0"] {
        assert_eq!(error(&forged(LZ4, 0, payload)), Some(FrameError::Damaged), "{payload:?}");
    }
}

#[test]
fn repeated_frames_are_skipped_and_gaps_are_refused() {
    let frame = |number: u32| forged(FRONT, number, &number.to_le_bytes());
    let message = |number: u32| (7, number.to_le_bytes().to_vec());
    let bytes = [frame(0), frame(0), frame(1), frame(0), frame(1), frame(2)].concat();
    assert_eq!(read(&bytes), (vec![message(0), message(1), message(2)], None));
    let gap = Some(FrameError::OutOfOrder { number: 2, expected: 1 });
    assert_eq!(read(&[frame(0), frame(2), frame(1)].concat()), (vec![message(0)], gap));
    assert_eq!(error(&frame(1)), Some(FrameError::OutOfOrder { number: 1, expected: 0 }));
}

#[test]
fn a_buffer_does_not_stay_as_large_as_its_largest_frame() {
    let mut reader = FrameReader::new(1 << 24);
    let noise: Vec<u8> = (0..1u64 << 20)
        .flat_map(|n| xxhash_rust::xxh3::xxh3_64(&n.to_le_bytes()).to_le_bytes())
        .collect();
    reader.push(&SealedFrame::new(7, noise.clone()).encode(0));
    reader.push(&SealedFrame::new(8, b"small".to_vec()).encode(1)[..10]);
    let frame = reader.next_frame().expect("a good frame").expect("a whole one");
    assert!(frame.payload == noise);
    drop(frame);
    reader.push(&SealedFrame::new(8, b"small".to_vec()).encode(1)[10..]);
    let frame = reader.next_frame().expect("a good frame").expect("a whole one");
    assert_eq!((frame.kind, &frame.payload[..]), (8, &b"small"[..]));
    reader.buffer().reserve(1_000);
    assert!(reader.buffer().capacity() < 100_000, "{}", reader.buffer().capacity());
}
