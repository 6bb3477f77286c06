//! Any bytes as an RDB file, and any entries behind a right header: `cargo +nightly fuzz run rdb_file`.

#![no_main]

#[allow(dead_code)]
#[path = "../../tests/properties/rdb_file.rs"]
mod properties;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, Vec<(u8, Vec<u8>)>)| {
    let (bytes, entries) = input;
    properties::is_read_or_refused(&bytes);
    properties::is_read_or_refused(&properties::forged(12, &entries));
});
