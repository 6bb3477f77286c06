//! What a repair keeps and says.

use crate::faulty_storage::FaultyStorage;
use crate::life::{IDENTITY, Log, files, kind, read_all};
use headcount::log::{
    Contents, HEADER_BYTES, Problem, Recovered, RepairError, RepairedDirectory, Settings, Storage,
    Writer, check, check_file, repair, repair_file,
};

fn repaired(storage: &FaultyStorage) -> (FaultyStorage, RepairedDirectory) {
    let into = FaultyStorage::new(99);
    let report = repair(storage, &into, 77).expect("it can be repaired");
    (into, report)
}

#[test]
fn a_good_log_is_kept_whole() {
    let log = Log::closed(1, 30, true);
    let (into, report) = repaired(&log.storage);
    assert_eq!(files(&into), files(&log.storage));
    let (_, records) = read_all(&log.storage).expect("a good log");
    assert_eq!(read_all(&into).expect("a good log").1, records);
    assert_eq!(report.start.last, log.appended());
    for file in &report.files {
        assert_eq!((&file.dropped[..], file.unreadable, file.left_out), (&[][..], None, 0));
    }
    for file in check(&into).expect("a good disk").files {
        assert_eq!(file.bad, []);
    }
    let taken = repair(&log.storage, &into, 78).expect_err("there is a log already");
    assert!(matches!(taken, RepairError::Taken { .. }));
}

/// Wherever one bit flips: what is kept was there, under its number, a start accepts it, and all that
/// is missing is counted.
#[test]
fn what_verifies_is_kept() {
    let log = Log::closed(2, 60, true);
    let (_, all) = read_all(&log.storage).expect("a good log");
    let needed = files(&log.storage);
    for file in &needed {
        let bits = log.storage.contents(file).len() * 8;
        for bit in (0..bits).step_by(307) {
            log.storage.flip(file, bit);
            let (into, report) = repaired(&log.storage);
            log.storage.flip(file, bit);
            let (recovered, records) = read_all(&into).expect("a good log");
            // Only what was there; a snapshot of which nothing can be read uncovers older records.
            assert!(records.iter().all(|record| log.records().contains(record)));
            let missing = all.iter().filter(|record| !records.contains(record)).count() as u64;
            let is_header = bit < HEADER_BYTES * 8;
            // How many there were after the last header that can be read, nobody knows.
            let is_known = !is_header || Some(file) != needed.last();
            assert!(!is_known || recovered.left_out >= missing, "{missing} missing: {report:?}");
            assert!(is_header || missing <= 6, "bit {bit} of {file}: {missing} missing");
            let said = |file: &&headcount::log::RepairedFile| {
                !file.dropped.is_empty() || file.unreadable.is_some()
            };
            assert!(report.files.iter().any(|file| said(&file) && !file.file.is_empty()));
        }
    }
}

/// Within a group there are marks as well.
#[test]
fn of_a_large_group_little_is_lost() {
    let storage = FaultyStorage::new(8);
    let settings = Settings { segment_bytes: 1 << 30, held_bytes_max: 1 << 30 };
    let nothing = Recovered::default();
    let writer = Writer::open(storage.clone(), settings, IDENTITY, 1, &nothing);
    let mut writer = writer.expect("an empty directory");
    writer.commit().expect("a good disk");
    for _ in 0..10_000 {
        writer.append(kind(1), &[0; 100]).expect("room");
    }
    writer.close().expect("a good disk");
    let file = files(&storage).pop().expect("a segment");
    let bytes = storage.contents(&file).len();
    storage.flip(&file, bytes / 2 * 8);
    let (into, report) = repaired(&storage);
    let lost = 10_000 - read_all(&into).expect("a good log").1.len() as u64;
    assert_eq!(report.start.left_out, lost);
    assert!((1..=(64 << 10) / 109 + 1).contains(&lost), "{lost}");
}

#[test]
fn a_missing_segment_becomes_a_gap() {
    let log = Log::closed(3, 60, false);
    let segments = files(&log.storage);
    assert!(segments.len() > 4);
    log.storage.remove(&segments[0]).expect("there");
    log.storage.remove(&segments[2]).expect("there");
    let (into, _) = repaired(&log.storage);
    let (recovered, records) = read_all(&into).expect("a good log");
    assert_eq!(records.len() as u64 + recovered.left_out, log.appended());
    assert!(recovered.left_out > 0 && recovered.last == log.appended());
    // Once more changes nothing.
    let (again, report) = repaired(&into);
    assert_eq!(read_all(&again).expect("a good log").1, records);
    assert_eq!(report.start.left_out, recovered.left_out);
}

#[test]
fn a_damaged_file_can_be_replaced_by_its_repaired_copy() {
    let log = Log::closed(4, 60, false);
    let segments = files(&log.storage);
    log.storage.flip(&segments[1], 1_000 * 8);
    let report = check_file(&log.storage, &segments[1]).expect("a good disk");
    let [bad] = &report.bad[..] else { panic!("{report:?}") };
    assert!((bad.offset..bad.offset + bad.bytes).contains(&1_000) && bad.was_durable);
    assert!(check(&log.storage).expect("a good disk").start.is_err());

    let into = FaultyStorage::new(5);
    let repaired = repair_file(&log.storage, &segments[1], &into, 6).expect("it can be repaired");
    assert_eq!(repaired.dropped, report.bad);
    log.storage.put(&segments[1], into.contents(&segments[1]));
    let (recovered, records) = read_all(&log.storage).expect("a good log");
    assert_eq!(records.len() as u64 + repaired.left_out, log.appended());
    assert_eq!((recovered.left_out, recovered.last), (repaired.left_out, log.appended()));
    let report = check_file(&log.storage, &segments[1]).expect("a good disk");
    let Contents::Segment { left_out, .. } = report.contents else { panic!("{report:?}") };
    assert_eq!((left_out, &report.bad[..]), (repaired.left_out, &[][..]));
}

#[test]
fn a_newer_version_is_not_repaired() {
    let log = Log::closed(6, 3, false);
    let file = files(&log.storage).pop().expect("a segment");
    let mut bytes = log.storage.contents(&file);
    bytes[8] = 9;
    log.storage.put(&file, bytes);
    let report = check(&log.storage).expect("a good disk");
    let newer = Problem::NewerVersion { version: 9 };
    assert_eq!(report.files[0].contents, Contents::Unreadable(newer));
    let error = repair(&log.storage, &FaultyStorage::new(1), 1).expect_err("refused");
    assert!(error.to_string().contains("format version 9"), "{error}");
}

#[test]
fn a_check_counts() {
    let log = Log::closed(7, 50, true);
    let report = check(&log.storage).expect("a good disk");
    assert_eq!(report.start.expect("a good log").last, log.appended());
    let (mut records, mut entries) = (0, 0);
    for file in &report.files {
        assert_eq!(file.bytes, log.storage.contents(&file.file).len() as u64);
        match file.contents {
            Contents::Segment { records: of_file, .. } => records += of_file,
            Contents::Snapshot { totals, .. } => entries += totals.entries,
            other => panic!("{other:?}"),
        }
    }
    let (_, needed) = read_all(&log.storage).expect("a good log");
    assert!(entries > 0 && records >= needed.len() as u64);
    assert!(entries + needed.len() as u64 == log.appended());
}
