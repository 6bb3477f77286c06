//! How much memory the process uses: every allocation counted, by size, as it is made.
//!
//! `maxmemory` is held against this number, so it must be true, and mimalloc tells only what it holds
//! of the system. Counting costs an addition to a thread's own cell; what a thread has summed up goes
//! to the total once it is worth it, so the total is exact to `FLUSH_BYTES` per thread.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::sync::atomic::{AtomicI64, Ordering};

/// How far a thread's own sum may be from what it has told the total.
const FLUSH_BYTES: i64 = 16 * 1024;

static USED: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

thread_local! {
    // Neither lazily made nor dropped, so that it may be used while memory is being allocated.
    static UNTOLD: Cell<i64> = const { Cell::new(0) };
}

/// Bytes allocated now.
#[must_use]
pub fn used_bytes() -> u64 {
    u64::try_from(USED.load(Ordering::Relaxed)).unwrap_or(0)
}

/// The most that [`used_bytes`] has been.
#[must_use]
pub fn peak_bytes() -> u64 {
    u64::try_from(PEAK.load(Ordering::Relaxed)).unwrap_or(0).max(used_bytes())
}

/// What the process holds of the machine's memory (resident set), 0 where the system does not tell.
#[must_use]
pub fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// Hands memory that the allocator keeps unused back to the system: what the calling thread has freed,
/// and what others have freed of what it allocated.
pub fn purge() {
    // SAFETY: mi_collect may be called at any time from any thread (mimalloc's documentation); it
    // frees what is unused and touches nothing that is allocated.
    unsafe { libmimalloc_sys::mi_collect(true) }
}

fn count(bytes: i64) {
    UNTOLD.with(|untold| {
        let sum = untold.get() + bytes;
        if sum.abs() < FLUSH_BYTES {
            untold.set(sum);
        } else {
            untold.set(0);
            let used = USED.fetch_add(sum, Ordering::Relaxed) + sum;
            PEAK.fetch_max(used, Ordering::Relaxed);
        }
    });
}

/// An allocator that counts what `A` gives and takes back.
pub struct Counting<A>(pub A);

// SAFETY: every call is passed on unchanged to `A`, which is a `GlobalAlloc`; counting neither
// allocates nor unwinds (a thread-local without initialiser and destructor, and atomics).
unsafe impl<A: GlobalAlloc> GlobalAlloc for Counting<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps GlobalAlloc's contract, and it is the same for `A`.
        let pointer = unsafe { self.0.alloc(layout) };
        if !pointer.is_null() {
            count(layout.size() as i64);
        }
        pointer
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        let pointer = unsafe { self.0.alloc_zeroed(layout) };
        if !pointer.is_null() {
            count(layout.size() as i64);
        }
        pointer
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        // SAFETY: as in `alloc`; the pointer came from `A`.
        unsafe { self.0.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: as in `dealloc`.
        let moved = unsafe { self.0.realloc(pointer, layout, new_size) };
        if !moved.is_null() {
            count(new_size as i64 - layout.size() as i64);
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::alloc::System;

    #[test]
    fn what_is_given_and_taken_back_is_counted() {
        let allocator = Counting(System);
        let layout = Layout::from_size_align(10 << 20, 8).unwrap();
        let before = used_bytes();
        // SAFETY: the layout is not empty, and the block is given back below with the size it has then.
        let block = unsafe { allocator.realloc(allocator.alloc(layout), layout, 20 << 20) };
        let grown = used_bytes() - before;
        assert!((20 << 20..21 << 20).contains(&grown), "{grown}");
        assert!(peak_bytes() >= before + (20 << 20));
        // SAFETY: this is the block and its size.
        unsafe { allocator.dealloc(block, Layout::from_size_align(20 << 20, 8).unwrap()) };
        assert!(used_bytes() < before + (1 << 20));
    }
}
