//! Any bytes as a payload of DUMP, and any body behind a right beginning: `cargo +nightly fuzz run payload`.

#![no_main]

#[allow(dead_code)]
#[path = "../../tests/properties/payload.rs"]
mod properties;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    properties::is_taken_or_refused(bytes);
    properties::is_taken_or_refused(&properties::forged(bytes));
});
