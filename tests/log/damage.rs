//! Damage is noticed wherever it is; a torn tail is not taken for damage.

use crate::faulty_storage::FaultyStorage;
use crate::life::{IDENTITY, Log, files, read_all};
use headcount::log::{
    Damage, FileKind, HEADER_BYTES, Header, Identity, Problem, ReadError, Storage, file_name, find,
    replay, try_start,
};

fn damage(storage: &FaultyStorage) -> Damage {
    match try_start(storage) {
        Err(ReadError::Damaged(damage)) => damage,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    let log = Log::closed(1, 30, true);
    let records = log.records();
    let needed = files(&log.storage);
    assert!(needed.len() >= 3, "{needed:?}");
    let (_, all) = read_all(&log.storage).expect("a good log");
    for file in &needed {
        let bits = log.storage.contents(file).len() * 8;
        // Every bit in turn would take a while.
        for bit in (0..bits).step_by(19) {
            log.storage.flip(file, bit);
            match try_start(&log.storage) {
                Err(ReadError::Damaged(damage)) => assert_eq!(damage.file, *file, "bit {bit}"),
                Err(error) => panic!("{error}"),
                Ok(recovered) => {
                    // The last mark: all records stand before it.
                    let torn = recovered.torn_tail.expect("something is said");
                    assert!(torn.bytes <= 25 && torn.file == *needed.last().expect("one"));
                    assert_eq!(recovered.last, records.len() as u64);
                }
            }
            log.storage.flip(file, bit);
        }
    }
    assert_eq!(read_all(&log.storage).expect("a good log").1, all);
}

#[test]
fn a_record_in_another_place_does_not_verify() {
    let mut log = Log::new(3);
    let mut writer = log.recover();
    for payload in [&b"first"[..], b"other", b"third"] {
        writer.append(crate::life::kind(1), payload).expect("room");
    }
    writer.close().expect("a good disk");
    let file = file_name(FileKind::Segment, 1);
    let bytes = log.storage.contents(&file);
    let at = HEADER_BYTES + 25;
    let frame = 9 + 5;
    assert_eq!(&bytes[at + 9..at + frame], b"first");
    let mut swapped = bytes.clone();
    swapped[at..at + frame].copy_from_slice(&bytes[at + frame..at + 2 * frame]);
    swapped[at + frame..at + 2 * frame].copy_from_slice(&bytes[at..at + frame]);
    log.storage.put(&file, swapped);
    let damage = damage(&log.storage);
    assert_eq!((damage.problem, damage.offset), (Problem::Checksum, at as u64));
}

/// A log of two lives on the same numbers: the file of the first life is reused by the second.
#[test]
fn what_an_older_file_left_behind_does_not_verify() {
    let old = Log::closed(4, 1, false);
    let file = file_name(FileKind::Segment, 1);
    let old_bytes = old.storage.contents(&file);
    for cut in 0..old_bytes.len() - HEADER_BYTES {
        let storage = FaultyStorage::new(5);
        let header = Header { identity: IDENTITY, number: 1, salt: 12_345 };
        let mut bytes = header.encode(FileKind::Segment);
        bytes.extend_from_slice(&old_bytes[HEADER_BYTES + cut..]);
        storage.put(&file, bytes);
        let (recovered, records) = read_all(&storage).expect("a torn tail");
        assert_eq!((recovered.last, records.len()), (0, 0));
        assert!(recovered.torn_tail.is_some());
    }
}

#[test]
fn a_torn_tail_is_cut_off_and_measured() {
    let log = Log::closed(6, 4, false);
    let file = files(&log.storage).pop().expect("a segment");
    let bytes = log.storage.contents(&file);
    for tail in [&[0; 1][..], &[0; 4096], &[255; 100], &bytes[HEADER_BYTES..]] {
        log.storage.put(&file, [&bytes[..], tail].concat());
        let (recovered, records) = read_all(&log.storage).expect("a torn tail");
        assert_eq!(records, log.records());
        let torn = recovered.torn_tail.expect("a torn tail");
        assert_eq!((torn.offset, torn.bytes), (bytes.len() as u64, tail.len() as u64));
        assert_eq!(torn.file, file);
        let said = format!("ends with {} bytes, from byte {} on", tail.len(), bytes.len());
        assert!(torn.to_string().contains(&said), "{torn}");
    }
}

/// What was not synced may be lost in any order: a good group behind a lost one is no sign of damage.
/// That something calls the lost one durable is.
#[test]
fn a_good_group_behind_a_lost_one_is_damage_only_if_that_was_durable() {
    for is_synced in [false, true] {
        let mut log = Log::new(8);
        let mut writer = log.recover();
        writer.commit().expect("a good disk");
        let mut ends = Vec::new();
        for payload in [&b"one"[..], b"two", b"three"] {
            writer.append(crate::life::kind(1), payload).expect("room");
            if is_synced { writer.commit() } else { writer.write() }.expect("a good disk");
            ends.push(log.storage.contents(&file_name(FileKind::Segment, 1)).len());
        }
        let file = file_name(FileKind::Segment, 1);
        let mut bytes = log.storage.contents(&file);
        bytes[ends[0]..ends[1]].fill(0);
        let bytes_from_there = (bytes.len() - ends[0]) as u64;
        log.storage.put(&file, bytes);
        if is_synced {
            let expected =
                Damage { file: file.clone(), offset: ends[0] as u64, problem: Problem::Checksum };
            assert_eq!(damage(&log.storage), expected);
        } else {
            let (recovered, records) = read_all(&log.storage).expect("a torn tail");
            assert_eq!(records, [(1, 1, b"one".to_vec())]);
            assert_eq!(recovered.torn_tail.expect("a torn tail").bytes, bytes_from_there);
        }
    }
}

#[test]
fn a_missing_segment_is_named() {
    let log = Log::closed(9, 40, false);
    let segments = files(&log.storage);
    assert!(segments.len() > 3);
    let contents = log.storage.contents(&segments[0]);
    log.storage.remove(&segments[0]).expect("there");
    let second = find_number(&segments[1]);
    assert_eq!(damage(&log.storage).problem, Problem::Missing { from: 1, to: second - 1 });
    assert_eq!(damage(&log.storage).file, segments[0]);
    log.storage.put(&segments[0], contents);

    log.storage.remove(&segments[1]).expect("there");
    let damage = damage(&log.storage);
    assert_eq!(damage.problem, Problem::EndsBefore { number: second });
    assert_eq!(damage.file, segments[0]);
}

#[test]
fn a_snapshot_without_its_log_is_not_enough() {
    let log = Log::closed(10, 20, true);
    let files = files(&log.storage);
    for segment in &files[1..] {
        log.storage.remove(segment).expect("there");
    }
    let damage = damage(&log.storage);
    assert_eq!((damage.problem, damage.file), (Problem::NoLog, files[0].clone()));
}

#[test]
fn headers_must_fit_together() {
    let log = Log::closed(11, 1, false);
    let file = file_name(FileKind::Segment, 1);
    let bytes = log.storage.contents(&file);
    let with = |header: Vec<u8>| {
        log.storage.put(&file, [&header[..], &bytes[HEADER_BYTES..]].concat());
        damage(&log.storage)
    };
    let mut newer = bytes[..HEADER_BYTES].to_vec();
    newer[8] = 2;
    let refused = with(newer);
    assert_eq!(refused.problem, Problem::NewerVersion { version: 2 });
    assert_eq!(
        refused.to_string(),
        "log-00000000000000000001.hcl, byte 0: format version 2; this version of Headcount reads up \
         to 1; start the version of Headcount that wrote it"
    );
    let header = Header { identity: IDENTITY, number: 2, salt: 1 };
    assert_eq!(with(header.encode(FileKind::Segment)).problem, Problem::Misnamed { number: 2 });
    let header = Header { number: 0, ..header };
    assert_eq!(with(header.encode(FileKind::Segment)).problem, Problem::Nonsense);
    let header = Header { number: 1, ..header };
    assert_eq!(with(header.encode(FileKind::Snapshot)).problem, Problem::NotOurs);
    assert_eq!(with(Vec::new()).problem, Problem::NotOurs);

    log.storage.put(&file, bytes.clone());
    let identity = Identity { node: 8, ..IDENTITY };
    let foreign = Header { identity, number: 1 + log.appended(), salt: 1 };
    let foreign_file = file_name(FileKind::Segment, foreign.number);
    log.storage.put(&foreign_file, foreign.encode(FileKind::Segment));
    let found = damage(&log.storage);
    assert_eq!((found.problem, found.file), (Problem::OtherNode { node: 8 }, foreign_file));
}

/// Segments are read one by one, so several threads can read them.
#[test]
fn segments_can_be_read_apart() {
    let log = Log::closed(12, 40, true);
    let found = find(&log.storage).expect("good headers");
    let (whole, records) = read_all(&log.storage).expect("a good log");
    let read = |segment: &headcount::log::Segment| {
        let mut records = Vec::new();
        let end = headcount::log::read_segment(&log.storage, segment, |record| {
            records.push((record.number, record.kind, record.payload.to_vec()));
        });
        (end.expect("a good segment"), records)
    };
    let parts: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            found.segments.iter().map(|segment| scope.spawn(move || read(segment))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it ends")).collect()
    });
    let ends: Vec<_> = parts.iter().map(|(end, _)| *end).collect();
    assert_eq!(headcount::log::settle(&found, &ends).expect("a good log"), whole);
    assert_eq!(parts.into_iter().flat_map(|(_, records)| records).collect::<Vec<_>>(), records);
    assert_eq!(replay(&log.storage, &found, |_| {}).expect("a good log"), whole);
}

fn find_number(file: &str) -> u64 {
    headcount::log::parse_name(file).expect("one of ours").1
}
