//! Any records of the log, and any states of a snapshot: `cargo +nightly fuzz run record`.

#![no_main]

#[allow(dead_code)]
#[path = "../../tests/properties/records.rs"]
mod properties;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<(u8, Vec<u8>)>, Vec<u8>, u32)| {
    let (records, states, count) = input;
    properties::are_taken_or_refused(&records);
    properties::states_are_taken_or_refused(&states, count);
});
