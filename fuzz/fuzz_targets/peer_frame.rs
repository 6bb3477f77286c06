//! Any bytes, in any pieces, through the reader of peers' frames, any contents behind a right checksum,
//! and any payload as every kind of message: `cargo +nightly fuzz run peer_frame`.

#![no_main]

#[path = "../../tests/properties/peer_frame.rs"]
mod properties;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, Vec<u8>, [u8; 4], u32)| {
    let (bytes, piece_lens, front, number) = input;
    properties::pieces_make_no_difference(&bytes, &piece_lens);
    properties::payloads_are_read_or_refused(&bytes);
    properties::pieces_make_no_difference(
        &properties::forged(front, number, &bytes),
        &piece_lens,
    );
});
