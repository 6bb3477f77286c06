//! Any bytes: strings come back from what compresses them, files are read or refused.

use headcount::rdb::decompress;
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::properties::{Value, contents, forged, is_read_or_refused, length, text};

/// Compresses as LZF is described, finding matches the slow way; `far` bounds how far back.
fn compress(raw: &[u8], far: usize) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut literals: Vec<u8> = Vec::new();
    let mut at = 0;
    while at < raw.len() {
        let longest = (1..=at.min(far))
            .map(|back| {
                let same = (0..raw.len() - at).take(264);
                (same.take_while(|ahead| raw[at + ahead] == raw[at + ahead - back]).count(), back)
            })
            .max()
            .filter(|(len, _)| *len >= 3);
        match longest {
            Some((len, back)) => {
                flush(&mut literals, &mut packed);
                let (more, distance) = (len - 2, back - 1);
                packed.push(((more.min(7) << 5) | (distance >> 8)) as u8);
                packed.extend((more >= 7).then(|| (more - 7) as u8));
                packed.push(distance as u8);
                at += len;
            }
            None => {
                literals.push(raw[at]);
                at += 1;
            }
        }
    }
    flush(&mut literals, &mut packed);
    packed
}

fn flush(literals: &mut Vec<u8>, packed: &mut Vec<u8>) {
    for run in literals.chunks(32) {
        packed.push(run.len() as u8 - 1);
        packed.extend(run);
    }
    literals.clear();
}

/// Bytes that repeat.
fn repetitive() -> impl Strategy<Value = Vec<u8>> {
    vec((vec(any::<u8>(), 1..6), 1..200usize), 0..6)
        .prop_map(|parts| parts.iter().flat_map(|(part, times)| part.repeat(*times)).collect())
}

/// A length that is often small, sometimes what nobody has.
fn any_length() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0..6u64, 1 => 0..20_000u64, 1 => any::<u64>()]
}

/// Something where a string may stand.
fn any_text() -> impl Strategy<Value = Vec<u8>> {
    let lzf = (vec(any::<u8>(), 0..20), any_length()).prop_map(|(packed, raw_bytes)| {
        [&[0xc3][..], &length(packed.len() as u64), &length(raw_bytes), &packed].concat()
    });
    let listpack = vec(any::<u8>(), 0..12).prop_map(|entries| {
        let bytes = (entries.len() as u32 + 7).to_le_bytes();
        text(&[&bytes[..], &[0xff, 0xff], &entries, &[0xff]].concat())
    });
    let ziplist = vec(any::<u8>(), 0..12).prop_map(|entries| {
        let bytes = (entries.len() as u32 + 11).to_le_bytes();
        text(&[&bytes[..], &[0, 0, 0, 0, 0xff, 0xff], &entries, &[0xff]].concat())
    });
    let plain = vec(any::<u8>(), 0..10).prop_map(|bytes| text(&bytes));
    prop_oneof![2 => plain, 1 => lzf, 1 => listpack, 1 => ziplist]
}

/// A type or opcode, and something behind it that is often almost right.
fn entry() -> impl Strategy<Value = (u8, Vec<u8>)> {
    let part = prop_oneof![
        3 => any_text(),
        2 => any_length().prop_map(length),
        1 => vec(any::<u8>(), 0..9),
    ];
    let opcode = prop_oneof![6 => 0..26u8, 2 => 243..=255u8, 1 => any::<u8>()];
    (opcode, any_text(), vec(part, 0..6))
        .prop_map(|(opcode, key, parts)| (opcode, [key, parts.concat()].concat()))
}

proptest! {
    #[test]
    fn what_is_compressed_comes_back(raw in repetitive(), far in 1..8_192usize) {
        let packed = compress(&raw, far);
        let mut out = Vec::new();
        prop_assert_eq!(decompress(&packed, raw.len(), &mut out), Some(()));
        prop_assert_eq!(out, raw);
    }

    #[test]
    fn any_bytes_are_decompressed_or_refused(packed in vec(any::<u8>(), 0..60), len in 0..600usize) {
        let mut out = b"before".to_vec();
        if decompress(&packed, len, &mut out).is_some() {
            prop_assert_eq!(out.len(), len + 6);
        }
        prop_assert!(out.starts_with(b"before") && out.len() <= 6 + len + 264);
    }

    #[test]
    fn lengths_come_back(value in any::<u64>(), shift in 0..64u32) {
        // A database is a length and nothing more.
        let value = value >> shift;
        let key = [text(b"k"), text(b"v")].concat();
        let read = contents(&forged(9, &[(254, length(value)), (0, key)])).expect("a good file");
        let (database, _) = read.keys.keys().next().expect("a key");
        prop_assert_eq!(*database, value);
    }

    #[test]
    fn strings_come_back(bytes in vec(any::<u8>(), 0..300)) {
        let read = contents(&forged(9, &[(0, [text(b"k"), text(&bytes)].concat())]));
        let keys = read.expect("a good file").keys;
        prop_assert_eq!(&keys[&(0, b"k".to_vec())].1, &Value::Text(bytes));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        is_read_or_refused(&bytes);
        is_read_or_refused(&[b"REDIS0012", &bytes[..]].concat());
    }

    #[test]
    fn any_entries_are_read_or_refused(
        version in 9..13u32,
        entries in vec(entry(), 0..8),
        changes in vec((any::<Index>(), any::<u8>()), 0..3),
    ) {
        let mut file = forged(version, &entries);
        is_read_or_refused(&file);
        for (at, byte) in &changes {
            let at = at.index(file.len());
            file[at] = *byte;
        }
        is_read_or_refused(&file);
    }
}
