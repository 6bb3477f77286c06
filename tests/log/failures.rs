//! Failing disks: what is refused, and how it goes on.

use crate::faulty_storage::Faults;
use crate::life::{Log, kind, read_all};
use headcount::log::{Recovered, Refused, Settings, Storage, Writer};

#[test]
fn a_full_disk_loses_nothing_and_recovers_by_itself() {
    let mut log = Log::new(1);
    let mut writer = log.recover();
    log.append(&mut writer);
    writer.commit().expect("room");
    let used_bytes = log.storage.contents("log-00000000000000000001.hcl").len();
    // A short write: not even the mark of the next group fits.
    let capacity_bytes = Some(used_bytes + 10);
    log.storage.set_faults(Faults { capacity_bytes, ..Faults::default() });
    writer.append(kind(1), b"too much").expect("memory has room");
    for _ in 0..3 {
        let fault = writer.commit().expect_err("no room");
        assert!(fault.is_disk_full() && writer.is_failing(), "{fault}");
        assert_eq!((writer.durable(), writer.appended()), (1, 2));
        let files = log.storage.list().expect("names");
        assert_eq!(files.len(), 1, "nothing is left that takes room: {files:?}");
    }
    log.storage.set_faults(Faults::default());
    assert_eq!(writer.commit().expect("room again"), 2);
    assert!(!writer.is_failing());
    drop(writer);
    log.storage.crash();
    let (recovered, records) = read_all(&log.storage).expect("a good log");
    assert_eq!((recovered.last, &records[1].2[..]), (2, &b"too much"[..]));
}

/// The system says yes at the second try; that means nothing.
#[test]
fn a_failed_sync_is_not_made_good_by_a_later_one() {
    for seed in 0..200 {
        let mut log = Log::new(seed);
        let mut writer = log.recover();
        log.push(&mut writer, kind(1), vec![1; 100]);
        writer.commit().expect("a good disk");
        for _ in 0..10 {
            log.push(&mut writer, kind(1), vec![2; 200]);
        }
        writer.write().expect("a good disk");
        log.storage.set_faults(Faults { sync_permille: 1_000, ..Faults::default() });
        let fault = writer.sync().expect_err("it fails");
        assert_eq!(fault.to_string(), "log-00000000000000000001.hcl cannot be synced: planted");
        assert_eq!((writer.durable(), writer.written(), writer.appended()), (1, 1, 11));
        log.storage.set_faults(Faults::default());
        assert_eq!(writer.sync().expect("a good disk"), 11);
        log.note(&writer);
        drop(writer);
        log.storage.crash();
        let writer = log.recover();
        assert_eq!(writer.appended(), 11);
    }
}

#[test]
fn what_waits_is_bounded() {
    let log = Log::new(2);
    let settings = Settings { segment_bytes: 1 << 20, held_bytes_max: 1_000 };
    let open = || {
        Writer::open(log.storage.clone(), settings, crate::life::IDENTITY, 1, &Recovered::default())
    };
    let mut writer = open().expect("an empty directory");
    // Alone, even what is larger than the limit.
    writer.append(kind(1), &[0; 2_000]).expect("room");
    let held_bytes = writer.held_bytes();
    assert_eq!(writer.append(kind(1), b""), Err(Refused::Full { held_bytes }));
    assert_eq!(writer.commit().expect("a good disk"), 1);
    assert_eq!(writer.held_bytes(), 0);
    let mut taken = 0;
    while writer.append(kind(1), &[0; 10]).is_ok() {
        taken += 1;
        assert!(writer.held_bytes() <= 1_000);
    }
    assert!(taken > 40);
    // What was written waits as well, until it is durable.
    assert_eq!(writer.write().expect("a good disk"), 1 + taken);
    assert!(writer.append(kind(1), &[0; 10]).is_err());
    assert_eq!(writer.commit().expect("a good disk"), 1 + taken);
    writer.append(kind(1), &[0; 10]).expect("room again");
}

#[test]
fn too_long_a_record_is_refused() {
    let mut writer = Log::new(3).recover();
    let payload = vec![0; headcount::log::PAYLOAD_BYTES_MAX + 1];
    let refused = Err(Refused::TooLong { bytes: payload.len() });
    assert_eq!(writer.append(kind(1), &payload), refused);
    assert_eq!(writer.appended(), 0);
}

#[test]
fn nothing_is_durable_before_the_first_commit() {
    let mut log = Log::closed(4, 5, false);
    let last = log.appended();
    let mut writer = log.recover();
    assert_eq!((writer.durable(), writer.appended()), (0, last));
    assert!(writer.snapshot_header().is_none());
    assert_eq!(writer.commit().expect("a good disk"), last);
    assert_eq!(writer.snapshot_header().expect("it has begun").number, last + 1);
}
