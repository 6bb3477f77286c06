//! Snapshots: whole or not at all, and what they cover goes.

use crate::faulty_storage::{Faults, FaultyStorage};
use crate::life::{IDENTITY, Log};
use headcount::log::{
    Block, Compression, FileKind, Header, SnapshotReader, SnapshotWriter, Storage, Totals,
    file_name, find, remove_unfinished,
};

const HEADER: Header = Header { identity: IDENTITY, number: 9, salt: 4 };

fn block(number: u8) -> Block {
    let bytes = [vec![number; 1_000], (0..number).collect()].concat();
    Block::seal(number, 3, bytes, Compression::Lz4).expect("a short one")
}

#[test]
fn blocks_come_back_and_can_be_opened_by_several_threads() {
    let storage = FaultyStorage::new(1);
    let mut writer = SnapshotWriter::create(storage.clone(), HEADER).expect("a good disk");
    (0..50).for_each(|number| writer.add(&block(number)).expect("a good disk"));
    let totals = Totals { blocks: 50, entries: 150 };
    assert_eq!(writer.finish().expect("a good disk"), totals);

    let file = file_name(FileKind::Snapshot, 9);
    let mut reader = SnapshotReader::open(&storage, &file).expect("a snapshot");
    assert_eq!(reader.header(), HEADER);
    let mut blocks = Vec::new();
    while let Some(block) = reader.next_block().expect("a good block") {
        blocks.push(block);
    }
    assert_eq!(reader.totals(), totals);
    std::thread::scope(|scope| {
        for (number, stored) in (0..).zip(&blocks) {
            scope.spawn(move || {
                assert_eq!(
                    stored.open().expect("good bytes"),
                    block(number).open().expect("bytes")
                );
                assert_eq!((stored.kind, stored.entries), (number, 3));
            });
        }
    });
}

#[test]
fn a_snapshot_that_is_not_whole_is_never_used() {
    let storage = FaultyStorage::new(2);
    let mut writer = SnapshotWriter::create(storage.clone(), HEADER).expect("a good disk");
    writer.add(&block(1)).expect("a good disk");
    assert_eq!(find(&storage).expect("no files").snapshot, None);
    // The process ends here.
    std::mem::forget(writer);
    assert_eq!(storage.list().expect("names").len(), 1);
    assert_eq!(find(&storage).expect("no files").snapshot, None);
    remove_unfinished(&storage).expect("a good disk");
    assert!(storage.list().expect("names").is_empty());

    // One that fails takes its file along, which may be what fills the disk.
    let faults = Faults { capacity_bytes: Some(500), ..Faults::default() };
    storage.set_faults(faults);
    let mut writer = SnapshotWriter::create(storage.clone(), HEADER).expect("a good disk");
    while writer.add(&block(0)).is_ok() {}
    drop(writer);
    assert!(storage.list().expect("names").is_empty());
}

#[test]
fn a_cut_snapshot_is_refused_at_any_length() {
    let storage = FaultyStorage::new(3);
    let mut writer = SnapshotWriter::create(storage.clone(), HEADER).expect("a good disk");
    (0..3).for_each(|number| writer.add(&block(number)).expect("a good disk"));
    writer.finish().expect("a good disk");
    let file = file_name(FileKind::Snapshot, 9);
    let bytes = storage.contents(&file);
    let read = |bytes: &[u8]| {
        storage.put(&file, bytes.to_vec());
        SnapshotReader::open(&storage, &file).and_then(SnapshotReader::read_through)
    };
    for len in 0..bytes.len() {
        assert!(read(&bytes[..len]).is_err(), "{len} bytes of {}", bytes.len());
    }
    assert!(read(&[&bytes[..], &[0]].concat()).is_err());
    assert!(read(&bytes).is_ok());
}

#[test]
fn what_a_snapshot_covers_is_removed() {
    let log = Log::closed(5, 40, true);
    let found = find(&log.storage).expect("good headers");
    let snapshot = found.snapshot.expect("a snapshot");
    assert!(snapshot.header.number > 20 && found.from == snapshot.header.number);
    let mut names = log.storage.list().expect("names");
    names.retain(|name| *name != snapshot.file);
    let needed: Vec<_> = found.segments.iter().map(|segment| segment.file.clone()).collect();
    assert_eq!(names, needed);
    assert!(needed[0] <= file_name(FileKind::Segment, found.from));
}
