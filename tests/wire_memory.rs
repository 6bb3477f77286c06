//! A batch makes its reader take no more memory than a small multiple of the bytes that came. Alone in
//! its process, which counts what is allocated.

use headcount::base::{Replica, Stamp, Tag};
use headcount::crdt::wire::{Decoder, Encoder};
use headcount::crdt::{Key, MemberDeadline, Tombstones, Write};
use headcount::metrics::memory::{Counting, peak_bytes, used_bytes};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: Counting<System> = Counting(System);

/// The densest of all: a member with a name of two bytes takes 5 bytes, and some 100 in a set, which
/// doubles as it grows.
const MULTIPLE: u64 = 80;
/// What is counted is exact to this.
const SLACK_BYTES: u64 = 64 * 1024;

/// Reads as much as can be read; returns the most that the process took so far, beyond what it takes
/// now. So what takes little has to be read first.
fn taken(batch: &[u8]) -> u64 {
    let before = used_bytes();
    if let Ok(mut decoder) = Decoder::new(batch) {
        while decoder.key().is_ok() {}
    }
    peak_bytes().saturating_sub(before)
}

#[test]
fn a_batch_takes_a_small_multiple_of_its_bytes() {
    let header = Encoder::new(Stamp::NEVER).finish();
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    // A set of that many members, of that many forgotten stamps, a text and a name of that length.
    let starts = [&[16, 0][..], &[16, 2], &[8, 2 + 8, 0, 0, 0, 0, 0, 0, 0, 0, 0], &[16, 0, 1]];
    for start in starts {
        let batch = [&header, start, &huge].concat();
        assert!(taken(&batch) < SLACK_BYTES, "{start:?}");
    }
    let most = |batch: &[u8]| MULTIPLE * batch.len() as u64 + SLACK_BYTES;
    // Lives and slots of nothing, as many as fit.
    for filling in [0, 1, 8, 16, 32, 64, 33, 0xff] {
        let batch = [&header[..], &vec![filling; 100_000]].concat();
        assert!(taken(&batch) < most(&batch), "{filling}");
    }
    let batch = many_members();
    assert!(taken(&batch) < most(&batch));
}

fn many_members() -> Vec<u8> {
    let mut set = Key::default();
    let tag = Tag::new(Stamp::at_ms(1), Replica { node: 1, epoch: 1 });
    let write = Write { now_ms: 1, tag, tombstones: Tombstones::KEEP };
    for name in 0..u16::MAX {
        set.insert(&write, &name.to_le_bytes(), MemberDeadline::Keep);
    }
    let mut batch = Encoder::new(tag.stamp);
    batch.key(&set);
    batch.finish()
}
