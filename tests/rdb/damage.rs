//! Damaged files: the place is told.

use headcount::rdb::{Damage, Problem, ReadError};

use crate::properties::{contents, crc64, forged, length, text};

fn damage(file: &[u8]) -> Damage {
    match contents(file).expect_err("damage") {
        ReadError::Damaged(damage) => damage,
        ReadError::Source(never) => match never {},
    }
}

fn key_and(value: &[u8]) -> Vec<u8> {
    [&text(b"key"), value].concat()
}

#[test]
fn every_cut_is_an_end_in_the_middle() {
    let set = [length(2), text(b"one"), text(b"two")].concat();
    let file = forged(10, &[(254, length(0)), (0, key_and(&text(b"v"))), (2, key_and(&set))]);
    contents(&file).expect("a good file");
    for cut in 0..file.len() {
        let problem = Problem::CutShort;
        assert_eq!(damage(&file[..cut]), Damage { offset: cut as u64, problem });
    }
}

#[test]
fn a_wrong_checksum_is_told_and_none_is_none() {
    let mut file = forged(10, &[(0, key_and(&text(b"v")))]);
    let end = file.len() - 8;
    let stored = crc64(&file[..end]);
    file[end - 2] ^= 1;
    let computed = crc64(&file[..end]);
    let problem = Problem::Checksum { stored, computed };
    assert_eq!(damage(&file), Damage { offset: end as u64, problem });
    file[end..].fill(0);
    assert_eq!(contents(&file).expect("no checksum").keys.len(), 1);
}

#[test]
fn the_place_is_that_of_what_is_wrong() {
    // 9 bytes of header, the type, 4 bytes of key.
    let value = 14;
    let lzf = [&[0xc3][..], &length(3), &length(200), b"\x01ab"].concat();
    let huge = [&[0xc3][..], &length(3), &length(1 << 40)].concat();
    let listpack = text(b"\x09\0\0\0\x01\0\x81a\xff");
    let module = [length(1 << 60), length(9)].concat();
    let cases: [(u8, &[u8], u64, Problem); 11] = [
        (0, &[0xbf], value, Problem::Length),
        (0, &[0xc4], value, Problem::Text),
        (0, &lzf, value, Problem::Lzf),
        (0, &huge, value, Problem::TooLong),
        (0, &length(1 << 30), value, Problem::TooLong),
        (2, &[0xc0], value, Problem::Length),
        (2, &[1, 0xc5], value + 1, Problem::Text),
        (20, &listpack, value, Problem::Packed("listpack")),
        (13, &text(b"\0"), value, Problem::Packed("ziplist")),
        (9, &text(b""), value, Problem::Packed("zipmap")),
        (7, &module, value + 9, Problem::ModulePart(9)),
    ];
    for (opcode, bytes, offset, problem) in cases {
        let file = forged(12, &[(opcode, key_and(bytes))]);
        assert_eq!(damage(&file), Damage { offset, problem }, "{opcode} {bytes:?}");
    }
    for (opcode, problem) in [
        (6, Problem::OldModule),
        (8, Problem::Opcode(8)),
        (26, Problem::Opcode(26)),
        (246, Problem::Opcode(246)),
    ] {
        assert_eq!(damage(&forged(12, &[(opcode, vec![])])), Damage { offset: 9, problem });
    }
}
