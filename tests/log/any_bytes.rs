//! Segments and snapshots of any bytes: read or refused, checked, repaired.

use crate::faulty_storage::FaultyStorage;
use crate::properties::{
    forged_segment, forged_snapshot, pair, segment_is_read_or_refused, snapshot_is_read_or_refused,
};
use headcount::log::{FileKind, file_name, try_start};
use proptest::{collection::vec, prelude::*, sample::Index};

const MARK: u8 = 0;
const GAP: u8 = 255;

/// Records, and marks and gaps that are often almost right.
fn frame() -> impl Strategy<Value = (u8, Vec<u8>)> {
    let number = || prop_oneof![4 => 0..8u64, 1 => any::<u64>()];
    let a_pair = (prop_oneof![Just(MARK), Just(GAP)], number(), number());
    prop_oneof![
        (any::<u8>(), vec(any::<u8>(), 0..40)),
        a_pair.prop_map(|(kind, first, second)| pair(kind, first, second)),
    ]
}

fn block() -> impl Strategy<Value = (u8, u8, u32, Vec<u8>)> {
    let stored = vec(prop_oneof![Just(0u8), Just(255), any::<u8>()], 0..60);
    let raw_bytes = prop_oneof![0..80u32, any::<u32>()];
    (any::<u8>(), 0..3u8, raw_bytes, stored)
}

/// Changes a file in some places, or cuts it.
fn change(bytes: &mut Vec<u8>, changes: &[(Index, u8)], cut: Option<Index>) {
    // Never empty: there is a header.
    for (at, byte) in changes {
        let at = at.index(bytes.len());
        bytes[at] = *byte;
    }
    if let Some(cut) = cut {
        bytes.truncate(cut.index(bytes.len() + 1));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_segment_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        segment_is_read_or_refused(&bytes);
        snapshot_is_read_or_refused(&bytes);
    }

    #[test]
    fn any_frames_are_read_or_refused(
        frames in vec(frame(), 0..12),
        changes in vec((any::<Index>(), any::<u8>()), 0..3),
        cut in proptest::option::weighted(0.3, any::<Index>()),
    ) {
        let mut bytes = forged_segment(&frames);
        segment_is_read_or_refused(&bytes);
        change(&mut bytes, &changes, cut);
        segment_is_read_or_refused(&bytes);
    }

    #[test]
    fn any_blocks_are_read_or_refused(
        blocks in vec(block(), 0..6),
        changes in vec((any::<Index>(), any::<u8>()), 0..3),
        cut in proptest::option::weighted(0.3, any::<Index>()),
    ) {
        let mut bytes = forged_snapshot(&blocks);
        snapshot_is_read_or_refused(&bytes);
        change(&mut bytes, &changes, cut);
        snapshot_is_read_or_refused(&bytes);
    }
}

/// The descriptions that forge files are right: what they forge is read.
#[test]
fn what_is_forged_well_is_read() {
    let storage = FaultyStorage::new(1);
    let frames = [pair(MARK, 0, 1), (7, b"one".to_vec()), pair(GAP, 2, 4), (8, b"five".to_vec())];
    storage.put(&file_name(FileKind::Segment, 1), forged_segment(&frames));
    let recovered = try_start(&storage).expect("a good log");
    assert_eq!((recovered.last, recovered.left_out, recovered.torn_tail), (5, 3, None));
    let blocks = [(1, 0, 3, b"abc".to_vec()), (2, 1, 100, lz4_flex::block::compress(&[9; 100]))];
    storage.put(&file_name(FileKind::Snapshot, 1), forged_snapshot(&blocks));
    assert_eq!(try_start(&storage).expect("a good snapshot").last, 5);
}
