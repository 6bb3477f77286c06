//! A file makes its reader take no more memory than its largest string, whatever it announces. Alone in
//! its process, which counts what is allocated.

#[allow(dead_code)]
#[path = "properties/rdb_file.rs"]
mod properties;

use headcount::metrics::memory::{Counting, peak_bytes, used_bytes};
use headcount::rdb::{Reader, Source};
use properties::{forged, length, text};
use std::alloc::System;
use std::convert::Infallible;

#[global_allocator]
static ALLOCATOR: Counting<System> = Counting(System);

/// Its buffer, and what is counted is exact to that.
const SLACK_BYTES: u64 = 256 * 1024;

/// Reads all; returns the most that the process took so far, beyond what it takes now. So what takes
/// little has to be read first.
fn taken(file: impl Source) -> u64 {
    let before = used_bytes();
    if let Ok(mut reader) = Reader::open(file) {
        while matches!(reader.next_entry(), Ok(Some(_))) {
            while matches!(reader.next_element(), Ok(Some(_))) {}
        }
    }
    peak_bytes().saturating_sub(before)
}

#[test]
fn what_is_announced_takes_nothing() {
    let huge = [length(500 << 20), vec![b'x'; 3]].concat();
    let many = [length(u64::MAX), text(b"x")].concat();
    let lzf = [&[0xc3][..], &length(5), &length(500 << 20), b"\0a\xe0\xff\0"].concat();
    let listpack = text(b"\xff\xff\xff\x1f\xff\xff\xf0\xff\xff\xff\x1f");
    for opcode in (0..26).chain(243..=255) {
        for behind in [&huge, &many, &lzf, &listpack] {
            let file = forged(12, &[(opcode, [text(b"k"), behind.clone()].concat())]);
            assert!(taken(file.as_slice()) < SLACK_BYTES, "{opcode} {behind:?}");
            let file = forged(12, &[(opcode, behind.clone())]);
            assert!(taken(file.as_slice()) < SLACK_BYTES, "{opcode} {behind:?}");
        }
    }
    // A set of 64 MB, a kilobyte each.
    let start = [b"REDIS0010\x02", &text(b"large")[..], &length(64 * 1024)].concat();
    let member = text(&[b'm'; 1024]);
    assert!(
        taken(Parts { parts: &[(&start, 1), (&member, 64 * 1024), (END, 1)], done: 0 })
            < SLACK_BYTES
    );
    // A string of a megabyte, and what it doubles into.
    let start = [b"REDIS0010\0", &text(b"large")[..], &length(1 << 20)].concat();
    let string = Parts { parts: &[(&start, 1), (b"s", 1 << 20), (END, 1)], done: 0 };
    assert!(taken(string) < SLACK_BYTES + (2 << 20));
}

/// The end of a file without a checksum.
const END: &[u8] = &[255, 0, 0, 0, 0, 0, 0, 0, 0];

/// A file that is not in memory: each part so many times.
struct Parts<'a> {
    parts: &'a [(&'a [u8], usize)],
    /// How often the first part was there already.
    done: usize,
}

impl Source for Parts<'_> {
    type Error = Infallible;

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let [(part, times), ..] = self.parts else { return Ok(0) };
        if self.done == *times {
            self.parts = &self.parts[1..];
            self.done = 0;
            return self.read(buffer);
        }
        self.done += 1;
        buffer[..part.len()].copy_from_slice(part);
        Ok(part.len())
    }
}
