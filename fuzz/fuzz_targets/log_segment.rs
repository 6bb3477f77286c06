//! Any bytes as a segment of the log, and any frames behind right checksums:
//! `cargo +nightly fuzz run log_segment`.

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

fuzz_target!(|input: (Vec<u8>, Vec<(u8, Vec<u8>)>, Vec<(bool, u64, u64)>)| {
    let (bytes, records, pairs) = input;
    properties::segment_is_read_or_refused(&bytes);
    let pair = |(is_gap, first, second): (bool, u64, u64)| {
        properties::pair(if is_gap { 255 } else { 0 }, first, second)
    };
    let mut pairs = pairs.into_iter().map(pair);
    let frames = records.into_iter().flat_map(|record| [pairs.next(), Some(record)]).flatten();
    properties::segment_is_read_or_refused(&properties::forged_segment(
        &frames.collect::<Vec<_>>(),
    ));
});
