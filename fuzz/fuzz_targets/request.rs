//! Any bytes, in any pieces, through the request parser: `cargo +nightly fuzz run request`.

#![no_main]

#[path = "../../tests/properties/request.rs"]
mod properties;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (bytes, piece_lens) = input;
    properties::pieces_make_no_difference(&bytes, &piece_lens);
});
