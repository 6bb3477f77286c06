//! Any bytes as a snapshot, and any blocks behind right checksums:
//! `cargo +nightly fuzz run snapshot_file`.

#![no_main]

#[allow(dead_code)]
#[path = "../../tests/support/faulty_storage.rs"]
mod faulty_storage;
#[allow(dead_code)]
#[path = "../../tests/properties/log_files.rs"]
mod properties;
#[allow(dead_code)]
#[path = "../../tests/simulation/simulator/random.rs"]
mod random;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, Vec<(u8, u8, u32, Vec<u8>)>)| {
    let (bytes, blocks) = input;
    properties::snapshot_is_read_or_refused(&bytes);
    properties::snapshot_is_read_or_refused(&properties::forged_snapshot(&blocks));
});
