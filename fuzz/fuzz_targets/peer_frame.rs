//! Any bytes, in any pieces, through the reader of peers' frames, and any contents behind a right
//! checksum: `cargo +nightly fuzz run peer_frame`.

#![no_main]

#[path = "../../tests/properties/peer_frame.rs"]
mod properties;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, Vec<u8>, [u8; 4], u32)| {
    let (bytes, piece_lens, front, number) = input;
    properties::pieces_make_no_difference(&bytes, &piece_lens);
    properties::pieces_make_no_difference(
        &properties::forged(front, number, &bytes),
        &piece_lens,
    );
});
